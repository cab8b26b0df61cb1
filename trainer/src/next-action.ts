// What this trainer does next for a study, as a pure function of the ledger's state. Nothing else decides, so
// a trainer that died at any line goes on by asking again. Any participating trainer may lead a step; to keep
// them from all doing it at once the others stand in line and act only after a silence.
import { type Consent, leaderOf, type Round, type RoundDossier } from '@consilium/chaincode/domain';
import { isOver, nextBase, type StudyState } from './ledger-state.ts';

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
  | { readonly kind: 'settle'; readonly datasetId: string }
  /** Nothing to do: until another event, or until a time (epoch ms) where silence makes it this one's turn. */
  | { readonly kind: 'wait'; readonly until: number | null; readonly because: string }
  /** Nothing to do for this study ever again. */
  | { readonly kind: 'done' };

export interface Situation {
  readonly mspId: string;
  /** Own datasets that this trainer can read. */
  readonly preparedDatasets: ReadonlySet<string>;
  /** Now, and when the study's state was last seen to change (epoch ms, this trainer's clock). */
  readonly nowMs: number;
  readonly lastChangeMs: number;
  readonly takeoverMs: number;
}

/**
 * The next action of one trainer for one study.
 *
 * Own work (train, verdict, attest, settle) comes first and waits for nobody. A step that one trainer does for
 * all (open, close, tally, finalize, abort, publish) falls to the round's leader at once and to the k-th
 * member after it once nothing has changed for k · takeoverMs. Whoever is late is waited for until the round's
 * deadline, which the ledger moves on with each stage.
 */
export function nextAction(state: StudyState, situation: Situation): Action {
  const { study, latest } = state;
  if (study.state === 'proposed') return wait(null, 'the study has not started');
  if (study.state === 'paused') return wait(null, 'the study is paused');
  const settle = settlement(state, situation);
  if (settle !== undefined) return settle;
  if (study.state !== 'running') return { kind: 'done' };
  if (latest === undefined || isOver(latest.round)) return betweenRounds(state, situation);
  switch (latest.round.state) {
    case 'training':
      return training(latest, state, situation);
    case 'validating':
      return validating(latest, situation);
    default:
      return aggregating(latest, situation);
  }
}

/** The participants a round opened now would have, and its validators, in the ledger's order. */
export function standing(consents: readonly Consent[]): { datasets: string[]; validators: string[] } {
  const granted = consents.filter(({ state }) => state === 'granted');
  return {
    datasets: granted.map(({ datasetId }) => datasetId).sort(),
    validators: [...new Set(granted.map(({ owner }) => owner))].sort(),
  };
}

/** The hash that enough accepting members have attested; undefined while none has. */
export function agreedHash({ round, verdicts, attestations }: RoundDossier): string | undefined {
  const votes = new Map<string, number>();
  for (const { mspId, parametersSha256 } of attestations) {
    if (!accepted(verdicts, mspId)) continue;
    votes.set(parametersSha256, (votes.get(parametersSha256) ?? 0) + 1);
  }
  return [...votes].find(([, count]) => count >= round.quorum.validators)?.[0];
}

const wait = (until: number | null, because: string): Action => ({ kind: 'wait', until, because });

const accepted = (verdicts: RoundDossier['verdicts'], mspId: string): boolean =>
  verdicts.some((verdict) => verdict.mspId === mspId && verdict.accepted);

/** In line for a common step: its turn comes after rank · takeoverMs of silence. */
function inTurn(line: readonly string[], leader: string | undefined, action: Action, s: Situation): Action {
  const own = line.indexOf(s.mspId);
  if (own < 0) return wait(null, `${action.kind} is for others to do`);
  const first = leader === undefined ? 0 : Math.max(0, line.indexOf(leader));
  const rank = (own - first + line.length) % line.length;
  const turn = s.lastChangeMs + rank * s.takeoverMs;
  return rank === 0 || s.nowMs >= turn ? action : wait(turn, `${action.kind} is ${leader}'s turn`);
}

function settlement({ study, consents, latest }: StudyState, { mspId }: Situation): Action | undefined {
  const busy = new Set(
    latest === undefined || isOver(latest.round) ? [] : latest.round.participants.map((p) => p.datasetId),
  );
  const due = consents.find(({ owner, state, datasetId }) => {
    if (owner !== mspId || state === 'settled') return false;
    // A withdrawn dataset may still owe a score to the round it was withdrawn in.
    return study.state === 'running' ? state === 'withdrawn' && !busy.has(datasetId) : true;
  });
  return due && { kind: 'settle', datasetId: due.datasetId };
}

