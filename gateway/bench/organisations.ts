// What a round costs on the ledger in a consortium of 3 to 30 organisations: time, processor time, transactions,
// endorsements, rows and bytes, by phase. The network is the embedded one with a real peer's work per organisation;
// simulated are the hospitals, whose every transaction of a round (with hashes of nothing) is sent by bare clients of
// this process, and that all chaincode processes are one. One JSON line per phase, then one per round, of the medians
// over ROUNDS (3). ORGANISATIONS=3,5,10,20,30.
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ProposeStudy } from '@consilium/domain';
import { readConnection } from '../src/fabric/connection-file.ts';
import { PROPOSE_STUDY, RECORD_UPDATE, RECORD_VERDICT } from '../src/http/examples.ts';
import { anotherDataset } from '../src/testing/another-dataset.ts';
import { answerHelp } from './on-ledger/answer-help.ts';
import { BareClient, type Sent } from './on-ledger/bare-client.ts';
import { type Weight, weightsIn } from './on-ledger/blocks.ts';
import { unlessInterrupted } from './on-ledger/interruption.ts';
import { print, progress } from './on-ledger/ledgers.ts';
import { ManyOrganisations } from './on-ledger/many-organisations.ts';
import { inParallel, TRAINING, VALIDATION } from './on-ledger/open-rounds.ts';

const BENCH = 'gateway/organisations';
const COUNTS = (process.env.ORGANISATIONS ?? '3,5,10,20,30').split(',').map(Number);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const STUDY = 'many';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const datasetOf = (mspId: string): string => `data-${mspId.toLowerCase()}`;

interface Hospital {
  readonly mspId: string;
  readonly datasetId: string;
  readonly client: BareClient;
}

interface Study {
  readonly hospitals: readonly Hospital[];
  /** Of one round, of each pool: the same for all, whose plans and budgets are the same. */
  readonly claimed: { readonly training: string; readonly heldOut: string };
}

async function join(network: ManyOrganisations): Promise<Hospital[]> {
  const hospitals = network.mspIds.map((mspId): Hospital => {
    const client = new BareClient(readConnection(network.connectionPath, mspId), 'consilium', 'native');
    return { mspId, datasetId: datasetOf(mspId), client };
  });
  await inParallel(hospitals, 8, ({ client }) => client.submit('operator', 'member:register', client.member));
  // Registering a dataset reads all members: a new one meanwhile is a phantom.
  await inParallel(hospitals, 8, ({ client, datasetId }) =>
    client.submit('steward', 'dataset:register', anotherDataset(datasetId)),
  );
  return hospitals;
}

async function begin(hospitals: readonly Hospital[]): Promise<Study> {
  const [requester] = hospitals as readonly [Hospital, ...Hospital[]];
  const validators = Math.floor(hospitals.length / 2) + 1;
  const study: ProposeStudy = {
    ...PROPOSE_STUDY,
    studyId: STUDY,
    datasets: hospitals.map(({ datasetId }) => datasetId),
    training: TRAINING,
    validation: VALIDATION,
    rounds: ROUNDS,
    quorum: { updates: validators, validators },
    roundDeadlineSeconds: 86_400,
  };
  await requester.client.submit('researcher', 'study:propose', study);
  let claimed: Study['claimed'] = { training: '', heldOut: '' };
  await inParallel(hospitals, 8, async ({ client, datasetId }) => {
    const asked = { studyId: STUDY, datasetId };
    const quote = await client.evaluate('steward', 'privacy:quote', asked);
    claimed = quote.claimedEpsilonPerRound;
    await client.submit('steward', 'study:consent', { ...asked, claimedEpsilon: quote.claimedEpsilon });
  });
  await requester.client.submit('researcher', 'study:start', { studyId: STUDY });
  return { hospitals, claimed };
}

type Phase = readonly [name: string, run: () => Promise<Sent[]>];

function phasesOf({ hospitals, claimed }: Study, round: number): Phase[] {
  const leader = hospitals[(round - 1) % hospitals.length]!.client;
  const studyId = STUDY;
  const all = (send: (hospital: Hospital) => Promise<Sent>) => Promise.all(hospitals.map(send));
  const one = async (sent: Promise<Sent>) => [await sent];
  const event = RECORD_UPDATE.privacyEvent;
  const { noiseMultiplier, samplingRate, stepsPerRound: steps } = TRAINING;
  const privacyEvent = { ...event, noiseMultiplier, samplingRate, steps };
  const scored = { ...RECORD_VERDICT.scores[0]!.privacyEvent, noiseMultiplier: VALIDATION.noiseMultiplier };
  const parametersSha256 = digest(`aggregate of ${round}`);
  const decisions = hospitals.map(({ datasetId }) => ({ datasetId, decision: 'accept' as const }));
  return [
    ['open', () => one(leader.submit('trainer', 'round:open', { studyId, round }))],
    [
      'updates',
      () =>
        all(({ client, datasetId }) =>
          client.submit('trainer', 'round:recordUpdate', {
            studyId,
            round,
            datasetId,
            artefact: { ...RECORD_UPDATE.artefact, sha256: digest(`cipher ${round} ${datasetId}`) },
            plaintextSha256: digest(`plain ${round} ${datasetId}`),
            privacyEvent,
            claimedEpsilon: claimed.training,
          }),
        ),
    ],
    ['close', () => one(leader.submit('trainer', 'round:close', { studyId, round }))],
    [
      'verdicts',
      () =>
        all(({ client, datasetId }) =>
          client.submit('trainer', 'round:recordVerdict', {
            studyId,
            round,
            candidateSha256: digest(`candidate of ${round}`),
            accepted: true,
            decisions,
            scores: [
              {
                datasetId,
                right: '48',
                wrong: '12',
                privacyEvent: scored,
                claimedEpsilon: claimed.heldOut,
              },
            ],
          }),
        ),
    ],
    ['tally', () => one(leader.submit('trainer', 'round:tally', { studyId, round }))],
    [
      'attestations',
      () =>
        all(({ client }) => client.submit('trainer', 'round:attest', { studyId, round, parametersSha256 })),
    ],
    [
      'finalize',
      () => {
        const aggregate = { artefact: RECORD_UPDATE.artefact, parametersSha256 };
        return one(leader.submit('trainer', 'round:finalize', { studyId, round, aggregate }));
      },
    ],
  ];
}

