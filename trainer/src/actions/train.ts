// One dataset's contribution to one round: train, write the noised update down, seal it, and record it on the ledger.
// Each step is durable before the next, so that a crash anywhere repeats nothing. The bytes follow when the round is
// closed.
import {
  type Consent,
  DomainError,
  planDigest,
  plannedTrainingEvent,
  type RoundDossier,
  type Study,
} from '@consilium/domain';
import {
  packUnits,
  type RoundInput,
  type RoundResult,
  samplingRateOf,
  TrainingFailedError,
  TrainingInputError,
  type TrainingUnits,
} from '@consilium/dp-sgd';
import {
  dequantizeParameters,
  encodeParameters,
  hashParameters,
  quantizeParameters,
  saturateParameter,
  shiftOf,
} from '@consilium/federation';
import { updateContext } from '../artefacts/artefact-exchange.ts';
import { readersOfUpdate } from '../artefacts/artefact-readers.ts';
import { sha256Hex } from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import { GatewayProblem } from '../gateway/gateway-client.ts';
import type { Release, ReleaseKey } from '../journal/journal-records.ts';
import { drawOnce } from '../study/draw-once.ts';
import { modelForDraw } from '../study/drawn-model.ts';
import { confirmCharges, localParametersAt } from '../study/local-chain.ts';
import { ownDataset } from '../study/own-dataset.ts';
import { claimOf } from '../study/privacy-claims.ts';
import { type Recording, waitsUntilMs } from '../study/public-time.ts';
import { sharedModelOf } from '../study/round-material.ts';
import { sealedToMemberKeys, studyKeysOf } from '../study/study-keys.ts';
import { encodeLocal } from '../study/study-model.ts';
import { optimisationOfStudy, stateBefore } from '../study/study-optimisation.ts';
import { submit } from '../study/submit.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import { trainingUnitsOf } from '../study/training-units.ts';

interface Task {
  readonly study: Study;
  readonly dossier: RoundDossier;
  readonly datasetId: string;
}

/**
 * @throws TrainerError, DomainError, GatewayProblem or DataError; in every case calling it again goes on where it
 * stopped
 */
export async function train(context: TrainerContext, task: Task): Promise<Recording> {
  const { journal, afterStep, nowMs } = context;
  const { study, dossier, datasetId } = task;
  const { studyId } = study;
  const { round } = dossier.round;
  const key: ReleaseKey = { studyId, round, datasetId, pool: 'training' };
  const before = journal.release(key);
  const release = before ?? (await draw(context, task, key));
  const drawnAtMs = before === undefined ? nowMs() : undefined;
  if (release.charge === 'void' || release.payload.length === 0) {
    throw new TrainerError('TRAINER_RELEASE_SPENT');
  }
  await refuseWithoutConsent(context, task);
  const studyKeys = await studyKeysOf(context, { studyId, datasetId });
  const artefact = await context.exchange.seal({
    key: { studyId, round, subject: datasetId },
    plaintext: release.payload,
    context: updateContext({ studyId, round, datasetId }),
    readers: readersOfUpdate(dossier.round),
    ...(studyKeys && { studyKeys }),
  });
  const earlyUntilMs = waitsUntilMs(context, {
    study,
    round: dossier.round,
    what: 'update',
    begunAtMs: journal.begunAtMs(key),
    drawnAtMs,
  });
  if (earlyUntilMs !== undefined) return { earlyUntilMs };
  const event = plannedTrainingEvent(study);
  const claimedEpsilon = claimOf(event, await context.ledger.getDataset(datasetId));
  try {
    await submit(context, 'round:recordUpdate', {
      subject: datasetId,
      argument: {
        studyId,
        round,
        datasetId,
        artefact,
        plaintextSha256: release.payloadSha256,
        privacyEvent: event,
        claimedEpsilon,
        ...sealedToMemberKeys(context, { round: dossier.round, datasetId, studyKeys }),
      },
    });
  } catch (error) {
    if (!(error instanceof GatewayProblem && error.code === 'UPDATE_EXISTS')) throw error;
    await acceptOwn(context, { key, release });
  }
  journal.settleCharge(key, 'charged');
  afterStep('update: charged');
  return 'recorded';
}

