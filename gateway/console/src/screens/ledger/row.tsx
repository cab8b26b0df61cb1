// The history of one row of the ledger.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Row() {
  const { t } = useTranslation('ledger');
  return <Page title={t('title')} />;
}
