// A round's life: opening, closing, tallying, attesting, finalising, aborting.
import type { AttestAggregate, Attestation } from '../attestation.ts';
import { bandWeight, type Dataset } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import type { ParametersRef, Round, RoundRow } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Participant, Study } from '../study.ts';
import { termsExpired } from './dataset-rules.ts';
import { checkConsentQuorum, requireRunning } from './study-rules.ts';
import { type Tally, tallyOf } from './tally.ts';
import { nextRoundState } from './transition.ts';

const byId = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Consenting datasets whose terms have not expired, by id, with the public weight of their bands. */
export const participantsOf = (consenting: readonly Dataset[], at: string): Participant[] =>
  consenting
    .filter(({ terms }) => !termsExpired(terms, at))
    .map(({ datasetId, owner, recordCountBand }) => ({
      datasetId,
      mspId: owner,
      weight: bandWeight(recordCountBand),
    }))
    .sort((a, b) => byId(a.datasetId, b.datasetId));

/** The distinct owners of a round's participants, in order: their verdicts count. */
export const validatorsOf = (participants: readonly Participant[]): string[] =>
  [...new Set(participants.map(({ mspId }) => mspId))].sort(byId);

/** The member whose turn it is to lead a round; the others take over by convention when it is silent. */
export const leaderOf = (validators: readonly string[], round: number): string =>
  validators[(round - 1) % validators.length]!;

const deadlineAfter = (at: string, seconds: number): string =>
  new Date(Date.parse(at) + seconds * 1000).toISOString();
export const deadlinePassed = ({ deadline }: Round, at: string): boolean =>
  Date.parse(at) >= Date.parse(deadline);

/** @throws DomainError NOT_A_PARTICIPANT */
export function requireValidator({ validators, round }: Round, mspId: string): void {
  if (validators.includes(mspId)) return;
  throw new DomainError('NOT_A_PARTICIPANT', `${mspId} takes no part in round ${round}`);
}

/** When a round ended, as far as it is known: the beginning of its last stage otherwise. */
const endOf = (round: RoundRow): string => round.finalizedAt ?? round.stageSince;

/**
 * The step is the leader's alone for the study's `leaderSeconds` after the stage began; then any participating
 * member may take over. By the transaction's time, which is its client's claim within minutes.
 *
 * @throws DomainError NOT_THE_LEADER saying until when
 */
function requireTurn(
  study: Study,
  { leader, stageSince, round }: RoundRow,
  { mspId, at }: { readonly mspId: string; readonly at: string },
): void {
  const until = deadlineAfter(stageSince, study.leaderSeconds ?? 0);
  if (mspId === leader || Date.parse(at) >= Date.parse(until)) return;
  throw new DomainError('NOT_THE_LEADER', `round ${round} is led by ${leader}; others take over at ${until}`);
}

/** What the next round starts from: the last finalised aggregate; null for the graph as proposed. */
export function nextBase(previous: Round | undefined): ParametersRef | null {
  if (previous === undefined) return null;
  return previous.state === 'finalized' ? previous.aggregate! : previous.base;
}

/**
 * The next round. `consenting` holds the datasets with a granted consent, `previous` the round before.
 *
 * @throws DomainError STUDY_STATE, ROUND_EXISTS, ROUND_NUMBER, QUORUM_NOT_REACHED, NOT_A_PARTICIPANT
 */
export function openRound(
  number: number,
  context: {
    readonly mspId: string;
    readonly at: string;
    readonly study: Study;
    readonly existing: Round | undefined;
    readonly previous: RoundRow | undefined;
    readonly consenting: readonly Dataset[];
  },
): RoundRow {
  const { mspId, at, study, existing, previous, consenting } = context;
  requireRunning(study);
  if (existing !== undefined) throw new DomainError('ROUND_EXISTS', `round ${number} is ${existing.state}`);
  if (number > study.rounds) {
    throw new DomainError('ROUND_NUMBER', `study ${study.studyId} planned ${study.rounds} rounds`);
  }
  if (number > 1 && previous?.state !== 'finalized' && previous?.state !== 'aborted') {
    const state = previous === undefined ? 'not open yet' : previous.state;
    throw new DomainError('ROUND_NUMBER', `round ${number - 1} is ${state}: rounds follow one another`);
  }
  const participants = participantsOf(consenting, at);
  checkConsentQuorum(
    study,
    participants.map((participant) => ({ owner: participant.mspId })),
  );
  const validators = validatorsOf(participants);
  const round: RoundRow = {
    schema: ROW_SCHEMA.round,
    studyId: study.studyId,
    round: number,
    state: 'training',
    base: nextBase(previous),
    participants,
    validators,
    leader: leaderOf(validators, number),
    quorum: study.quorum,
    openedAt: at,
    deadline: deadlineAfter(at, study.roundDeadlineSeconds),
    stageSince: at,
  };
  requireValidator(round, mspId);
  requireTurn(
    study,
    { ...round, stageSince: previous === undefined ? study.startedAt! : endOf(previous) },
    context,
  );
  return round;
}

export interface RoundContext {
  readonly mspId: string;
  readonly at: string;
  readonly study: Study;
}

