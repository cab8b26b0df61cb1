// One member's verdict on a round: what it thinks of each update, and how the candidate does on its own held-out
// patients. The noised score is written down before it is used for anything, the decision included, and its hash is on
// the ledger before anybody else sees anything of it.
import { randomBytes } from 'node:crypto';
import {
  type Argument,
  canonicalJson,
  type Decision,
  fewestUpdates,
  plannedScoreEvent,
  type RoundDossier,
  type Score,
  type Study,
  type Update,
  withdrawnOf,
} from '@consilium/domain';
import {
  aggregateRound,
  dequantizeParameters,
  federationOf,
  hashSharedModel,
  outcomeOf,
  ParameterRangeError,
  type SharedModel,
} from '@consilium/federation';
import { predictedClasses } from '@consilium/onnx-grad';
import { labelsByUnit } from '../data/index.ts';
import { TrainerError, type TrainerErrorCode } from '../errors.ts';
import { GatewayProblem } from '../gateway/gateway-client.ts';
import type { Draw, ReleaseKey } from '../journal/journal-records.ts';
import { drawOnce } from '../study/draw-once.ts';
import { modelForDraw } from '../study/drawn-model.ts';
import { type Counts, countJudgements, noiseCounts, noisedAccuracy } from '../study/held-out-score.ts';
import type { StudyState } from '../study/ledger-state.ts';
import { confirmCharges, localOutcomeAt } from '../study/local-chain.ts';
import { ownDataset } from '../study/own-dataset.ts';
import { claimOf } from '../study/privacy-claims.ts';
import { type Recording, waitsUntilMs } from '../study/public-time.ts';
import { openUpdate, sharedModelOf } from '../study/round-material.ts';
import {
  parseScoreRecord,
  type ReleasedCounts,
  rightAndWrong,
  type ScoreRecord,
  statedCounts,
} from '../study/score-record.ts';
import { submit } from '../study/submit.ts';
import type { TrainerContext } from '../study/trainer-context.ts';

/** What a member thinks of a round before it looks at its own patients: a function of published facts alone. */
interface Judgement {
  readonly decisions: readonly Decision[];
  readonly candidateSha256: string;
  /**
   * What the study would hand over after this round, so with averaging the average. undefined where too few updates are
   * acceptable for the study's rule: there is nothing to score.
   */
  readonly candidate: Int32Array | undefined;
}

type Task = StudyState & { readonly latest: RoundDossier };
type Reason = Extract<Decision, { decision: 'reject' }>['reason'];

const REASONS: Partial<Record<TrainerErrorCode, Reason>> = {
  TRAINER_ARTEFACT_UNREACHABLE: 'artefact-unreachable',
  TRAINER_ARTEFACT_HASH_MISMATCH: 'hash-mismatch',
  TRAINER_ARTEFACT_NOT_DECRYPTABLE: 'not-decryptable',
  TRAINER_ARTEFACT_MALFORMED: 'malformed',
  TRAINER_ARTEFACT_NORM_EXCEEDED: 'norm-exceeded',
};

/** @throws TrainerError, GatewayProblem or DataError; calling it again goes on where it stopped */
export async function recordVerdict(context: TrainerContext, task: Task): Promise<Recording> {
  const { study, latest, consents } = task;
  const { studyId } = study;
  const { round, participants } = latest.round;
  const granted = new Set(consents.filter((c) => c.state === 'granted').map((c) => c.datasetId));
  const keys = participants
    .filter(({ mspId }) => mspId === context.mspId)
    .map(({ datasetId }): ReleaseKey => ({ studyId, round, datasetId, pool: 'held-out' }));

  const records = new Map<string, ScoreRecord>();
  let drawnAtMs: number | undefined;
  let judgement: Judgement | undefined;
  for (const key of keys) {
    const release = context.journal.release(key);
    if (release !== undefined) records.set(key.datasetId, parseScoreRecord(release.payload));
  }
  for (const key of keys) {
    if (records.has(key.datasetId) || !granted.has(key.datasetId)) continue;
    judgement ??= await judge(context, task, [...records.values()][0]);
    if (judgement.candidate === undefined) break;
    records.set(key.datasetId, await score(context, { task, key, judgement }));
    drawnAtMs = context.nowMs();
  }
  const fixed = [...records.values()][0] ?? judgement ?? (await judge(context, task));
  const begun = keys.map((key) => context.journal.begunAtMs(key)).filter((ms) => ms !== undefined);
  const earlyUntilMs = waitsUntilMs(context, {
    study,
    round: latest.round,
    what: 'verdict',
    begunAtMs: begun.length === 0 ? undefined : Math.max(...begun),
    drawnAtMs,
  });
  if (earlyUntilMs !== undefined) return { earlyUntilMs };
  for (const key of keys) {
    const record = records.get(key.datasetId);
    if (record !== undefined && !(await isCommitted(context, { key, record, latest, granted }))) {
      records.delete(key.datasetId);
    }
  }
  const accuracy = records.size === 0 ? undefined : noisedAccuracy([...records.values()].map(rightAndWrong));
  const accepted =
    fixed.decisions.some(({ decision }) => decision === 'accept') &&
    (accuracy === undefined || accuracy >= Number(study.validation.minimum));
  await send(context, task, {
    studyId,
    round,
    candidateSha256: fixed.candidateSha256,
    accepted,
    decisions: [...fixed.decisions],
    scores: await scoresOf(
      context,
      task,
      new Map([...records].filter(([datasetId]) => granted.has(datasetId))),
    ),
  });
  return 'recorded';
}

