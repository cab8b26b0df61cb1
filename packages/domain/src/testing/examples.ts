// Arguments that are sound in every respect, for tests to use and to spoil.
import { createHash } from 'node:crypto';
import type {
  Argument,
  PrivacyEvent,
  ProposeStudy,
  RecordUpdate,
  RecordVerdict,
  RegisterDataset,
  RegisterPopulation,
  ReviseDataset,
} from '../index.ts';
import { provenKey } from './member-key.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A CID of the right form; no content belongs to it. */
export const cid = (text: string): string =>
  `bafkrei${sha256(text)
    .replace(/[0189]/g, 'z')
    .slice(0, 52)}`;

export const memberArgument = (mspId: string, channel?: string): Argument<'member:register'> => ({
  title: mspId,
  ...provenKey(mspId, mspId, channel),
});

export const datasetArgument = (datasetId: string, epsilon = '8'): RegisterDataset => ({
  datasetId,
  title: `Cardiology at ${datasetId}`,
  dictionary: {
    version: 1,
    header: true,
    patientId: null,
    missing: ['?'],
    features: [
      {
        name: 'age',
        kind: 'numeric',
        unit: 'a',
        bounds: { low: 0, high: 120 },
        reference: { low: 20, high: 90 },
      },
      { name: 'sex', kind: 'binary', missing: ['-9'] },
      { name: 'pain', kind: 'categorical', categories: ['1', '2', '3', '4'] },
    ],
    label: { column: 'num', title: 'Coronary artery disease', rule: { kind: 'greater-than', threshold: 0 } },
    maxRowsPerPatient: 1,
  },
  recordCountBand: { low: 250, high: 349 },
  terms: { purposes: ['DUO:0000006'] },
  commitment: cid(datasetId),
  privacyBudget: { epsilon, delta: '0.00001', unit: 'patient' },
});

export const populationArgument = (populationId: string, epsilon = '8'): RegisterPopulation => ({
  populationId,
  title: `Everyone of ${populationId}`,
  privacyBudget: { epsilon, delta: '0.00001', unit: 'patient' },
});

/** A new block of patients, who are others for each number of each population. */
export const newBlock = (populationId: string, block: number, recordCountBand = { low: 100, high: 149 }) => ({
  block,
  recordCountBand,
  patientsSha256: sha256(`patients ${block} of ${populationId}`),
});

/** A dataset with a column of patient ids, of a population where one is named: its patients are a block of it. */
export const patientsArgument = (datasetId: string, populationId?: string): RegisterDataset => {
  const { privacyBudget, ...dataset } = datasetArgument(datasetId);
  return {
    ...dataset,
    dictionary: { ...dataset.dictionary, patientId: 'patient' },
    newBlock: newBlock(populationId ?? datasetId, 1, dataset.recordCountBand),
    ...(populationId === undefined ? { privacyBudget: privacyBudget! } : { populationId }),
  };
};

/** The next revision of such a dataset, with as many new patients in a block of this number. */
export const revisionArgument = (
  datasetId: string,
  block: number,
  { populationId = datasetId, ...change }: Partial<ReviseDataset> & { readonly populationId?: string } = {},
): ReviseDataset => {
  const recordCountBand = { low: 100, high: 149 };
  const before = Array.from({ length: block - 2 }, (_, i) => ({ block: i + 2, recordCountBand }));
  return {
    datasetId,
    commitment: cid(`${datasetId} with block ${block}`),
    recordCountBand: [
      { low: 350, high: 499 },
      { low: 500, high: 749 },
    ][Math.min(block - 2, 1)]!,
    blocks: [{ block: 1, recordCountBand: { low: 250, high: 349 } }, ...before],
    newBlock: newBlock(populationId, block),
    removed: false,
    ...change,
  };
};

export const studyArgument = (
  change: Partial<ProposeStudy> & Pick<ProposeStudy, 'studyId' | 'datasets'>,
): ProposeStudy => ({
  title: 'Coronary artery disease',
  question: 'Which patients have coronary artery disease?',
  purpose: 'DUO:0000007',
  model: {
    graph: { cid: cid('graph'), sha256: sha256('graph'), sizeBytes: 4096 },
    inputs: 9,
    parameters: 10,
    localParameters: ['intercept'],
  },
  training: {
    learningRate: '0.5',
    clipNormL2: '1',
    noiseMultiplier: '6',
    samplingRate: '0.5',
    stepsPerRound: 10,
  },
  validation: { metric: 'accuracy', noiseMultiplier: '10', minimum: '0.5' },
  unit: 'patient',
  rounds: 2,
  aggregation: { rule: 'fedavg', maxUpdateNormL2: '10' },
  quorum: { updates: 1, validators: 1 },
  roundDeadlineSeconds: 3600,
  ...change,
});

export const trainingEvent = (change: Partial<PrivacyEvent> = {}): PrivacyEvent => ({
  mechanism: 'discrete-gaussian',
  noiseMultiplier: '6',
  samplingRate: '0.5',
  steps: 10,
  adjacency: 'add-or-remove-one',
  unit: 'patient',
  pool: 'training',
  ...change,
});

export const scoreEvent = (change: Partial<PrivacyEvent> = {}): PrivacyEvent =>
  trainingEvent({ noiseMultiplier: '10', samplingRate: '1', steps: 1, pool: 'held-out', ...change });

export const updateArgument = (
  change: Partial<RecordUpdate> & Pick<RecordUpdate, 'studyId' | 'datasetId'>,
): RecordUpdate => ({
  round: 1,
  artefact: {
    cid: cid(`update of ${change.datasetId} ${change.studyId} ${change.round ?? 1}`),
    sha256: sha256(`update of ${change.datasetId} ${change.studyId} ${change.round ?? 1}`),
    sizeBytes: 5000,
  },
  plaintextSha256: sha256(`plaintext of ${change.datasetId} ${change.studyId} ${change.round ?? 1}`),
  privacyEvent: trainingEvent(),
  claimedEpsilon: '2',
  ...change,
});

export const verdictArgument = (
  change: Partial<RecordVerdict> & Pick<RecordVerdict, 'studyId'> & { datasets: string[]; own: string[] },
): RecordVerdict => {
  const { datasets, own, ...rest } = change;
  return {
    round: 1,
    candidateSha256: sha256('candidate'),
    accepted: true,
    decisions: datasets.map((datasetId) => ({ datasetId, decision: 'accept' })),
    scores: own.map((datasetId) => ({
      datasetId,
      right: '48',
      wrong: '12',
      privacyEvent: scoreEvent(),
      claimedEpsilon: '2',
    })),
    ...rest,
  };
};

export const aggregate = (text: string) => ({
  artefact: { cid: cid(text), sha256: sha256(`cipher ${text}`), sizeBytes: 5000 },
  parametersSha256: sha256(text),
});