function betweenRounds({ study, consents, latest }: StudyState, situation: Situation): Action {
  const last = latest?.round;
  const { datasets, validators } = standing(consents);
  const enough = datasets.length >= study.quorum.updates && validators.length >= study.quorum.validators;
  if (last !== undefined && last.round >= study.rounds) {
    const line = last.validators;
    if (nextBase(latest) === null) return wait(null, 'no round was finalised: only the requester can end it');
    return inTurn(line, last.leader, { kind: 'publish' }, situation);
  }
  const round = (last?.round ?? 0) + 1;
  if (!enough) return wait(null, 'too few datasets consent for another round');
  return inTurn(validators, leaderOf(validators, round), { kind: 'open', round }, situation);
}

function training(dossier: RoundDossier, { consents }: StudyState, situation: Situation): Action {
  const { round, updates } = dossier;
  const arrived = new Set(updates.map(({ datasetId }) => datasetId));
  const granted = new Set(standing(consents).datasets);
  const expected = round.participants.filter(
    ({ datasetId }) => !arrived.has(datasetId) && granted.has(datasetId),
  );
  const own = expected.filter(({ mspId }) => mspId === situation.mspId);
  const ready = own.find(({ datasetId }) => situation.preparedDatasets.has(datasetId));
  if (ready !== undefined) return { kind: 'train', round: round.round, datasetId: ready.datasetId };
  const step: Action =
    updates.length >= round.quorum.updates
      ? { kind: 'close', round: round.round }
      : abort(round, 'too few updates arrived');
  if (expected.length === 0) return inTurn(round.validators, round.leader, step, situation);
  const [unready] = own;
  const reason = unready && `this trainer has no file for ${unready.datasetId}: POST /local/datasets`;
  return afterDeadline(round, step, situation, reason);
}

function validating(dossier: RoundDossier, situation: Situation): Action {
  const { round, verdicts } = dossier;
  const voted = new Set(verdicts.map(({ mspId }) => mspId));
  if (round.validators.includes(situation.mspId) && !voted.has(situation.mspId)) {
    return { kind: 'verdict', round: round.round };
  }
  const refusal = tallyRefusal(dossier);
  const step: Action = refusal === undefined ? { kind: 'tally', round: round.round } : abort(round, refusal);
  if (voted.size >= round.validators.length) {
    return inTurn(round.validators, round.leader, step, situation);
  }
  return afterDeadline(round, step, situation);
}

/** Why a tally of these verdicts would be refused; undefined where it would succeed. */
function tallyRefusal({ round, verdicts }: RoundDossier): string | undefined {
  const { quorum } = round;
  if (verdicts.filter((verdict) => verdict.accepted).length < quorum.validators) {
    return 'too few members accept the candidate';
  }
  const included = (round.updates ?? []).filter(
    (datasetId) =>
      verdicts.filter(({ decisions }) =>
        decisions.some((d) => d.datasetId === datasetId && d.decision === 'accept'),
      ).length >= quorum.validators,
  );
  return included.length < quorum.updates ? 'too few updates were accepted' : undefined;
}

function aggregating(dossier: RoundDossier, situation: Situation): Action {
  const { round, verdicts, attestations } = dossier;
  const attested = new Map(attestations.map((a) => [a.mspId, a.parametersSha256]));
  if (round.validators.includes(situation.mspId) && !attested.has(situation.mspId)) {
    return { kind: 'attest', round: round.round };
  }
  const hash = agreedHash(dossier);
  if (hash !== undefined) {
    // Only these have peers that will endorse; a leader that is not among them does not try.
    const first = Math.max(0, round.validators.indexOf(round.leader));
    const turns = [...round.validators.slice(first), ...round.validators.slice(0, first)];
    const fit = turns.filter((m) => accepted(verdicts, m) && attested.get(m) === hash);
    const finalize: Action = { kind: 'finalize', round: round.round, parametersSha256: hash };
    return inTurn(fit, fit[0], finalize, situation);
  }
  const giveUp = abort(round, 'too few members attest one aggregate');
  if (attested.size >= round.validators.length) {
    return inTurn(round.validators, round.leader, giveUp, situation);
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
  return inTurn(round.validators, round.leader, action, {
    ...situation,
    lastChangeMs: Math.max(deadlineMs, lastChangeMs),
  });
}