async function draw(context: TrainerContext, task: Task, key: ReleaseKey): Promise<Release> {
  const { study, dossier, datasetId } = task;
  const consent = await refuseWithoutConsent(context, task);
  const { studyId, training } = study;
  const model = await modelForDraw(context, { study, datasetId });
  const { round } = dossier;
  const base = await sharedModelOf(context, { study, ref: round.base, model });
  await confirmCharges(context, { studyId, datasetId });
  const local = localParametersAt(context, { studyId, datasetId, round: key.round - 1 }, model);
  const data = await ownDataset(context, { consent, unit: study.unit });
  const inputOf = (units: TrainingUnits): RoundInput => ({
    model: model.graph,
    parameters: model.join({ shared: dequantizeParameters(base.parameters), local }),
    units,
    localPatterns: study.model.localParameters,
    plan: {
      clipNormL2: Number(training.clipNormL2),
      noiseMultiplier: Number(training.noiseMultiplier),
      samplingRate: samplingRateOf(training.samplingRate),
      steps: training.stepsPerRound,
      bandSize: data.bandSize,
      rowsPerUnit: data.rowsPerUnit,
      learningRate: Number(training.learningRate),
      ...optimisationOfStudy(study),
    },
    state: stateBefore(study, key.round),
    ...shiftOf(study, { base, round, datasetId }),
  });
  const subjectSha256 = hashParameters(base.parameters);
  const deadlineMs = Date.parse(round.deadline);
  // Post-processing, which costs nothing. A draw that was refused for being out of range would be drawn again, and the
  // refusal itself would tell something about the patients; an update as long as this fails every norm bound instead.
  const encoded = (delta: Float64Array) => encodeParameters(quantizeParameters(delta.map(saturateParameter)));
  return drawOnce(context, {
    key,
    work: 'train',
    async onPatients(onDrawing) {
      const input = inputOf(trainingUnitsOf(data.training));
      const { sharedDelta, localParameters } = await trained(context, input, {
        study,
        deadlineMs,
        onDrawing: () => {
          data.requireNobodyWithdrew();
          onDrawing();
        },
      });
      return {
        payload: encoded(sharedDelta),
        subjectSha256,
        localParameters: encodeLocal(localParameters),
      };
    },
    async onNobody() {
      // Of no use after the deadline either: others' studies wait for their turn.
      const { sharedDelta } = await trained(context, inputOf(packUnits(model.inputs, [])), {
        study,
        deadlineMs,
      });
      // What stays here stays as it was.
      return { payload: encoded(sharedDelta), subjectSha256, localParameters: encodeLocal(local) };
    },
  });
}

async function trained(
  context: TrainerContext,
  input: RoundInput,
  {
    study: { studyId, rounds },
    deadlineMs,
    onDrawing,
  }: { readonly study: Study; readonly deadlineMs?: number; readonly onDrawing?: () => void },
): Promise<RoundResult> {
  try {
    return await context.graphs.trainRound(input, {
      signal: context.signal,
      rounds,
      ...(onDrawing && { onDrawing }),
      ...(deadlineMs !== undefined && { deadlineMs }),
      onProgress: ({ step, steps }) => context.onProgress(studyId, step, steps),
    });
  } catch (cause) {
    if (cause instanceof TrainingInputError) {
      throw new TrainerError('TRAINER_MODEL_INVALID', cause.message, { cause });
    }
    if (!(cause instanceof TrainingFailedError)) throw cause;
    throw new TrainerError('TRAINER_TRAINING_FAILED', undefined, { cause });
  }
}

/** Also where the study is not what was consented to: its row needs a majority, the consent its owner's own peer. */
async function refuseWithoutConsent(
  { ledger }: TrainerContext,
  { study, datasetId }: Task,
): Promise<Consent> {
  const consents = await ledger.listConsents(study.studyId);
  const consent = consents.find((c) => c.datasetId === datasetId);
  if (consent?.state !== 'granted') {
    throw new DomainError('CONSENT_STATE', 'the consent is no longer granted');
  }
  const plan = planDigest(study, (text) => sha256Hex(Buffer.from(text, 'utf8')));
  if (consent.planSha256 !== undefined && consent.planSha256 !== plan) {
    throw new DomainError(
      'STUDY_CHANGED',
      `the study's plan is ${plan}, and the consent is to ${consent.planSha256}`,
    );
  }
  return consent;
}

/** The ledger has an update already: fine where it is this one, sent before a crash. */
async function acceptOwn(
  { ledger }: TrainerContext,
  { key, release }: { readonly key: ReleaseKey; readonly release: Release },
): Promise<void> {
  const dossier = await ledger.getDossier(key.studyId, key.round);
  const recorded = dossier?.updates.find(({ datasetId }) => datasetId === key.datasetId);
  if (recorded?.plaintextSha256 !== release.payloadSha256) throw new TrainerError('TRAINER_RELEASE_DIFFERS');
}