/** Whom a training round still waits for: participants without an update whose consent stands. */
interface Arrivals {
  readonly arrived: readonly string[];
  readonly expected: readonly string[];
}

/**
 * A round that takes no more updates. The deadline moves: validating gets the time that training had.
 *
 * @throws DomainError NOT_A_PARTICIPANT, STUDY_STATE, ROUND_CLOSED, ROUND_INCOMPLETE, QUORUM_NOT_REACHED
 */
export function closeRound(
  round: RoundRow,
  { arrived, expected, ...context }: RoundContext & Arrivals,
): RoundRow {
  requireRunning(context.study);
  requireValidator(round, context.mspId);
  const state = nextRoundState(round, 'close');
  requireTurn(context.study, round, context);
  if (expected.length > 0 && !deadlinePassed(round, context.at)) {
    throw new DomainError(
      'ROUND_INCOMPLETE',
      `updates of ${expected.join(', ')} are expected until ${round.deadline}`,
    );
  }
  if (arrived.length < round.quorum.updates) {
    throw new DomainError(
      expected.length > 0 ? 'ROUND_INCOMPLETE' : 'QUORUM_NOT_REACHED',
      `${arrived.length} updates arrived and ${round.quorum.updates} are needed`,
    );
  }
  return {
    ...round,
    state,
    updates: [...arrived].sort(byId),
    closedAt: context.at,
    deadline: deadlineAfter(context.at, context.study.roundDeadlineSeconds),
    stageSince: context.at,
  };
}

/**
 * A round with its verdicts counted. The deadline moves: attesting gets the time that training had.
 *
 * @throws DomainError NOT_A_PARTICIPANT, STUDY_STATE, ROUND_CLOSED, ROUND_INCOMPLETE, QUORUM_NOT_REACHED
 */
export function tallyRound(round: RoundRow, context: RoundContext & Pick<Tally, 'verdicts'>): RoundRow {
  requireRunning(context.study);
  requireValidator(round, context.mspId);
  const state = nextRoundState(round, 'tally');
  requireTurn(context.study, round, context);
  const { verdicts, at } = context;
  const silent = round.validators.filter((mspId) => !verdicts.some((verdict) => verdict.mspId === mspId));
  if (silent.length > 0) {
    const late = deadlinePassed(round, at);
    if (!late || verdicts.length < round.quorum.validators) {
      throw new DomainError(
        'ROUND_INCOMPLETE',
        late
          ? `${verdicts.length} verdicts arrived and ${round.quorum.validators} are needed`
          : `verdicts of ${silent.join(', ')} are expected until ${round.deadline}`,
      );
    }
  }
  const { included, excluded, shortfall } = tallyOf(round, verdicts);
  if (shortfall !== undefined) throw new DomainError('QUORUM_NOT_REACHED', shortfall);
  return {
    ...round,
    state,
    included,
    excluded,
    deadline: deadlineAfter(at, context.study.roundDeadlineSeconds),
    stageSince: at,
  };
}

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
  requireValidator(round, mspId);
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
  round.validators.filter(
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

/** Why a round can be given up; undefined while it can still succeed. */
function missed(
  round: Round,
  context: RoundContext & Arrivals & { readonly tally: Tally },
): string | undefined {
  const { at, study, arrived, expected, tally } = context;
  if (study.state === 'completed' || study.state === 'aborted') return `the study is ${study.state}`;
  // A pause stops the clock: resuming moves the deadline by as long as it took.
  if (study.state === 'paused') return undefined;
  const late = deadlinePassed(round, at);
  if (round.state === 'training') {
    const over = late || expected.length === 0;
    return over && arrived.length < round.quorum.updates ? 'too few updates arrived' : undefined;
  }
  if (round.state === 'validating') {
    const all = tally.verdicts.length === round.validators.length;
    if (!all && !late) return undefined;
    if (tally.verdicts.length < round.quorum.validators) return 'too few verdicts arrived';
    return tallyOf(round, tally.verdicts).shortfall;
  }
  const agreed = tally.attestations.some(
    ({ parametersSha256 }) => supportersOf(round, parametersSha256, tally).length >= round.quorum.validators,
  );
  const over = late || tally.attestations.length === round.validators.length;
  return over && !agreed ? 'too few members attested one aggregate' : undefined;
}

/**
 * A round given up: it missed its deadline or its quorum, or its study has ended.
 *
 * @throws DomainError NOT_A_PARTICIPANT, ROUND_CLOSED, ROUND_INCOMPLETE where it can still succeed
 */
export function abortRound(
  round: RoundRow,
  context: RoundContext &
    Arrivals & { readonly tally: Tally; readonly reason: string; readonly seal: string },
): RoundRow {
  requireValidator(round, context.mspId);
  const state = nextRoundState(round, 'abort');
  if (missed(round, context) === undefined) {
    throw new DomainError(
      'ROUND_INCOMPLETE',
      `round ${round.round} is ${round.state} and can still succeed: its deadline is ${round.deadline}`,
    );
  }
  const { at, mspId, reason, seal } = context;
  return { ...round, state, reason, abortedBy: mspId, stageSince: at, seal };
}
