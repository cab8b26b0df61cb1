// What a steward reads before a dataset takes part in a study, and how they answer.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Consent() {
  const { t } = useTranslation('consent');
  return <Page title={t('title')} />;
}
