// What a hospital sees first: its budgets, what waits for it, what is under way and what is wrong.
import { useTranslation } from 'react-i18next';
import { Page } from '../../components/page.tsx';

export default function Overview() {
  const { t } = useTranslation('overview');
  return <Page title={t('title')} />;
}
