// What was written stays in this page while it is open, also where a session ends and its holder signs in again: in
// memory alone, and for nobody else.
import { useEffect, useState } from 'react';
import { useSession } from '../../app/session.tsx';
import { type Draft, EMPTY_DRAFT } from './draft.ts';

interface OwnedDraft {
  /** Whose it is: another tab may sign in somebody else while this page is open. */
  readonly by: string;
  readonly draft: Draft;
}

let kept: OwnedDraft | undefined;

/** The draft of whoever is signed in, how to change it, and how to empty it. */
export function useKeptDraft() {
  const { keyId, subject = '' } = useSession();
  const by = `${keyId} ${subject}`;
  const [owned, setOwned] = useState<OwnedDraft | undefined>(kept);
  const draftIn = (one: OwnedDraft | undefined) => (one?.by === by ? one.draft : EMPTY_DRAFT);
  const draft = draftIn(owned);
  const setDraft = (next: (now: Draft) => Draft) => setOwned((now) => ({ by, draft: next(draftIn(now)) }));
  useEffect(() => {
    kept = draft === EMPTY_DRAFT ? undefined : { by, draft };
  }, [by, draft]);
  const isTouched = draft !== EMPTY_DRAFT;
  useEffect(() => {
    if (!isTouched) return;
    // A browser asks before it closes the page.
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isTouched]);
  return { draft, isTouched, setDraft, clear: () => setDraft(() => EMPTY_DRAFT) };
}
