// The questions that the gateway answers in sentences.
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useSession } from '../../app/session.tsx';
import { Page } from '../../components/page.tsx';
import styles from './compliance.module.css';
import { QUESTIONS } from './question-forms.ts';

export default function Questions() {
  const { t } = useTranslation('compliance');
  const { operations } = useSession();
  const allowed = new Set<string>(operations);
  return (
    <Page title={t('title')} lead={t('lead')}>
      <ul className={styles.questions}>
        {QUESTIONS.filter(({ operation }) => allowed.has(operation)).map(({ name }) => (
          <li key={name} className={styles.question}>
            <h2>
              <Link href={`/questions/${name}`}>{t(`names.${name}`)}</Link>
            </h2>
            <p>{t(`leads.${name}`)}</p>
          </li>
        ))}
      </ul>
    </Page>
  );
}
