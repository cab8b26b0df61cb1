// The console: the session decides between the page to sign in and the screens.
import { ProblemError } from '@consilium/client/browser';
import { QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, StrictMode, Suspense, useEffect, useRef, useState } from 'react';
import { I18nProvider } from 'react-aria-components/I18nProvider';
import { Router, useLocation } from 'wouter';
import { EventsProvider } from '../api/events.tsx';
import { createQueryClient } from '../api/queries.ts';
import { readSession } from '../api/session.ts';
import { Failure, Loading } from '../components/query-state.tsx';
import { ToastProvider } from '../components/toasts.tsx';
import { loadTexts } from '../texts/texts.ts';
import { Routes } from './routes.tsx';
import { SessionProvider } from './session.tsx';
import { Shell } from './shell.tsx';
import styles from './sign-in.module.css';
import { SignIn } from './sign-in.tsx';

export function App() {
  const [queries] = useState(createQueryClient);
  return (
    <StrictMode>
      <I18nProvider locale="en">
        <QueryClientProvider client={queries}>
          <Router base="/console">
            <ToastProvider>
              <Gate />
            </ToastProvider>
          </Router>
        </QueryClientProvider>
      </I18nProvider>
    </StrictMode>
  );
}

const PublicPage = lazy(async () => {
  const [loaded] = await Promise.all([import('../screens/ledger/public-verifier.tsx'), loadTexts('ledger')]);
  return loaded;
});

/** The verifier needs nobody's leave, and no gateway that answers. */
const PublicVerifier = () => (
  <Suspense fallback={<Loading />}>
    <PublicPage />
  </Suspense>
);

/** Asked again this often, so that a session that has ended is noticed on a page that asks nothing else. */
const SESSION_ASKED_MS = 60_000;

function Gate() {
  const queries = useQueryClient();
  const wasSignedIn = useRef(false);
  const [path] = useLocation();
  const session = useQuery({
    queryKey: ['session'],
    queryFn: readSession,
    refetchInterval: SESSION_ASKED_MS,
    staleTime: 0,
  });
  useEffect(
    // Whatever answers that nobody is signed in says that the session has ended, or its key was revoked.
    () =>
      queries.getQueryCache().subscribe(({ type, query }) => {
        const { error } = query.state;
        const isRefused = type === 'updated' && error instanceof ProblemError && error.status === 401;
        if (isRefused && query.queryKey[0] !== 'session') {
          void queries.invalidateQueries({ queryKey: ['session'] });
        }
      }),
    [queries],
  );
  const { data, error, isFetching } = session;
  const isPublic = path === '/verify';
  if (isPublic && data?.signedIn !== true) return <PublicVerifier />;
  if (data === undefined) {
    return (
      <main className={styles.page}>
        <div className={styles.card}>
          {error === null ? (
            <Loading />
          ) : (
            <Failure error={error} retry={() => void session.refetch()} isRetrying={isFetching} />
          )}
        </div>
      </main>
    );
  }
  if (!data.signedIn) return <SignIn session={data} hasEnded={wasSignedIn.current} />;
  wasSignedIn.current = true;
  return (
    <SessionProvider session={data}>
      <EventsProvider isOpen={data.operations.includes('streamEvents')}>
        <Shell>
          <Routes />
        </Shell>
      </EventsProvider>
    </SessionProvider>
  );
}
