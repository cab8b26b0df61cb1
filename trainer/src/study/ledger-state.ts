// What the ledger says about one study, read together: the input of every decision this trainer takes.
import type { Consent, Round, RoundDossier, Study } from '@consilium/domain';

export interface StudyState {
  readonly study: Study;
  readonly consents: readonly Consent[];
  /** The latest round; undefined before the first. */
  readonly latest: RoundDossier | undefined;
}

export const isOver = (round: Round): boolean => round.state === 'finalized' || round.state === 'aborted';
