// All models.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function ModelList() {
  const { t } = useTranslation('model');
  return <Page title={t('title')} />;
}
