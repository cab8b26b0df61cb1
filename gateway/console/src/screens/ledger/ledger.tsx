// The ledger's blocks and transactions, with what this gateway verified of them.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Ledger() {
  const { t } = useTranslation('ledger');
  return <Page title={t('title')} />;
}
