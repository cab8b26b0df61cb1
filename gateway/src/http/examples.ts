// One consistent story for the documentation: a heart study over one hospital's dataset. Each example is checked
// against its schema by a test.
import type {
  Attestation,
  Block,
  BudgetStatement,
  Consent,
  ConsentQuote,
  Dataset,
  Erasure,
  Member,
  Model,
  Population,
  PrivacyCharge,
  ProposeStudy,
  RegisterDataset,
  RegisterMember,
  RegisterPopulation,
  ReviseDataset,
  Revision,
  RotateKey,
  Round,
  ScoreCommitment,
  Study,
  Update,
  Verdict,
} from '@consilium/domain';

const AT = '2026-03-02T09:00:00Z';
const CID = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi';
const SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const ARTEFACT = { cid: CID, sha256: SHA256, sizeBytes: 4096 };
const PARAMETERS = { artefact: ARTEFACT, parametersSha256: SHA256 };
const OWNER = 'ClevelandMSP';
const STUDY_ID = 'heart-2026';
const DATASET_ID = 'cleveland-heart';
const RDP = ['1200000', '2400000'];

export const REGISTER_MEMBER: RegisterMember = {
  title: 'Cleveland Clinic',
  encryptionPublicKey: 'oLEjv4byqvBXRz1qL9GYXhuRfRVCk1jiODgyywkCqA0',
  keyProof: 'V3NuC5gqZv3adTllkqHxhfg3xg9o2Y64CvQx_YqA68UgZvSrBGasSlr3lIADj_4H4rV1UWpP_IS8ci6x-12eAQ',
};
export const MEMBER: Member = {
  schema: 2,
  mspId: OWNER,
  ...REGISTER_MEMBER,
  keyNumber: 1,
  keySince: AT,
  registeredAt: AT,
};
export const ROTATE_KEY: RotateKey = {
  encryptionPublicKey: 'QD_EsS4cjX7aL7TPaIlP5Ui-nsS1fJxsOWP2MTSlT1c',
  keyProof: 'hIGpX3aW3YodnAb5Q7jY9QEFVXFB7wUteZjGUSss8Qy7z4VsMR7D4m950l8qvLN9fCSrmBfVy4VLmJpfGmUkBA',
};
export const MEMBER_WITH_NEXT_KEY: Member = { ...MEMBER, ...ROTATE_KEY, keyNumber: 2 };

export const REGISTER_DATASET: RegisterDataset = {
  datasetId: DATASET_ID,
  title: 'Patients examined for coronary disease',
  dictionary: {
    version: 1,
    header: true,
    patientId: null,
    missing: ['?', '-9'],
    features: [
      { name: 'age', kind: 'numeric', unit: 'a', bounds: { low: 18, high: 110 } },
      { name: 'sex', kind: 'binary' },
      { name: 'chest_pain', kind: 'categorical', categories: ['1', '2', '3', '4'] },
    ],
    label: { column: 'num', title: 'Coronary disease', rule: { kind: 'greater-than', threshold: 0 } },
    maxRowsPerPatient: 1,
  },
  recordCountBand: { low: 250, high: 349 },
  terms: { purposes: ['DUO:0000006', 'DUO:0000007'] },
  commitment: CID,
  privacyBudget: { epsilon: '10', delta: '0.00001', unit: 'patient' },
};
const BUDGET = { epsilon: '10', delta: '0.00001', unit: 'patient' } as const;
export const DATASET: Dataset = {
  schema: 1,
  ...REGISTER_DATASET,
  privacyBudget: BUDGET,
  owner: OWNER,
  registeredAt: AT,
};

