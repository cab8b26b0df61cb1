// Where a person says who they are: by an API key, which goes to the gateway once, or by their hospital's account.
import { ProblemError } from '@consilium/client/browser';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type NoSession, signIn, signInAddress } from '../api/session.ts';
import { Button } from '../components/button.tsx';
import { TextField } from '../components/fields.tsx';
import { Notice } from '../components/notice.tsx';
import { Failure } from '../components/query-state.tsx';
import { Mark } from './shell.tsx';
import styles from './sign-in.module.css';

export interface SignInProps {
  readonly session: NoSession;
  /** Whether there was a session, which has ended. */
  readonly hasEnded: boolean;
}

export function SignIn({ session: { hospital, ways }, hasEnded }: SignInProps) {
  const { t } = useTranslation('shell');
  const problem = problemIn(location.search);
  useEffect(() => {
    document.title = `${t('signIn.title')} · ${t('name')}`;
  }, [t]);
  return (
    <main className={styles.page} id="content">
      <div className={styles.card}>
        <div className={styles.head}>
          <Mark />
          <h1>{t('signIn.title')}</h1>
          <p className="soft">
            <bdi>{t('signIn.lead', { hospital: hospital.title })}</bdi>
          </p>
        </div>
        {hasEnded && <Notice title={t('signIn.ended')} />}
        {problem !== undefined && (
          <Notice tone="warning" title={t(`signIn.problems.${problem}`)}>
            {t(`signIn.remedies.${problem}`)}
          </Notice>
        )}
        {ways.oidc && (
          <div className={styles.byAccount}>
            <a className={styles.account} href={signInAddress(location.pathname)}>
              {t('signIn.oidcButton')}
            </a>
            <p className="soft">{t('signIn.oidcHelp')}</p>
          </div>
        )}
        {ways.oidc && ways.apiKey && (
          <p className={styles.or}>
            <span>{t('signIn.or')}</span>
          </p>
        )}
        {ways.apiKey && <KeyForm isOnly={!ways.oidc} />}
      </div>
    </main>
  );
}

/** What may go wrong at the hospital's provider, as the gateway says it in the address. */
const PROBLEMS = ['declined', 'interrupted', 'refused', 'noRole', 'unavailable'] as const;

function problemIn(search: string): (typeof PROBLEMS)[number] | undefined {
  const said = new URLSearchParams(search).get('problem');
  return PROBLEMS.find((one) => one === said);
}

function KeyForm({ isOnly }: { readonly isOnly: boolean }) {
  const { t } = useTranslation('shell');
  const queries = useQueryClient();
  const [key, setKey] = useState('');
  const [error, setError] = useState<Error | null>(null);
  const [isEmpty, setEmpty] = useState(false);
  const [isWorking, setWorking] = useState(false);
  const isWrong = error instanceof ProblemError && error.status === 401;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setError(null);
    setEmpty(key.trim() === '');
    if (key.trim() === '') return;
    setWorking(true);
    try {
      await signIn(key.trim());
      setKey('');
      // The session's own query is looked at by this very page, which would not see a new one.
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
      await queries.invalidateQueries({ queryKey: ['session'] });
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      setWorking(false);
    }
  };
  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
      <TextField
        label={t('signIn.key')}
        help={t('signIn.keyHelp')}
        type="password"
        autoComplete="off"
        isMono
        autoFocus={isOnly}
        value={key}
        onChange={setKey}
        error={isEmpty ? t('signIn.empty') : isWrong ? t('signIn.wrong') : undefined}
      />
      {error !== null && !isWrong && <Failure error={error} isOfAction />}
      <Button type="submit" tone={isOnly ? 'primary' : 'plain'} isWorking={isWorking}>
        {t('signIn.keyButton')}
      </Button>
    </form>
  );
}
