// A round's life but for its aggregate: opening, closing, tallying, giving up.
import type { Dataset } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import type { ArtefactRef } from '../primitives.ts';
import type { ParametersRef, Round, RoundRow } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Study } from '../study.ts';
import { supportersOf } from './aggregate-rules.ts';
import {
  byId,
  countedUpdates,
  deadlineAfter,
  deadlinePassed,
  judgesOf,
  leaderOf,
  participantsOf,
  type RoundContext,
  requireTurn,
  requireValidator,
  validatorsOf,
} from './participation-rules.ts';
import { checkConsentQuorum, requireRunning } from './study-rules.ts';
import { type Tally, tallyOf } from './tally.ts';
import { nextRoundState } from './transition.ts';

/** When a round ended, as far as it is known: the beginning of its last stage otherwise. */
const endOf = (round: RoundRow): string => round.finalizedAt ?? round.stageSince;

/** What the next round starts from: the last finalised aggregate; null for the graph as proposed. */
export function nextBase(previous: Round | undefined): ParametersRef | null {
  if (previous === undefined) return null;
  return previous.state === 'finalized' ? previous.aggregate! : previous.base;
}

/** The same parameters in another artefact: the ledger's hash says whether it is them. */
function sealedAgain(base: ParametersRef | null, artefact: ArtefactRef | undefined): ParametersRef | null {
  if (artefact === undefined) return base;
  if (base !== null) return { ...base, artefact };
  throw new DomainError('INVALID_ARGUMENT', "base must be left out: the round starts from the study's graph");
}

/**
 * The next round. `consenting` holds the datasets with a granted consent, `previous` the round before.
 *
 * @throws DomainError INVALID_ARGUMENT, STUDY_STATE, ROUND_EXISTS, ROUND_NUMBER, QUORUM_NOT_REACHED, NOT_A_PARTICIPANT
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
    readonly base?: ArtefactRef | undefined;
  },
): RoundRow {
  const { mspId, at, study, existing, previous, consenting, base } = context;
  requireRunning(study);
  if (existing !== undefined) throw new DomainError('ROUND_EXISTS', `round ${number} is ${existing.state}`);
  if (number > study.rounds) {
    throw new DomainError('ROUND_NUMBER', `study ${study.studyId} planned ${study.rounds} rounds`);
  }
  if (number > 1 && previous?.state !== 'finalized' && previous?.state !== 'aborted') {
    const state = previous === undefined ? 'not open yet' : previous.state;
    throw new DomainError('ROUND_NUMBER', `round ${number - 1} is ${state}: rounds follow one another`);
  }
  const participants = participantsOf(study, consenting, at);
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
    base: sealedAgain(nextBase(previous), base),
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

/** Whom a training round still waits for: participants without an update whose consent is in force. */
interface Arrivals {
  /** Updates whose consent is in force. */
  readonly arrived: readonly string[];
  readonly expected: readonly string[];
}

/**
 * A round that takes no more updates. `round` says whose consents are withdrawn by now: their updates, which nobody
 * has read, are left out, and their hospitals judge nothing in it. The deadline moves: validating gets the time that
 * training had.
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
 * A round with its verdicts counted. `round` says whose consents are withdrawn by now, for good: what is included from
 * here on is being summed up by everyone. The deadline moves: attesting gets the time that training had.
 *
 * @throws DomainError NOT_A_PARTICIPANT, STUDY_STATE, ROUND_CLOSED, ROUND_INCOMPLETE, QUORUM_NOT_REACHED
 */
export function tallyRound(round: RoundRow, context: RoundContext & Pick<Tally, 'verdicts'>): RoundRow {
  requireRunning(context.study);
  requireValidator(round, context.mspId);
  const state = nextRoundState(round, 'tally');
  requireTurn(context.study, round, context);
  const { at } = context;
  const judges = judgesOf(round);
  const verdicts = context.verdicts.filter(({ mspId }) => judges.includes(mspId));
  const silent = judges.filter((mspId) => !verdicts.some((verdict) => verdict.mspId === mspId));
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

/** Why too few are left for a round, whatever is recorded yet: consents were withdrawn, or members left. */
export function lostQuorum(round: Round): string | undefined {
  const { withdrawn = [], participants, quorum } = round;
  if (withdrawn.length === 0) return undefined;
  const judges = judgesOf(round).length;
  if (judges < quorum.validators)
    return `${judges} hospitals are left to judge and ${quorum.validators} are needed`;
  const possible =
    round.updates === undefined ? participants.length - withdrawn.length : countedUpdates(round).length;
  if (possible < quorum.updates) return `${possible} updates are left and ${quorum.updates} are needed`;
  return undefined;
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
  const lost = lostQuorum(round);
  if (lost !== undefined) return lost;
  if (round.state === 'training') {
    const over = late || expected.length === 0;
    return over && arrived.length < round.quorum.updates ? 'too few updates arrived' : undefined;
  }
  if (round.state === 'validating') {
    const judges = judgesOf(round);
    const verdicts = tally.verdicts.filter(({ mspId }) => judges.includes(mspId));
    if (verdicts.length < judges.length && !late) return undefined;
    if (verdicts.length < round.quorum.validators) return 'too few verdicts arrived';
    return tallyOf(round, tally.verdicts).shortfall;
  }
  const agreed = tally.attestations.some(
    ({ parametersSha256 }) => supportersOf(round, parametersSha256, tally).length >= round.quorum.validators,
  );
  const over = late || tally.attestations.length >= judgesOf(round).length;
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