async function judge(context: TrainerContext, task: Task, earlier?: ScoreRecord): Promise<Judgement> {
  const { study, latest, consents } = task;
  const { models } = context;
  const model = await models.of(study);
  const base = await sharedModelOf(context, { study, ref: latest.round.base, model });
  const deltas = new Map<string, Int32Array>();
  const decisions: Decision[] = [];
  const withdrawn = withdrawnOf(latest.round, consents);
  // What was withdrawn before the round was closed is in it no more.
  const updates = latest.updates.filter(({ datasetId }) => latest.round.updates?.includes(datasetId));
  for (const update of updates.toSorted((a, b) => (a.datasetId < b.datasetId ? -1 : 1))) {
    const { datasetId } = update;
    const before = earlier?.decisions.find((decision) => decision.datasetId === datasetId);
    if (before?.decision === 'reject') {
      // What arrived since a score was drawn is in no candidate of this verdict.
      decisions.push(before);
      continue;
    }
    if (before === undefined && withdrawn.includes(datasetId)) {
      decisions.push({ datasetId, decision: 'reject', reason: 'withdrawn' });
      continue;
    }
    try {
      deltas.set(datasetId, await openUpdate(context, { study, update, model }));
      decisions.push({ datasetId, decision: 'accept' });
    } catch (error) {
      // What was withdrawn before it was delivered never comes.
      const isAwaited = consents.some((c) => c.datasetId === datasetId && c.state === 'granted');
      const deadlineMs = isAwaited ? Date.parse(latest.round.deadline) : 0;
      const reason = reasonFor(context, { error, update, deadlineMs });
      context.log.warn(
        { studyId: study.studyId, round: latest.round.round, datasetId, reason },
        'update rejected',
      );
      decisions.push({ datasetId, decision: 'reject', reason });
    }
  }
  const judgement = candidateOf(base, deltas, { decisions, study, round: latest.round });
  if (earlier !== undefined && earlier.candidateSha256 !== judgement.candidateSha256) {
    throw new TrainerError(
      'TRAINER_ARTEFACT_UNREACHABLE',
      'the candidate that was scored is not available again yet',
    );
  }
  return judgement;
}

function candidateOf(
  base: SharedModel,
  deltas: ReadonlyMap<string, Int32Array>,
  {
    decisions,
    study,
    round: { participants },
  }: {
    readonly decisions: readonly Decision[];
    readonly study: Study;
    readonly round: RoundDossier['round'];
  },
): Judgement {
  const hashOf = (model: SharedModel) => hashSharedModel(model, federationOf(study));
  try {
    const candidate = aggregateRound(base, deltas, { participants, study });
    return {
      decisions,
      candidateSha256: hashOf(candidate),
      candidate: deltas.size < fewestUpdates(study.aggregation) ? undefined : outcomeOf(candidate),
    };
  } catch (error) {
    if (!(error instanceof ParameterRangeError)) throw error;
    // Sound updates whose sum leaves the lattice: nobody can use this candidate.
    const rejected = [...deltas.keys()].map(
      (datasetId): Decision => ({ datasetId, decision: 'reject', reason: 'norm-exceeded' }),
    );
    const kept = decisions.filter(({ datasetId }) => !deltas.has(datasetId));
    return { decisions: [...kept, ...rejected], candidateSha256: hashOf(base), candidate: undefined };
  }
}

/** Why an update is rejected. Throws the error again where waiting may still help, or where it is no reason. */
function reasonFor(
  context: TrainerContext,
  {
    error,
    update,
    deadlineMs,
  }: { readonly error: unknown; readonly update: Update; readonly deadlineMs: number },
): Reason {
  const reason = error instanceof TrainerError ? REASONS[error.code] : undefined;
  if (reason === undefined) throw error;
  if (reason === 'artefact-unreachable') {
    const { cid } = update.artefact;
    const missingMs = context.exchange.missingForMs(cid, context.nowMs());
    if (missingMs < context.patienceMs && context.nowMs() < deadlineMs) throw error;
  }
  return reason;
}

