// The aggregate of a round: who attests it, who supports it, and the round that ends with it.
import type { AttestAggregate, Attestation } from '../attestation.ts';
import { DomainError } from '../errors.ts';
import type { ParametersRef, Round, RoundRow } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import {
  judgesOf,
  type RoundContext,
  requireJudge,
  requireTurn,
  requireValidator,
} from './participation-rules.ts';
import { requireRunning } from './study-rules.ts';
import type { Tally } from './tally.ts';
import { nextRoundState } from './transition.ts';

/** @throws DomainError NOT_A_PARTICIPANT, STUDY_STATE, ATTESTATION_EXISTS, ROUND_CLOSED */
export function attestAggregate(
  argument: AttestAggregate,
  context: RoundContext & {
    readonly round: Round;
    readonly existing: Attestation | undefined;
    readonly signerSha256: string;
  },
): Attestation {
  const { mspId, at, study, round, existing, signerSha256 } = context;
  requireRunning(study);
  requireJudge(round, mspId);
  if (existing !== undefined) {
    throw new DomainError('ATTESTATION_EXISTS', `${mspId} attested ${existing.parametersSha256}`);
  }
  if (round.state !== 'aggregating') {
    throw new DomainError('ROUND_CLOSED', `round ${round.round} is ${round.state}, not aggregating`);
  }
  return { schema: ROW_SCHEMA.attestation, ...argument, mspId, attestedAt: at, signerSha256 };
}

/** Members that accepted the candidate and recomputed exactly this aggregate, and contradicted themselves nowhere. */
export const supportersOf = (
  round: Round,
  parametersSha256: string,
  { verdicts, attestations, equivocators }: Tally,
): string[] =>
  judgesOf(round).filter(
    (mspId) =>
      !equivocators.includes(mspId) &&
      verdicts.some((verdict) => verdict.mspId === mspId && verdict.accepted) &&
      attestations.some(
        (attestation) => attestation.mspId === mspId && attestation.parametersSha256 === parametersSha256,
      ),
  );

/**
 * A finalised round. The same answer on every peer: `requireOwnSupport` then makes each peer speak for its own.
 *
 * @throws DomainError NOT_A_PARTICIPANT, STUDY_STATE, ROUND_CLOSED, QUORUM_NOT_REACHED
 */
export function finalizeRound(
  round: RoundRow,
  context: RoundContext & {
    readonly aggregate: ParametersRef;
    readonly tally: Tally;
    readonly seal: string;
  },
): { round: RoundRow; supporters: string[] } {
  const { mspId, at, study, aggregate, tally, seal } = context;
  requireRunning(study);
  requireValidator(round, mspId);
  const state = nextRoundState(round, 'finalize');
  requireTurn(study, round, context);
  const supporters = supportersOf(round, aggregate.parametersSha256, tally);
  if (supporters.length < round.quorum.validators) {
    throw new DomainError(
      'QUORUM_NOT_REACHED',
      `${supporters.length} members accepted the candidate and attested ${aggregate.parametersSha256}; ` +
        `${round.quorum.validators} are needed`,
    );
  }
  const disqualified = round.validators.filter((member) => tally.equivocators.includes(member));
  return {
    round: {
      ...round,
      state,
      aggregate,
      finalizedAt: at,
      seal,
      ...(disqualified.length > 0 && { disqualified }),
    },
    supporters,
  };
}

/**
 * Endorsement-based validation: the peer of a validator signs a finalised round only where its own organisation
 * supports it. Peers of organisations that judge nothing in this round sign what the supporters' words add up to, or
 * a few hospitals among many could never finish a study: every transaction needs a majority of the channel too.
 *
 * @throws DomainError ENDORSEMENT_REFUSED
 */
export function requireOwnSupport(
  { validators }: Round,
  supporters: readonly string[],
  ownMspId: string,
): void {
  if (!validators.includes(ownMspId) || supporters.includes(ownMspId)) return;
  throw new DomainError(
    'ENDORSEMENT_REFUSED',
    `${ownMspId} has not accepted the candidate and recomputed this aggregate`,
  );
}
