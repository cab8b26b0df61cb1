// The verifier, on a file of evidence, in this browser.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Verify() {
  const { t } = useTranslation('ledger');
  return <Page title={t('title')} />;
}
