// Models for the hospital's own systems: a new graph to propose a study with, the outcome of a study as an ONNX
// file, and predictions with either.
import {
  blocksOf,
  type Dataset,
  type Dictionary,
  encodingOf,
  inputNames,
  type ModelAnswer,
  type ParametersRef,
  revisionOf,
  type Study,
} from '@consilium/domain';
import { samplingRateOf } from '@consilium/dp-sgd';
import { dequantizeParameters, outcomeOf } from '@consilium/federation';
import { LOCAL_INTERCEPT_NAME } from '@consilium/onnx-grad';
import { TrainerError } from '../errors.ts';
import { refuseCodes } from '../study/code-features.ts';
import { confirmCharges, localOutcomeAt } from '../study/local-chain.ts';
import { bandSizeOf } from '../study/own-dataset.ts';
import { sharedModelOf } from '../study/round-material.ts';
import type { Parameters, StudyModel } from '../study/study-model.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import { REMEDY_FOR_STUDIES, sharedWeightNotes } from '../study/weight-notes.ts';

export interface ModelRequest {
  readonly kind: 'logistic-regression' | 'multilayer-perceptron';
  readonly hidden?: readonly number[];
  readonly activation?: 'relu' | 'tanh';
  readonly dictionary: Dictionary;
  readonly localIntercept: boolean;
}

/** Builds a forward graph for a dictionary's inputs and puts it into IPFS, in clear: a study names it. */
export async function buildStudyModel(
  { exchange, requestWork }: Pick<TrainerContext, 'exchange' | 'requestWork'>,
  { kind, hidden, activation, dictionary, localIntercept }: ModelRequest,
): Promise<Study['model']> {
  refuseCodes(dictionary);
  const { features: encoded, label, target } = encodingOf(dictionary);
  const names = inputNames(encoded);
  const common = {
    features: names.length,
    localIntercept,
    target,
    metadata: { 'consilium.inputs': JSON.stringify(names), 'consilium.label': label },
  };
  if (kind === 'multilayer-perceptron' && (hidden === undefined || hidden.length === 0)) {
    throw new TrainerError('TRAINER_INPUT_INVALID', 'hidden must name the width of each hidden layer');
  }
  const { graph, parameters } = await requestWork.build(
    kind === 'multilayer-perceptron'
      ? { ...common, kind, hidden: hidden ?? [], activation: activation ?? 'relu' }
      : { ...common, kind },
  );
  return {
    graph: await exchange.publishPlain(graph, 'graph'),
    inputs: names.length,
    parameters,
    localParameters: localIntercept ? [LOCAL_INTERCEPT_NAME] : [],
  };
}

/** What is to be known of a study's graph, before and after it is trained. */
export interface ModelCard extends Pick<Study, 'studyId'>, Readonly<Study['model']> {
  /** Numbers per row that the loss is taken of. */
  readonly outputs: number;
  readonly notes: readonly string[];
  /** Of this hospital's datasets that it consented with. */
  readonly divisors: readonly Divisor[];
}

/** What each step's sum of gradients is divided by: samplingRate · 0.8 · the middles of the consented blocks' bands. */
export interface Divisor {
  readonly datasetId: string;
  readonly revision: number;
  readonly blocks: readonly number[];
  readonly divisor: number;
}

/** @throws TrainerError TRAINER_STUDY_NOT_FOUND, and what refuses the graph; GatewayProblem */
export async function modelCardOf(
  context: Pick<TrainerContext, 'ledger' | 'models' | 'mspId'>,
  studyId: string,
): Promise<ModelCard> {
  const { ledger, models } = context;
  const study = await ledger.getStudy(studyId);
  if (study === undefined) throw new TrainerError('TRAINER_STUDY_NOT_FOUND');
  const { outputsPerRow, sharedWeights } = await models.of(study);
  const notes = sharedWeightNotes(sharedWeights, REMEDY_FOR_STUDIES);
  const divisors = await divisorsOf(context, study);
  return { studyId, ...study.model, outputs: outputsPerRow, notes, divisors };
}

