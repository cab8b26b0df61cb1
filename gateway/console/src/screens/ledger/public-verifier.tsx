// The verifier for those who are not signed in: it needs no session, and asks nothing of the gateway.
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Mark } from '../../app/shell.tsx';
import styles from './ledger.module.css';
import { VerifierPage } from './verifier-page.tsx';

export default function PublicVerifier() {
  const { t } = useTranslation('ledger');
  const { t: word } = useTranslation('shell');
  return (
    <div className={styles.public}>
      <header className={styles.publicHead}>
        <span className={styles.row}>
          <Mark />
          <strong>{word('name')}</strong>
        </span>
        <Link href="/">{t('verify.signIn')}</Link>
      </header>
      <main id="content">
        <VerifierPage />
      </main>
    </div>
  );
}
