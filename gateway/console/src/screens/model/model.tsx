// One model: where it comes from, its card, predictions and files.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Model() {
  const { t } = useTranslation('model');
  return <Page title={t('title')} />;
}
