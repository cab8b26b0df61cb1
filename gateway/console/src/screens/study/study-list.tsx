// All studies.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function StudyList() {
  const { t } = useTranslation('study');
  return <Page title={t('title')} />;
}
