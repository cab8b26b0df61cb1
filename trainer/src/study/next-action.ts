// What this trainer does next for a study, as a pure function of the ledger's state. Nothing else decides, so
// a trainer that died at any line goes on by asking again. Any participating trainer may lead a step; to keep
// them from all doing it at once the others stand in line and act only after a silence.
import {
  type ArtefactRef,
  asWithdrawn,
  type Consent,
  judgesOf,
  leaderOf,
  lostQuorum,
  nextBase,
  type Round,
  type RoundDossier,
  supportersOf,
  tallyIn,
  tallyOf,
} from '@consilium/domain';
import type { Undelivered } from '../journal/journal-records.ts';
import { isOver, type StudyState } from './ledger-state.ts';

export type Action =
  | { readonly kind: 'open'; readonly round: number }
  | { readonly kind: 'train'; readonly round: number; readonly datasetId: string }
  | { readonly kind: 'close'; readonly round: number }
  | { readonly kind: 'verdict'; readonly round: number }
  | { readonly kind: 'tally'; readonly round: number }
  | { readonly kind: 'attest'; readonly round: number }
  | { readonly kind: 'finalize'; readonly round: number; readonly parametersSha256: string }
  | { readonly kind: 'abort'; readonly round: number; readonly reason: string }
  | { readonly kind: 'publish' }
  /** The ledger names it: the sealed bytes go into IPFS. */
  | {
      readonly kind: 'deliver';
      readonly round: number;
      readonly subject: string;
      readonly purpose: 'update' | 'aggregate';
      readonly named: ArtefactRef;
    }
  | { readonly kind: 'settle'; readonly datasetId: string }
  /** Nothing to do: until another event, or until a time (epoch ms) where silence makes it this one's turn. */
  | { readonly kind: 'wait'; readonly until: number | null; readonly because: string }
  /** Nothing to do for this study ever again. */
  | { readonly kind: 'done' };

export interface Situation {
  readonly mspId: string;
  /** Own datasets that this trainer can read. */
  readonly preparedDatasets: ReadonlySet<string>;
  /** What this trainer has sealed and not yet put into IPFS. */
  readonly undelivered: readonly Undelivered[];
  /**
   * Of which actions all is done but to record them, by `earlyKey`, and until when (epoch ms) they wait; without end
   * where they failed after the round's deadline.
   */
  readonly early: ReadonlyMap<string, number>;
  /** Now, and when the study's state was last seen to change (epoch ms, this trainer's clock). */
  readonly nowMs: number;
  readonly lastChangeMs: number;
  readonly takeoverMs: number;
}

/** Which release an action makes, in its study. */
export const earlyKey = (
  action:
    | { readonly kind: 'train'; readonly round: number; readonly datasetId: string }
    | { readonly kind: 'verdict'; readonly round: number },
): string =>
  action.kind === 'train' ? `train ${action.round} ${action.datasetId}` : `verdict ${action.round}`;

/**
 * The next action of one trainer for one study.
 *
 * Own work (deliver, train, verdict, attest, settle) comes first and waits for nobody. A step that one trainer does for
 * all (open, close, tally, finalize, abort, publish) falls to the round's leader at once and to the k-th
 * member after it once nothing has changed for k · takeoverMs. A late member is waited for until the round's
 * deadline, which the ledger moves on with each stage.
 */
export function nextAction(state: StudyState, situation: Situation): Action {
  const { study, latest } = state;
  const owed = delivery(state, situation);
  if (owed !== undefined) return owed;
  if (study.state === 'proposed') return wait(null, 'the study has not started');
  if (study.state === 'paused') return wait(null, 'the study is paused');
  const settle = settlement(state, situation);
  if (settle !== undefined) return settle;
  if (study.state !== 'running') return { kind: 'done' };
  if (latest === undefined || isOver(latest.round)) return betweenRounds(state, situation);
  // Whoever withdraws before the verdicts are counted is out of the round.
  const dossier = { ...latest, round: asWithdrawn(latest.round, state.consents) };
  switch (dossier.round.state) {
    case 'training':
      return training(dossier, state, situation);
    case 'validating':
      return validating(dossier, situation);
    default:
      return aggregating(dossier, situation);
  }
}

/**
 * The participants a round opened now would have, and its validators, in the ledger's order. A consent covers the
 * rounds that it reserved and no later one.
 */
