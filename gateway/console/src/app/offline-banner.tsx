// Said once for all that could not be loaded because the gateway does not answer, and asked again until it does.
import { NoAnswerError } from '@consilium/client/browser';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Notice } from '../components/notice.tsx';
import styles from './shell.module.css';

const ASKED_AGAIN_MS = 10_000;

export function OfflineBanner() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const cache = queries.getQueryCache();
  const isOffline = useSyncExternalStore(
    useCallback((listener) => cache.subscribe(listener), [cache]),
    () => cache.getAll().some(({ state }) => state.error instanceof NoAnswerError),
  );
  useEffect(() => {
    if (!isOffline) return;
    const timer = setInterval(() => {
      void queries.refetchQueries({ predicate: ({ state }) => state.error instanceof NoAnswerError });
    }, ASKED_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isOffline, queries]);
  return (
    <div role="status" className={styles.offline}>
      {isOffline && (
        <Notice tone="warning" title={t('state.offlineTitle')}>
          <p>{t('state.offlineDetail')}</p>
        </Notice>
      )}
    </div>
  );
}