/** From what every member can read, so that it tells nobody anything of the patients. */
async function divisorsOf(
  context: Pick<TrainerContext, 'ledger' | 'mspId'>,
  { studyId, training }: Study,
): Promise<Divisor[]> {
  const divisors: Divisor[] = [];
  for (const consent of await context.ledger.listConsents(studyId)) {
    if (consent.owner !== context.mspId) continue;
    const { datasetId } = consent;
    const divisor = samplingRateOf(training.samplingRate) * (await bandSizeOf(context, consent));
    divisors.push({ datasetId, revision: revisionOf(consent), blocks: blocksOf(consent), divisor });
  }
  return divisors;
}

export type WhichRound = 'initial' | 'final' | number;

interface Chosen {
  readonly study: Study;
  readonly model: StudyModel;
  readonly parameters: Parameters;
}

/**
 * A study's model as it is before training, after a round, or published. Where the study averages its models, after a
 * round is the average up to it, which is what that round's scores judge; published is the last of these.
 *
 * @param datasetId whose local parameters are used, once there are some; the graph's own where undefined
 * @throws TrainerError TRAINER_STUDY_NOT_FOUND, TRAINER_MODEL_NOT_READY or TRAINER_MODEL_RETIRED
 */
export async function chooseModel(
  context: TrainerContext,
  options: { readonly studyId: string; readonly which: WhichRound; readonly datasetId: string | undefined },
): Promise<Chosen> {
  const { studyId, which, datasetId } = options;
  const study = await context.ledger.getStudy(studyId);
  if (study === undefined) throw new TrainerError('TRAINER_STUDY_NOT_FOUND');
  const model = await context.models.of(study);
  const { round, ref } = await parametersAfter(context, study, which);
  const shared = dequantizeParameters(outcomeOf(await sharedModelOf(context, { study, ref, model })));
  if (datasetId === undefined || round === 0) {
    return { study, model, parameters: { shared, local: model.initial.local } };
  }
  await confirmCharges(context, { studyId, datasetId });
  return {
    study,
    model,
    parameters: { shared, local: localOutcomeAt(context, { study, datasetId, round }, model) },
  };
}

async function parametersAfter(
  { ledger }: TrainerContext,
  { studyId }: Study,
  which: WhichRound,
): Promise<{ round: number; ref: ParametersRef | null }> {
  if (which === 'initial') return { round: 0, ref: null };
  const published = await ledger.getModel(studyId);
  if (published?.retiredAt !== undefined) refuseRetired(published);
  if (which === 'final') {
    if (published === undefined)
      throw new TrainerError('TRAINER_MODEL_NOT_READY', 'the study has no model yet');
    return { round: published.round, ref: published.parameters };
  }
  const ref = (await ledger.getDossier(studyId, which))?.round.aggregate;
  if (ref === undefined) throw new TrainerError('TRAINER_MODEL_NOT_READY', `round ${which} is not finalised`);
  return { round: which, ref };
}

/** The models after a study's rounds were learned from the same patients. */
function refuseRetired({ studyId, retiredAt, withdrawn = [] }: ModelAnswer): never {
  const datasets = withdrawn.map(({ datasetId }) => datasetId).join(', ');
  throw new TrainerError(
    'TRAINER_MODEL_RETIRED',
    `the model of study ${studyId} is retired since ${retiredAt}: the consent of ${datasets} was withdrawn`,
  );
}

/** The dataset whose local parameters a request means: the one it names, or the hospital's only one. */
export function datasetMeant(
  { journal }: Pick<TrainerContext, 'journal'>,
  { datasets }: Pick<Study, 'datasets'>,
  named: string | undefined,
): string | undefined {
  if (named !== undefined) return named;
  const own = datasets.filter((datasetId) => journal.dataset(datasetId) !== undefined);
  return own.length === 1 ? own[0] : undefined;
}

/** The dictionary that says what a prediction's values mean: every dataset of a study encodes alike. */
export async function dictionaryOf(
  { journal, ledger }: Pick<TrainerContext, 'journal' | 'ledger'>,
  { datasets }: Pick<Study, 'datasets'>,
  datasetId: string | undefined,
): Promise<Dictionary> {
  const own = datasetId === undefined ? undefined : journal.dataset(datasetId)?.dictionary;
  const [first = ''] = datasets;
  return own ?? ((await ledger.getDataset(datasetId ?? first)) satisfies Dataset).dictionary;
}
