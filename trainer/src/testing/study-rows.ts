// Rows of a small study for tests: two hospitals or more, each with one dataset.
import type {
  Attestation,
  Consent,
  Decision,
  Equivocation,
  Participant,
  PrivacyEvent,
  Round,
  RoundDossier,
  Study,
  Update,
  Verdict,
} from '@consilium/domain';

export const SHA_A = 'a'.repeat(64);
export const SHA_B = 'b'.repeat(64);
const CID = `bafkrei${'a'.repeat(52)}`;
export const ARTEFACT = { cid: CID, sha256: SHA_A, sizeBytes: 100 };
const EVENT: PrivacyEvent = {
  mechanism: 'discrete-gaussian',
  noiseMultiplier: '1',
  samplingRate: '0.5',
  steps: 2,
  adjacency: 'add-or-remove-one',
  unit: 'patient',
  pool: 'training',
};
export const OPENED_AT = '2026-01-01T00:00:00.000Z';
export const DEADLINE = '2026-01-01T00:10:00.000Z';

export const datasetOf = (mspId: string): string => `${mspId.toLowerCase()}-data`;

export function aStudy(over: Partial<Study> = {}): Study {
  return {
    schema: 1,
    studyId: 'study',
    title: 'A study',
    question: 'Who?',
    purpose: 'DUO:0000006',
    datasets: ['a-data', 'b-data', 'c-data'],
    model: { graph: ARTEFACT, inputs: 4, parameters: 6, localParameters: ['local.intercept'] },
    training: {
      learningRate: '0.5',
      clipNormL2: '1',
      noiseMultiplier: '1',
      samplingRate: '0.5',
      stepsPerRound: 2,
    },
    validation: { metric: 'accuracy', noiseMultiplier: '2', minimum: '0' },
    unit: 'patient',
    rounds: 3,
    aggregation: { rule: 'fedavg', maxUpdateNormL2: '100' },
    quorum: { updates: 2, validators: 2 },
    roundDeadlineSeconds: 600,
    requester: 'A',
    state: 'running',
    proposedAt: OPENED_AT,
    ...over,
  };
}

export function aConsent(owner: string, state: Consent['state'] = 'granted'): Consent {
  return {
    schema: 1,
    studyId: 'study',
    datasetId: datasetOf(owner),
    owner,
    state,
    claimedEpsilon: { training: '1', heldOut: '1' },
    costPerRound: { training: ['1'], heldOut: ['1'] },
    rounds: 3,
    grantedAt: OPENED_AT,
  };
}

export function aRound(over: Partial<Round> = {}): Round {
  const participants: Participant[] = ['A', 'B', 'C'].map((mspId) => ({
    datasetId: datasetOf(mspId),
    mspId,
    weight: 100,
  }));
  return {
    schema: 1,
    studyId: 'study',
    round: 1,
    state: 'training',
    base: null,
    participants,
    validators: ['A', 'B', 'C'],
    leader: 'A',
    quorum: { updates: 2, validators: 2 },
    openedAt: OPENED_AT,
    deadline: DEADLINE,
    ...over,
  };
}

export function anUpdate(owner: string): Update {
  return {
    schema: 1,
    studyId: 'study',
    round: 1,
    datasetId: datasetOf(owner),
    artefact: ARTEFACT,
    plaintextSha256: SHA_A,
    privacyEvent: EVENT,
    claimedEpsilon: '1',
    owner,
    recordedAt: OPENED_AT,
  };
}

export function aVerdict(mspId: string, over: Partial<Verdict> = {}): Verdict {
  const decisions: Decision[] = ['A', 'B', 'C'].map((m) => ({ datasetId: datasetOf(m), decision: 'accept' }));
  return {
    schema: 1,
    studyId: 'study',
    round: 1,
    mspId,
    candidateSha256: SHA_A,
    accepted: true,
    decisions,
    scores: [],
    recordedAt: OPENED_AT,
    ...over,
  };
}

export const anAttestation = (mspId: string, parametersSha256 = SHA_A): Attestation => ({
  schema: 1,
  studyId: 'study',
  round: 1,
  mspId,
  parametersSha256,
  attestedAt: OPENED_AT,
});

export const anEquivocation = (of: Pick<Equivocation, 'studyId' | 'round' | 'mspId'>): Equivocation => ({
  schema: 1,
  ...of,
  statement: 'attestation',
  signerSha256: SHA_A,
  recordedSha256: SHA_A,
  contradictingSha256: SHA_B,
  contradictingTransactionId: 'tx',
  proposal: '',
  signature: '',
  reportedBy: 'A',
  reportedAt: OPENED_AT,
});

export const aDossier = (round: Partial<Round>, more: Partial<RoundDossier> = {}): RoundDossier => ({
  round: aRound(round),
  updates: [],
  verdicts: [],
  attestations: [],
  ...more,
});
