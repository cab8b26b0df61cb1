// What is shown of an answer while there is none: loading, an error with its request and remedy, a gateway that
// does not answer, what a role may not see, what the ledger does not have, and an empty list.
import { NoAnswerError, ProblemError } from '@consilium/client/browser';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../app/session.tsx';
import { Button } from './button.tsx';
import { Notice } from './notice.tsx';
import styles from './query-state.module.css';

/** What is read of a query of TanStack Query. */
export interface Answered<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly isFetching: boolean;
  readonly refetch: () => unknown;
}

export interface QueryStateProps<T> {
  readonly query: Answered<T>;
  /** Whether there is nothing in an answer; for lists, no item. */
  readonly isEmpty?: (data: T) => boolean;
  /** What is shown then. */
  readonly empty?: ReactNode;
  /** Lines of the skeleton. */
  readonly lines?: number;
  readonly children: (data: T) => ReactNode;
}

const hasNoItems = (data: unknown): boolean => Array.isArray(data) && data.length === 0;

/** Shows an answer, or why there is none. What was shown before goes on being shown where it cannot be renewed. */
export function QueryState<T>({
  query,
  isEmpty = hasNoItems,
  empty,
  lines = 3,
  children,
}: QueryStateProps<T>) {
  const { data, error, isFetching, refetch } = query;
  if (data === undefined) {
    if (error === null) return <Loading lines={lines} />;
    return <Failure error={error} retry={() => void refetch()} isRetrying={isFetching} />;
  }
  return (
    <>
      {error !== null && <Failure error={error} retry={() => void refetch()} isRetrying={isFetching} />}
      {isEmpty(data) ? (empty ?? <Empty />) : children(data)}
    </>
  );
}

/** Grey lines where text will be. They appear only where it takes long enough to be noticed. */
export function Loading({ lines = 3 }: { readonly lines?: number }) {
  const { t } = useTranslation();
  return (
    <div className={styles.loading} aria-busy="true">
      <span className="unseen">{t('state.loading')}</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are all the same
        <span key={line} className={styles.line} aria-hidden="true" />
      ))}
    </div>
  );
}

export interface EmptyProps {
  readonly title?: string;
  /** Why there is nothing, and what would bring something. */
  readonly children?: ReactNode;
}

export function Empty({ title, children }: EmptyProps) {
  const { t } = useTranslation();
  return (
    <div className={styles.empty}>
      <p className={styles.emptyTitle}>{title ?? t('state.emptyTitle')}</p>
      {children !== undefined && <div className={styles.emptyText}>{children}</div>}
    </div>
  );
}

export interface FailureProps {
  readonly error: Error;
  readonly retry?: () => void;
  readonly isRetrying?: boolean;
  /** After something was sent that changes the ledger. */
  readonly isOfAction?: boolean;
}

/** Why something did not work, and what to do. */
export function Failure({ error, retry, isRetrying = false, isOfAction = false }: FailureProps) {
  const { t } = useTranslation();
  const again = retry && (
    <Button isSmall isWorking={isRetrying} onPress={retry}>
      {t('state.retry')}
    </Button>
  );
  if (error instanceof NoAnswerError) {
    // The shell says why, once for all.
    if (!isOfAction) {
      return (
        <div className={styles.notLoaded}>
          <span>{t('state.notLoaded')}</span>
          {again}
        </div>
      );
    }
    return (
      <Notice tone="warning" title={t('state.offlineTitle')} isAlert>
        <p>{error.maybeSent ? t('state.unknownOutcome') : t('state.offlineDetail')}</p>
        {again}
      </Notice>
    );
  }
  if (!(error instanceof ProblemError)) {
    return (
      <Notice tone="bad" title={t('state.errorTitle')} isAlert={isOfAction}>
        <p>{error.message}</p>
        {again}
      </Notice>
    );
  }
  if (error.status === 403 && !isOfAction) return <MayNot />;
  const { title, detail, code, requestId, problems = [] } = error.problem;
  const isMissing = error.status === 404 && !isOfAction;
  return (
    <Notice
      tone={isMissing ? 'neutral' : 'bad'}
      title={isMissing ? t('state.notFoundTitle') : title}
      isAlert={isOfAction}
    >
      <p>{detail}</p>
      {problems.length > 0 && (
        <ul className={styles.problems}>
          {problems.map((problem) => {
            const said = Object.values(problem)
              .filter((value) => value !== undefined)
              .join(': ');
            return <li key={said}>{said}</li>;
          })}
        </ul>
      )}
      <p className="small soft">
        {t('state.code', { code })}
        {requestId !== '' && (
          <>
            {' · '}
            <span title={t('state.requestIdHelp')}>{t('state.requestId', { id: requestId })}</span>
          </>
        )}
      </p>
      {error.status === 404 ? null : again}
    </Notice>
  );
}

/** What this role may not see, where an address leads to it all the same. */
export function MayNot() {
  const { t } = useTranslation();
  const { role } = useSession();
  return (
    <Notice title={t('state.mayNotTitle')}>
      <p>{t('state.mayNotDetail', { role: t(`roles.${role}`) })}</p>
    </Notice>
  );
}