const POPULATION_ID = 'cleveland-patients';
const BAND = { low: 250, high: 349 };
export const REGISTER_POPULATION: RegisterPopulation = {
  populationId: POPULATION_ID,
  title: 'Everyone who was ever a patient',
  privacyBudget: BUDGET,
  saltSha256: SHA256,
};
export const POPULATION: Population = {
  schema: 1,
  ...REGISTER_POPULATION,
  owner: OWNER,
  blocks: 2,
  datasets: [DATASET_ID],
  registeredAt: AT,
};
export const BLOCK: Block = {
  schema: 1,
  populationId: POPULATION_ID,
  block: 2,
  owner: OWNER,
  recordCountBand: { low: 50, high: 99 },
  patientsSha256: SHA256,
  openedAt: AT,
  state: 'open',
};
const { block: NEW_BLOCK, recordCountBand, patientsSha256 } = { ...BLOCK, patientsSha256: SHA256 };
export const REVISE_DATASET: Omit<ReviseDataset, 'datasetId'> = {
  commitment: CID,
  recordCountBand: { low: 350, high: 499 },
  blocks: [{ block: 1, recordCountBand: BAND }],
  newBlock: { block: NEW_BLOCK, recordCountBand, patientsSha256 },
  removed: false,
};
export const REVISION: Revision = {
  schema: 1,
  datasetId: DATASET_ID,
  revision: 2,
  owner: OWNER,
  commitment: CID,
  recordCountBand: { low: 350, high: 499 },
  blocks: [
    { block: 1, recordCountBand: BAND },
    { block: NEW_BLOCK, recordCountBand },
  ],
  removed: false,
  revisedAt: AT,
};

export const PROPOSE_STUDY: ProposeStudy = {
  studyId: STUDY_ID,
  title: 'Coronary disease from routine findings',
  question: 'Do routine findings tell who has coronary disease?',
  purpose: 'DUO:0000007',
  datasets: [DATASET_ID],
  model: { graph: ARTEFACT, inputs: 9, parameters: 10, localParameters: ['intercept'] },
  training: {
    learningRate: '0.5',
    clipNormL2: '1',
    noiseMultiplier: '4',
    samplingRate: '1',
    stepsPerRound: 5,
  },
  validation: { metric: 'accuracy', noiseMultiplier: '8', minimum: '0.5' },
  unit: 'patient',
  rounds: 3,
  aggregation: { rule: 'fedavg', maxUpdateNormL2: '10' },
  quorum: { updates: 1, validators: 1 },
  roundDeadlineSeconds: 600,
};
export const STUDY: Study = {
  schema: 1,
  ...PROPOSE_STUDY,
  requester: OWNER,
  state: 'proposed',
  proposedAt: AT,
};

const CLAIMED = { training: '2.871204', heldOut: '0.913377' };
const STUDY_SHA256 = 'c5a0e8b1f5b7b1c4f2a3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071829';
export const GRANT_CONSENT = {
  datasetId: DATASET_ID,
  claimedEpsilon: CLAIMED,
  studySha256: STUDY_SHA256,
};
export const CONSENT: Consent = {
  schema: 1,
  studyId: STUDY_ID,
  ...GRANT_CONSENT,
  owner: OWNER,
  state: 'granted',
  costPerRound: { training: RDP, heldOut: RDP },
  rounds: 3,
  grantedAt: AT,
};
export const RECORD_STUDY_KEYS = {
  keys: [
    {
      datasetId: DATASET_ID,
      encryptionPublicKey: 'u5KF2_C9kaivizf3QbwD0-yM37o0o3rWVIkCPZIcOi4',
      keyProof: 'IPpnWrvsKg5tLkg2c4-eGjIR7e5uxpcJORTAFppQc3pPB8VgkuXQmL2SGHf4tag3CelYt6dEv4YIbiauEFsLAA',
    },
  ],
};
export const ATTEST_ERASURE = {
  artefacts: [{ round: 1, sha256: SHA256, unpinned: true, keysDestroyed: true }],
};
export const ERASURE: Erasure = {
  schema: 1,
  studyId: STUDY_ID,
  datasetId: DATASET_ID,
  ...ATTEST_ERASURE,
  mspId: OWNER,
  attestedAt: AT,
};
export const CONSENT_QUOTE: ConsentQuote = {
  studyId: STUDY_ID,
  datasetId: DATASET_ID,
  claimedEpsilon: CLAIMED,
  claimedEpsilonPerRound: { training: '1.604511', heldOut: '0.511206' },
  committedAfter: CLAIMED,
  left: { training: '10', heldOut: '10' },
  fits: true,
  revision: 1,
  blocks: [
    {
      block: 1,
      recordCountBand: BAND,
      state: 'open',
      asked: true,
      committedAfter: CLAIMED,
      left: { training: '10', heldOut: '10' },
      fits: true,
    },
  ],
  patients: { all: BAND, fitting: BAND, asked: BAND },
  studySha256: STUDY_SHA256,
  moreStudies: 2,
  stewards: { needed: 1, approved: [] },
};
export const BUDGET_STATEMENT: BudgetStatement = {
  schema: 1,
  populationId: DATASET_ID,
  block: 1,
  owner: OWNER,
  pool: 'training',
  budget: BUDGET,
  spent: RDP,
  reserved: RDP,
  spentEpsilon: '1.604511',
  reservedEpsilon: '2.301882',
  committedEpsilon: '2.871204',
  leftEpsilon: '7.128796',
};