export function standing(
  consents: readonly Consent[],
  round: number,
): { datasets: string[]; validators: string[] } {
  const granted = consents.filter(({ state, rounds }) => state === 'granted' && rounds >= round);
  return {
    datasets: granted.map(({ datasetId }) => datasetId).sort(),
    validators: [...new Set(granted.map(({ owner }) => owner))].sort(),
  };
}

/** The hash that enough members stand behind, as the ledger counts them; undefined while none has them. */
export function agreedHash(dossier: RoundDossier): string | undefined {
  const { round, attestations } = dossier;
  const tally = tallyIn(dossier);
  return attestations
    .map(({ parametersSha256 }) => parametersSha256)
    .find((hash) => supportersOf(round, hash, tally).length >= round.quorum.validators);
}

const wait = (until: number | null, because: string): Action => ({ kind: 'wait', until, because });

/** In line for a common step: its turn comes after rank · takeoverMs of silence. */
function inTurn(line: readonly string[], leader: string | undefined, action: Action, s: Situation): Action {
  const own = line.indexOf(s.mspId);
  if (own < 0) return wait(null, `${action.kind} is for others to do`);
  const first = leader === undefined ? 0 : Math.max(0, line.indexOf(leader));
  const rank = (own - first + line.length) % line.length;
  const turn = s.lastChangeMs + rank * s.takeoverMs;
  return rank === 0 || s.nowMs >= turn ? action : wait(turn, `${action.kind} is ${leader}'s turn`);
}

/**
 * The first of the sealed artefacts that the ledger names, to be put into IPFS.
 *
 * An update follows when the round takes no more of them, so that nobody sees another's before its own is fixed; under
 * a consent that was withdrawn by then it never does. An aggregate follows at once.
 */
function delivery({ study, consents, latest }: StudyState, { undelivered }: Situation): Action | undefined {
  if (latest === undefined) return undefined;
  const { round, updates } = latest;
  const isRead = study.state === 'running' && (round.state === 'validating' || round.state === 'aggregating');
  for (const { round: number, subject, sha256 } of undelivered) {
    const aggregate = [round.aggregate, round.base].find((ref) => ref?.artefact.sha256 === sha256);
    if (aggregate) {
      return { kind: 'deliver', round: number, subject, purpose: 'aggregate', named: aggregate.artefact };
    }
    const update = updates.find(
      ({ datasetId, artefact }) => datasetId === subject && artefact.sha256 === sha256,
    );
    const isGranted = consents.some(({ datasetId, state }) => datasetId === subject && state === 'granted');
    if (isRead && isGranted && update !== undefined) {
      return { kind: 'deliver', round: number, subject, purpose: 'update', named: update.artefact };
    }
  }
  return undefined;
}

function settlement({ study, consents }: StudyState, { mspId }: Situation): Action | undefined {
  // At once, also in the middle of a round: who has left the consortium may leave the channel next, with its peer.
  const due = consents.find(
    ({ owner, state }) =>
      owner === mspId && state !== 'settled' && (study.state !== 'running' || state === 'withdrawn'),
  );
  return due && { kind: 'settle', datasetId: due.datasetId };
}

function betweenRounds({ study, consents, latest }: StudyState, situation: Situation): Action {
  const last = latest?.round;
  const round = (last?.round ?? 0) + 1;
  const { datasets, validators } = standing(consents, round);
  const enough = datasets.length >= study.quorum.updates && validators.length >= study.quorum.validators;
  if (last !== undefined && last.round >= study.rounds) {
    const line = last.validators;
    if (nextBase(last) === null) return wait(null, 'no round was finalised: only the requester can end it');
    return inTurn(line, last.leader, { kind: 'publish' }, situation);
  }
  if (!enough) return wait(null, 'too few datasets consent for another round');
  return inTurn(validators, leaderOf(validators, round), { kind: 'open', round }, situation);
}

