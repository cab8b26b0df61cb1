// Members of the consortium, votes on them and departures.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Members() {
  const { t } = useTranslation('administration');
  return <Page title={t('title')} />;
}
