// What an operator looks after.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Administration() {
  const { t } = useTranslation('administration');
  return <Page title={t('title')} />;
}