async function score(
  context: TrainerContext,
  { task, key, judgement }: { readonly task: Task; readonly key: ReleaseKey; readonly judgement: Judgement },
): Promise<ScoreRecord> {
  const { study } = task;
  const { studyId, datasetId, round } = key;
  const model = await modelForDraw(context, { study, datasetId });
  await confirmCharges(context, { studyId, datasetId });
  const local = localOutcomeAt(context, { study, datasetId, round }, model);
  const consent = task.consents.find((one) => one.datasetId === datasetId)!;
  const { heldOut, requireNobodyWithdrew } = await ownDataset(context, { consent, unit: study.unit });
  const shared = dequantizeParameters(judgement.candidate ?? new Int32Array());
  const { candidateSha256, decisions } = judgement;
  const noised = (counts: Counts): Draw => {
    const record: ScoreRecord = {
      candidateSha256,
      decisions,
      ...noiseCounts(counts, study.validation.noiseMultiplier),
      nonce: randomBytes(32).toString('hex'),
    };
    return { payload: new TextEncoder().encode(canonicalJson(record)), subjectSha256: candidateSha256 };
  };
  const release = await drawOnce(context, {
    key,
    work: 'score',
    async onPatients(onDrawing) {
      requireNobodyWithdrew();
      onDrawing();
      const classes = predictedClasses(await model.outputs({ shared, local }, heldOut.features));
      return noised(countJudgements(labelsByUnit(heldOut), classes));
    },
    onNobody: async () => noised(countJudgements([], [])),
  });
  return parseScoreRecord(release.payload);
}

/**
 * Whether a score may be shown, or have a say: the ledger names it, if need be from now on.
 *
 * **Guarantee.** The ledger has at most one commitment for a (study, round, dataset), whatever happened to the folder.
 * Nothing that depends on a score leaves this hospital unless its hash is that commitment's, so that by SHA-256's
 * collision resistance there is one score that anybody ever sees. The hash itself is of 32 secret random bytes too.
 *
 * A score that was drawn before a withdrawal and committed to may have been seen: the verdict stays what it was. One
 * that is not committed to was seen by nobody, and has no say.
 *
 * @throws TrainerError TRAINER_RELEASE_DIFFERS where the ledger names another score
 */
async function isCommitted(
  context: TrainerContext,
  {
    key,
    record,
    latest,
    granted,
  }: {
    readonly key: ReleaseKey;
    readonly record: ScoreRecord;
    readonly latest: RoundDossier;
    readonly granted: ReadonlySet<string>;
  },
): Promise<boolean> {
  const { journal, ledger } = context;
  const { studyId, round, datasetId } = key;
  // A version before drew it, and may have shown it. Its hash would tell it.
  if (record.nonce === undefined) return true;
  const scoreSha256 = journal.release(key)!.payloadSha256;
  const namesIt = (dossier: RoundDossier | undefined): boolean | undefined => {
    const named = dossier?.scoreCommitments?.find((commitment) => commitment.datasetId === datasetId);
    if (named === undefined) return undefined;
    if (named.scoreSha256 !== scoreSha256) throw new TrainerError('TRAINER_RELEASE_DIFFERS');
    return true;
  };
  const isNamed = namesIt(latest);
  if (isNamed !== undefined || !granted.has(datasetId)) return isNamed ?? false;
  const argument = { studyId, round, datasetId, scoreSha256 };
  try {
    await submit(context, 'round:commitScore', { argument, subject: datasetId });
    return true;
  } catch (error) {
    if (!(error instanceof GatewayProblem && error.code === 'SCORE_COMMITTED')) throw error;
    if (namesIt(await ledger.getDossier(studyId, round)) !== true) throw error;
    return true;
  }
}

async function scoresOf(
  { ledger }: TrainerContext,
  { study }: Task,
  records: ReadonlyMap<string, ReleasedCounts>,
): Promise<Score[]> {
  const privacyEvent = plannedScoreEvent(study);
  const scores: Score[] = [];
  for (const [datasetId, released] of records) {
    const claimedEpsilon = claimOf(privacyEvent, await ledger.getDataset(datasetId));
    scores.push({ datasetId, ...statedCounts(released), privacyEvent, claimedEpsilon });
  }
  return scores;
}

async function send(
  context: TrainerContext,
  { study, latest }: Task,
  argument: Argument<'round:recordVerdict'>,
): Promise<void> {
  try {
    await submit(context, 'round:recordVerdict', { argument, subject: context.mspId });
  } catch (error) {
    if (!(error instanceof GatewayProblem && error.code === 'VERDICT_EXISTS')) throw error;
    const dossier = await context.ledger.getDossier(study.studyId, latest.round.round);
    const recorded = dossier?.verdicts.find(({ mspId }) => mspId === context.mspId);
    if (canonicalJson(recorded?.scores) !== canonicalJson(argument.scores)) {
      throw new TrainerError('TRAINER_RELEASE_DIFFERS');
    }
  }
  for (const { datasetId } of argument.scores) {
    const { studyId, round } = argument;
    context.journal.settleCharge({ studyId, round, datasetId, pool: 'held-out' }, 'charged');
  }
  context.afterStep('verdict: charged');
}
