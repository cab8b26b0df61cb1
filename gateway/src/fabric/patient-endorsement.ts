// Asks for endorsements until peers that are only behind have caught up. Peers that may be a block behind are asked
// again for a little while, without looking. Then it is looked how many blocks they have: who is seen to be behind is
// waited for as long as endorsements may take, and what peers say after they had the blocks is a true refusal.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import {
  endorsersBehind,
  isTimeUp,
  namedFailure,
  type PeerBehind,
  possibleLag,
  type StepFailure,
} from './ledger-failures.ts';
import type { PeerHeights } from './peer-heights.ts';

/** Between two questions: 50, 100, 200, 400 and 800 ms without looking, and then at most this. */
const WAIT_MS = { first: 50, unseen: 800, most: 1_600 } as const;

export interface EndorsementRequest<T> {
  /** Asks once, for a proposal with the time of now. @throws what is no answer of peers */
  readonly ask: () => Promise<{ readonly endorsed: T } | { readonly failure: StepFailure }>;
  readonly heights: PeerHeights;
  /** When the time for all of it is up. */
  readonly deadline: number;
  readonly log: Pick<FastifyBaseLogger, 'info'>;
  readonly pause?: (ms: number) => Promise<unknown>;
  readonly now?: () => number;
}

interface Seen {
  readonly failure: StepFailure;
  readonly behind: readonly PeerBehind[];
}

/**
 * What peers endorsed.
 *
 * @throws DomainError where the rules refuse; LedgerError otherwise, ENDORSERS_BEHIND where peers stay behind
 */
export async function endorsePatiently<T>(request: EndorsementRequest<T>): Promise<T> {
  const { ask, heights, deadline, log, pause = sleep, now = Date.now } = request;
  let seen: Seen | undefined;
  for (let waitMs: number = WAIT_MS.first; ; waitMs = Math.min(waitMs * 2, WAIT_MS.most)) {
    const answer = await ask();
    if ('endorsed' in answer) return answer.endorsed;
    const { failure } = answer;
    const lag = possibleLag(failure);
    const isLast = now() + waitMs >= deadline;
    if (lag === undefined || seen?.behind.length === 0 || isLast) throw finalFailure(failure, seen);
    const { transactionId } = failure;
    const { details } = failure.answer;
    log.info({ transactionId, details, behind: seen?.behind, waitMs }, 'peers may be behind, asking again');
    await pause(waitMs);
    if (waitMs >= WAIT_MS.unseen) seen = { failure, behind: await heights.behind(lag) };
  }
}

/** What peers refuse that are behind, or do not answer in what is left of the time, says nothing but that. */
function finalFailure(failure: StepFailure, seen: Seen | undefined): Error {
  if (seen === undefined || seen.behind.length === 0) return namedFailure(failure);
  if (isTimeUp(failure)) return endorsersBehind(seen.failure, seen.behind);
  return possibleLag(failure) === undefined ? namedFailure(failure) : endorsersBehind(failure, seen.behind);
}