interface Cost {
  readonly wallMs: number;
  readonly networkCpuMs: number;
  readonly chaincodeCpuMs: number;
  readonly clientCpuMs: number;
  readonly transactions: number;
  readonly blocks: number;
  readonly bytes: number;
  readonly endorsements: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
}
const FIELDS = [
  'wallMs',
  'networkCpuMs',
  'chaincodeCpuMs',
  'clientCpuMs',
  'transactions',
  'blocks',
  'bytes',
  'endorsements',
  'rowsRead',
  'rowsWritten',
] as const satisfies readonly (keyof Cost)[];

const costOf = (amount: (field: keyof Cost) => number): Cost =>
  Object.fromEntries(FIELDS.map((field) => [field, rounded(amount(field))])) as unknown as Cost;
const rounded = (value: number): number => Math.round(value * 10) / 10;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function measured(
  network: ManyOrganisations,
  run: () => Promise<Sent[]>,
  reader: BareClient,
): Promise<Cost> {
  const own = () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000;
  const before = { ...network.cpuMs(), own: own(), ms: performance.now() };
  const sent = await run();
  const wallMs = performance.now() - before.ms;
  const after = { ...network.cpuMs(), own: own() };
  const blocks = new Set(sent.map(({ blockNumber }) => blockNumber));
  const ids = new Set(sent.map(({ transactionId }) => transactionId));
  const weights: Weight[] = [];
  for (const number of blocks) {
    weights.push(
      ...weightsIn(await reader.block(number)).filter(({ transactionId }) => ids.has(transactionId)),
    );
  }
  const sum = (part: (weight: Weight) => number) =>
    weights.reduce((total, weight) => total + part(weight), 0);
  return {
    wallMs,
    networkCpuMs: after.network - before.network,
    chaincodeCpuMs: after.chaincode - before.chaincode,
    clientCpuMs: after.own - before.own,
    transactions: weights.length,
    blocks: blocks.size,
    bytes: sum(({ bytes }) => bytes),
    endorsements: sum(({ endorsements }) => endorsements),
    rowsRead: sum(({ rowsRead }) => rowsRead),
    rowsWritten: sum(({ rowsWritten }) => rowsWritten),
  };
}

async function measure(count: number): Promise<void> {
  progress(`${BENCH}: starting ${count} organisations`);
  const network = await ManyOrganisations.start(count);
  const clients: BareClient[] = [];
  try {
    const hospitals = await join(network);
    clients.push(...hospitals.map(({ client }) => client));
    const study = await begin(hospitals);
    const costs = new Map<string, Cost[]>();
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const [phase, run] of phasesOf(study, round)) {
        const cost = await measured(network, run, clients[0]!);
        costs.set(phase, [...(costs.get(phase) ?? []), cost]);
      }
      progress(`${BENCH}: ${count} organisations, round ${round} of ${ROUNDS}`);
    }
    const phases = [...costs].map(([phase, rounds]) => {
      const cost = costOf((field) => median(rounds.map((round) => round[field])));
      print({ bench: BENCH, organisations: count, phase, ...cost });
      return cost;
    });
    const round = costOf((field) => phases.reduce((sum, phase) => sum + phase[field], 0));
    const cpuMs = round.networkCpuMs + round.chaincodeCpuMs + round.clientCpuMs;
    print({
      bench: BENCH,
      organisations: count,
      phase: 'round',
      ...round,
      wallMsPerOrganisation: rounded(round.wallMs / count),
      cpuMsPerOrganisation: rounded(cpuMs / count),
      bytesPerOrganisation: rounded(round.bytes / count),
      endorsementsPerTransaction: rounded(round.endorsements / round.transactions),
    });
  } finally {
    for (const client of clients) client.close();
    await network.stop();
  }
}

answerHelp(`Usage: node gateway/dist/bench/organisations.js

What a round costs in consortia of several sizes, as JSON lines.
  ORGANISATIONS=3,5,10,20,30
  ROUNDS=3           that the medians are of
`);
for (const count of COUNTS) await unlessInterrupted(measure(count));