function training(dossier: RoundDossier, { consents }: StudyState, situation: Situation): Action {
  const { round, updates } = dossier;
  const arrived = new Set(updates.map(({ datasetId }) => datasetId));
  const counted = [...arrived].filter((datasetId) => !round.withdrawn?.includes(datasetId));
  const granted = new Set(standing(consents, round.round).datasets);
  const expected = round.participants.filter(
    ({ datasetId }) => !arrived.has(datasetId) && granted.has(datasetId),
  );
  const own = expected.filter(({ mspId }) => mspId === situation.mspId);
  const ready = own
    .filter(({ datasetId }) => situation.preparedDatasets.has(datasetId))
    .map(({ datasetId }) => ({ kind: 'train', round: round.round, datasetId }) as const);
  const earlyUntil = (action: (typeof ready)[number]) => {
    const until = situation.early.get(earlyKey(action)) ?? 0;
    // Resuming a study moves its round's deadline on.
    return until === Infinity && situation.nowMs < Date.parse(round.deadline) ? 0 : until;
  };
  const next = ready.find((action) => earlyUntil(action) <= situation.nowMs);
  if (next !== undefined) return next;
  const until = Math.min(...ready.map(earlyUntil));
  if (Number.isFinite(until)) return wait(until, 'an update is recorded no sooner than a public time');
  const lost = lostQuorum(round);
  if (lost !== undefined) {
    return inTurn(lineOf(round), round.leader, abort(round, lost), situation);
  }
  const step: Action =
    counted.length >= round.quorum.updates
      ? { kind: 'close', round: round.round }
      : abort(round, 'too few updates arrived');
  if (expected.length === 0) return inTurn(lineOf(round), round.leader, step, situation);
  const [unready] = own;
  const reason = unready && `this trainer has no file for ${unready.datasetId}: POST /local/datasets`;
  return afterDeadline(round, step, situation, reason);
}

/** Who takes a step for all: the judges, or all that took part where none is left to judge. */
function lineOf(round: Round): readonly string[] {
  const judges = judgesOf(round);
  return judges.length > 0 ? judges : round.validators;
}

function validating(dossier: RoundDossier, situation: Situation): Action {
  const { round } = dossier;
  const judges = judgesOf(round);
  const verdicts = dossier.verdicts.filter(({ mspId }) => judges.includes(mspId));
  const voted = new Set(verdicts.map(({ mspId }) => mspId));
  const lost = lostQuorum(round);
  if (lost !== undefined) return inTurn(lineOf(round), round.leader, abort(round, lost), situation);
  if (judges.includes(situation.mspId) && !voted.has(situation.mspId)) {
    const action = { kind: 'verdict', round: round.round } as const;
    const until = situation.early.get(earlyKey(action)) ?? 0;
    if (until <= situation.nowMs) return action;
    return wait(until, 'a verdict is recorded no sooner than a public time');
  }
  const { shortfall } = tallyOf(round, verdicts);
  const step: Action =
    shortfall === undefined ? { kind: 'tally', round: round.round } : abort(round, shortfall);
  if (voted.size >= judges.length) {
    return inTurn(lineOf(round), round.leader, step, situation);
  }
  return afterDeadline(round, step, situation);
}

function aggregating(dossier: RoundDossier, situation: Situation): Action {
  const { round, attestations } = dossier;
  const attested = new Set(attestations.map(({ mspId }) => mspId));
  const judges = judgesOf(round);
  if (judges.includes(situation.mspId) && !attested.has(situation.mspId)) {
    return { kind: 'attest', round: round.round };
  }
  const hash = agreedHash(dossier);
  if (hash !== undefined) {
    // Only these have peers that will endorse; a leader that is not among them does not try.
    const line = lineOf(round);
    const first = Math.max(0, line.indexOf(round.leader));
    const turns = [...line.slice(first), ...line.slice(0, first)];
    const supporters = supportersOf(round, hash, tallyIn(dossier));
    const fit = turns.filter((mspId) => supporters.includes(mspId));
    const finalize: Action = { kind: 'finalize', round: round.round, parametersSha256: hash };
    return inTurn(fit, fit[0], finalize, situation);
  }
  const giveUp = abort(round, 'too few members attest one aggregate');
  if (attested.size >= judges.length) {
    return inTurn(lineOf(round), round.leader, giveUp, situation);
  }
  return afterDeadline(round, giveUp, situation);
}

const abort = (round: Round, reason: string): Action => ({ kind: 'abort', round: round.round, reason });

function afterDeadline(
  round: Round,
  action: Action,
  situation: Situation,
  reason = 'contributions are still expected',
): Action {
  const { nowMs, lastChangeMs } = situation;
  const deadlineMs = Date.parse(round.deadline);
  if (nowMs < deadlineMs) return wait(deadlineMs, reason);
  return inTurn(lineOf(round), round.leader, action, {
    ...situation,
    lastChangeMs: Math.max(deadlineMs, lastChangeMs),
  });
}
