// What a round waits for, and for whom: from what the ledger has of it, and the time.
import type { RoundDossier, RoundRow } from '@consilium/domain';

/** What one hospital, or one dataset of it, has done in the present stage. */
export type PartState = 'at-work' | 'done' | 'late' | 'withdrawn' | 'disqualified';

export interface Part {
  readonly mspId: string;
  /** Of the training stage: whose update it is. */
  readonly datasetId?: string;
  readonly state: PartState;
  /** When it was done. */
  readonly at?: string;
}

/** The stages of a round that somebody works on. */
export type Stage = 'training' | 'validating' | 'aggregating';

export interface RoundProgress {
  readonly stage: Stage;
  readonly since: string;
  readonly deadline: string;
  /** The deadline has passed, and somebody is waited for. */
  readonly isOverdue: boolean;
  readonly parts: readonly Part[];
  /** All have done their part: the leader takes the next step. */
  readonly waitsForLeader: boolean;
  readonly leader: string;
}

/** Whether nothing is recorded in a round any more. */
export const isEnded = ({ state }: Pick<RoundRow, 'state'>): boolean =>
  state === 'finalized' || state === 'aborted';

/**
 * Who is at work in a round, who is done, and who is late; undefined of a round that has ended.
 *
 * @param isPaused the study's clock is stopped: nobody is late
 */
export function progressOf(
  { round, updates, verdicts, attestations }: RoundDossier,
  { nowMs, isPaused }: { readonly nowMs: number; readonly isPaused: boolean },
): RoundProgress | undefined {
  if (round.state === 'finalized' || round.state === 'aborted') return undefined;
  const { state: stage, participants, validators, leader, openedAt, deadline } = round;
  const withdrawn = new Set(round.withdrawn ?? []);
  const disqualified = new Set(round.disqualified ?? []);
  const isLate = !isPaused && Date.parse(deadline) < nowMs;
  const partOf = (
    who: Pick<Part, 'mspId' | 'datasetId'>,
    { at, out }: { readonly at: string | undefined; readonly out: PartState | undefined },
  ): Part => {
    if (out !== undefined) return { ...who, state: out };
    if (at !== undefined) return { ...who, state: 'done', at };
    return { ...who, state: isLate ? 'late' : 'at-work' };
  };
  const outOf = (mspId: string): PartState | undefined => {
    if (disqualified.has(mspId)) return 'disqualified';
    const own = participants.filter((participant) => participant.mspId === mspId);
    return own.length > 0 && own.every(({ datasetId }) => withdrawn.has(datasetId)) ? 'withdrawn' : undefined;
  };
  const parts =
    stage === 'training'
      ? participants.map(({ datasetId, mspId }) =>
          partOf(
            { datasetId, mspId },
            {
              at: updates.find((update) => update.datasetId === datasetId)?.recordedAt,
              out: withdrawn.has(datasetId) ? 'withdrawn' : undefined,
            },
          ),
        )
      : validators.map((mspId) =>
          partOf(
            { mspId },
            {
              at:
                stage === 'validating'
                  ? verdicts.find((verdict) => verdict.mspId === mspId)?.recordedAt
                  : attestations.find((attestation) => attestation.mspId === mspId)?.attestedAt,
              out: outOf(mspId),
            },
          ),
        );
  const waitsForLeader = parts.every(({ state }) => state !== 'at-work' && state !== 'late');
  return {
    stage,
    since: round.stageSince ?? openedAt,
    deadline,
    isOverdue: isLate,
    parts,
    waitsForLeader,
    leader,
  };
}
