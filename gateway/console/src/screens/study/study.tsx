// One study: its plan in words, consents, rounds and verdicts.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Study() {
  const { t } = useTranslation('study');
  return <Page title={t('title')} />;
}
