// What an operator looks after: the parts of the office, each with what it is for.
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Page } from '../../components/page.tsx';
import { MayNot } from '../../components/query-state.tsx';
import styles from './administration.module.css';
import { useParts } from './office-page.tsx';

export default function Administration() {
  const { t } = useTranslation('administration');
  const parts = useParts();
  return (
    <Page title={t('title')} lead={t('lead')}>
      {parts.length === 0 ? (
        <MayNot />
      ) : (
        <ul className={styles.parts}>
          {parts.map(({ name, to }) => (
            <li key={name} className={styles.part}>
              <h2>
                <Link href={to}>{t(`parts.${name}.title`)}</Link>
              </h2>
              <p className="soft">{t(`parts.${name}.lead`)}</p>
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
