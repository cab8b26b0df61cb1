// What the ledger says about one study, read together: the input of every decision this trainer takes.
import type { Consent, Round, RoundDossier, Study } from '@consilium/chaincode/domain';

export interface StudyState {
  readonly study: Study;
  readonly consents: readonly Consent[];
  /** The latest round; undefined before the first. */
  readonly latest: RoundDossier | undefined;
}

export const isOver = (round: Round): boolean => round.state === 'finalized' || round.state === 'aborted';

/** The parameters the next round starts from; null before any round was finalised. */
export function nextBase(latest: RoundDossier | undefined): Round['base'] {
  if (latest === undefined) return null;
  return latest.round.state === 'finalized' ? (latest.round.aggregate ?? null) : latest.round.base;
}
