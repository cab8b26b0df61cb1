// The questions that the gateway answers in sentences.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Questions() {
  const { t } = useTranslation('compliance');
  return <Page title={t('title')} />;
}
