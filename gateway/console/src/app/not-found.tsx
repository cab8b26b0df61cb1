// An address that leads to no screen.
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Page } from '../components/page.tsx';

export function NotFound() {
  const { t } = useTranslation('shell');
  return (
    <Page title={t('errors.notFound')} lead={t('errors.notFoundDetail')}>
      <p>
        <Link href="/">{t('errors.toOverview')}</Link>
      </p>
    </Page>
  );
}
