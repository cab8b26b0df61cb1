// The session for all below it: who is signed in, and what they may do.
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useMemo } from 'react';
import { type OpenSession, type OperationId, signOut } from '../api/session.ts';

const SessionContext = createContext<OpenSession | null>(null);

export function SessionProvider(props: { readonly session: OpenSession; readonly children: ReactNode }) {
  return <SessionContext value={props.session}>{props.children}</SessionContext>;
}

/** The open session. @throws where nobody is signed in: no screen is shown then */
export function useSession(): OpenSession {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('no session around this component');
  return session;
}

/** Whether this session may call all of these operations; what it may not do is not shown. */
export function useMay(...operations: readonly OperationId[]): boolean {
  const session = useSession();
  const allowed = useMemo(() => new Set<string>(session.operations), [session.operations]);
  return operations.every((operation) => allowed.has(operation));
}

/**
 * Ends the session, or all of the same key or person, and forgets what was read in it.
 *
 * @returns a function that rejects with ProblemError or NoAnswerError where the session may go on
 */
export function useSignOut(): (where: 'here' | 'everywhere') => Promise<void> {
  const queries = useQueryClient();
  return async (where) => {
    await signOut(where);
    queries.clear();
    location.assign('/console/');
  };
}