const TRAINING_EVENT = {
  mechanism: 'discrete-gaussian',
  noiseMultiplier: '4',
  samplingRate: '1',
  steps: 5,
  adjacency: 'add-or-remove-one',
  unit: 'patient',
  pool: 'training',
} as const;
const HELD_OUT_EVENT = { ...TRAINING_EVENT, noiseMultiplier: '8', steps: 1, pool: 'held-out' } as const;

export const PRIVACY_CHARGE: PrivacyCharge = {
  schema: 1,
  datasetId: DATASET_ID,
  owner: OWNER,
  studyId: STUDY_ID,
  round: 1,
  cause: 'update',
  privacyEvent: TRAINING_EVENT,
  claimedEpsilon: '1.604511',
  transactionId: '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0',
  chargedAt: AT,
};

export const ROUND: Round = {
  schema: 1,
  studyId: STUDY_ID,
  round: 1,
  state: 'training',
  base: null,
  participants: [{ datasetId: DATASET_ID, mspId: OWNER, weight: 299 }],
  validators: [OWNER],
  leader: OWNER,
  quorum: { updates: 1, validators: 1 },
  openedAt: AT,
  deadline: '2026-03-02T09:10:00Z',
};
export const RECORD_UPDATE = {
  datasetId: DATASET_ID,
  artefact: ARTEFACT,
  plaintextSha256: SHA256,
  privacyEvent: TRAINING_EVENT,
  claimedEpsilon: '1.604511',
};
export const UPDATE: Update = {
  schema: 1,
  studyId: STUDY_ID,
  round: 1,
  ...RECORD_UPDATE,
  owner: OWNER,
  recordedAt: AT,
};
export const COMMIT_SCORE = { datasetId: DATASET_ID, scoreSha256: SHA256 };
export const SCORE_COMMITMENT: ScoreCommitment = {
  schema: 1,
  studyId: STUDY_ID,
  round: 1,
  ...COMMIT_SCORE,
  owner: OWNER,
  committedAt: AT,
};
export const RECORD_VERDICT = {
  candidateSha256: SHA256,
  accepted: true,
  decisions: [{ datasetId: DATASET_ID, decision: 'accept' as const }],
  scores: [
    {
      datasetId: DATASET_ID,
      right: '49',
      wrong: '12',
      privacyEvent: HELD_OUT_EVENT,
      claimedEpsilon: '0.511206',
    },
  ],
};
export const VERDICT: Verdict = {
  schema: 1,
  studyId: STUDY_ID,
  round: 1,
  ...RECORD_VERDICT,
  mspId: OWNER,
  recordedAt: AT,
};
export const ATTEST_AGGREGATE = { parametersSha256: SHA256 };
export const ATTESTATION: Attestation = {
  schema: 1,
  studyId: STUDY_ID,
  round: 1,
  ...ATTEST_AGGREGATE,
  mspId: OWNER,
  attestedAt: AT,
};
export const FINALIZE_ROUND = { aggregate: PARAMETERS };

export const MODEL: Model = {
  schema: 1,
  studyId: STUDY_ID,
  graph: ARTEFACT,
  parameters: PARAMETERS,
  round: 3,
  rounds: [1, 2, 3],
  datasets: [DATASET_ID],
  publishedBy: OWNER,
  publishedAt: AT,
};
