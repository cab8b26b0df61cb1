// Webhooks, and events that could not be delivered.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Webhooks() {
  const { t } = useTranslation('administration');
  return <Page title={t('title')} />;
}
