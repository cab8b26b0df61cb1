// What the ledger says of a small study in which everything went well; tests spoil one thing at a time.
import type { DatasetFacts, LedgerFacts } from '../ledger-facts.ts';
import type { QuoteRow } from '../ledger-rows.ts';
import type { StudyPlan } from '../study-plan.ts';

type Mutable<T> = T extends readonly (infer E)[]
  ? Mutable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;
export type MutableFacts = Mutable<LedgerFacts>;

const SITES = [
  { datasetId: 'north', mspId: 'NorthMSP' },
  { datasetId: 'south', mspId: 'SouthMSP' },
];
const ROUNDS = [1, 2];

export const GOOD_PLAN: StudyPlan = {
  budget: { epsilon: '4', delta: '0.00001', unit: 'patient' },
  accounting: { kind: 'gaussian' },
  model: {},
  study: {
    title: 'A study',
    question: 'Does it hold?',
    purpose: 'DUO:0000006',
    rounds: ROUNDS.length,
    training: { noiseMultiplier: '8', samplingRate: '1', stepsPerRound: 5 },
    validation: { noiseMultiplier: '4' },
    quorum: { updates: 2, validators: 2 },
  },
};

const quote: QuoteRow = {
  claimedEpsilon: { training: '3', heldOut: '2.5' },
  fits: true,
  weights: SITES.map(({ datasetId }) => ({ datasetId, weight: 299 })),
  studySha256: 'sha-study',
};
export const GOOD_QUOTES: ReadonlyMap<string, QuoteRow> = new Map(
  SITES.map(({ datasetId }) => [datasetId, quote]),
);

const artefact = (name: string) => ({ cid: `cid-${name}`, sha256: `sha-${name}`, sizeBytes: 100 });
const parameters = (round: number) => ({
  artefact: artefact(`r${round}`),
  parametersSha256: `hash-${round}`,
});

function datasetFacts(datasetId: string): DatasetFacts {
  const account = (pool: 'training' | 'held-out', spentEpsilon: string) => ({
    pool,
    budget: { epsilon: '4', delta: '0.00001' },
    reserved: ['0', '0'],
    spentEpsilon,
    reservedEpsilon: '0',
    leftEpsilon: '1',
  });
  return {
    datasetId,
    budgets: [account('training', '3'), account('held-out', '2.500000')],
    charges: ROUNDS.flatMap((round) => [
      {
        studyId: 'study',
        round,
        cause: 'update',
        privacyEvent: { pool: 'training' as const, noiseMultiplier: '8', samplingRate: '1', steps: 5 },
      },
      {
        studyId: 'study',
        round,
        cause: 'verdict',
        privacyEvent: { pool: 'held-out' as const, noiseMultiplier: '4', samplingRate: '1', steps: 1 },
      },
    ]),
  };
}

export function factsOfAGoodStudy(): MutableFacts {
  const at = '2026-01-01T00:00:00Z';
  const dossiers = ROUNDS.map((round) => ({
    round: {
      round,
      state: 'finalized' as const,
      leader: 'NorthMSP',
      participants: SITES.map((site) => ({ ...site })),
      included: SITES.map(({ datasetId }) => datasetId),
      excluded: [],
      aggregate: parameters(round),
      openedAt: at,
      finalizedAt: '2026-01-01T00:00:05Z',
    },
    updates: SITES.map(({ datasetId }) => ({
      datasetId,
      round,
      artefact: artefact(`${datasetId}-${round}`),
      recordedAt: '2026-01-01T00:00:02Z',
    })),
    verdicts: SITES.map(({ mspId, datasetId }) => ({
      mspId,
      accepted: true,
      scores: [{ datasetId, right: '30', wrong: '10' }],
      recordedAt: '2026-01-01T00:00:03.5Z',
    })),
    attestations: SITES.map(({ mspId }) => ({ mspId, parametersSha256: `hash-${round}`, attestedAt: at })),
  }));
  const named = [
    { what: 'the graph', artefact: artefact('graph') },
    { what: 'round 1: update of north', artefact: artefact('north-1') },
  ];
  return {
    height: 20,
    dossiers,
    consents: SITES.map(({ datasetId, mspId }) => ({ datasetId, owner: mspId, state: 'settled' as const })),
    model: {
      studyId: 'study',
      graph: artefact('graph'),
      parameters: parameters(2),
      round: 2,
      rounds: [...ROUNDS],
    },
    datasets: SITES.map(({ datasetId }) => datasetFacts(datasetId)) as MutableFacts['datasets'],
    modelFiles: SITES.map(({ mspId }) => ({ mspId, sha256: 'm', headerSha256: 'm', sizeBytes: 987 })),
    artefacts: named.map((one) => ({
      ...one,
      fetched: { sha256: one.artefact.sha256, sizeBytes: one.artefact.sizeBytes },
    })),
    usage: { artefacts: 7, bytes: 700 },
  };
}
