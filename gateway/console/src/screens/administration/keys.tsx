// API keys.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Keys() {
  const { t } = useTranslation('administration');
  return <Page title={t('title')} />;
}
