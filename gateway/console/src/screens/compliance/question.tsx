// One question: its form and its answer.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Question() {
  const { t } = useTranslation('compliance');
  return <Page title={t('title')} />;
}
