// One block of the ledger.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Block() {
  const { t } = useTranslation('ledger');
  return <Page title={t('title')} />;
}
