// Whether recording an update and asking the auditors' questions costs more on a network whose ledger is older: one
// network for each size (10^3, 10^4, 10^5 recorded updates, all by real transactions), measured in turns through the
// bare client. One JSON line per operation and size, then one with the growth of its median. GROWTH=1000,10000 says
// which sizes (REAL_GROWTH on a real Fabric), SAMPLES how many calls of each. With WAIT=1 it measures at a
// line of input, with as many updates as were recorded until then.
import { performance } from 'node:perf_hooks';
import type { Argument } from '@consilium/domain';
import { readConnection } from '../src/fabric/connection-file.ts';
import { answerHelp } from './on-ledger/answer-help.ts';
import { BareClient, levelled } from './on-ledger/bare-client.ts';
import { ORGANISATIONS, onEachLedger, print, progress, type RunningLedger } from './on-ledger/ledgers.ts';
import { inParallel, OpenRounds, RunningStudy, registerDatasets } from './on-ledger/open-rounds.ts';
import { askedToMeasure, measuring } from './on-ledger/wait-to-measure.ts';

const BENCH = 'gateway/network-growth';
const sizesIn = (text: string): number[] => text.split(',').map(Number);
const SIZES = sizesIn(process.env.GROWTH ?? '1000,10000');
const REAL_SIZES = sizesIn(process.env.REAL_GROWTH ?? '1000,4000');
const SAMPLES = Number(process.env.SAMPLES ?? 100);
const PASSES = 5;
const PER_PASS = Math.ceil(SAMPLES / PASSES);
/** Several hospitals' years at once: lanes of studies, one after the other, each over datasets of its own. */
const LANES = { count: 4, datasets: 24, rounds: 25 };
const PROGRESS_MS = 15_000;

const sizesOn = (kind: string): number[] => (kind === 'embedded' ? SIZES : REAL_SIZES);

interface Recorded {
  readonly studyId: string;
  readonly round: number;
  readonly datasetId: string;
  readonly at: string;
}

/** Records `size` updates, or fewer if it has to end before, and returns each, in the order of time. */
async function fill(client: BareClient, size: number, settled: () => Promise<void>): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  const beganMs = performance.now();
  const timer = setInterval(() => {
    const perSecond = Math.round((recorded.length / (performance.now() - beganMs)) * 1000);
    progress(`${BENCH}: ${recorded.length} of ${size} updates recorded, ${perSecond} a second`);
  }, PROGRESS_MS);
  const enough = () => measuring.isAsked || recorded.length >= size;
  const lane = async (number: number) => {
    const datasets = await registerDatasets(client, LANES.datasets, `lane${number}-`);
    await settled();
    for (let at = 0; !enough(); at += 1) {
      const studyId = `${datasets[0]}-s${at}`;
      const study = await RunningStudy.start(client, { studyId, datasets, rounds: LANES.rounds });
      while (!study.exhausted && !enough()) {
        const updates = await study.open();
        await settled();
        await inParallel(updates, updates.length, async ({ argument }) => {
          const { answer } = await client.submit('trainer', 'round:recordUpdate', argument);
          const { round, datasetId } = argument;
          recorded.push({ studyId, round, datasetId, at: answer.recordedAt });
        });
        await study.giveUp();
        await settled();
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES.count }, (_, number) => lane(number)));
  } finally {
    clearInterval(timer);
  }
  return recorded.sort((a, b) => (a.at < b.at ? -1 : 1));
}

interface Aged {
  readonly size: number;
  readonly clients: readonly BareClient[];
  readonly recorded: readonly Recorded[];
  readonly rounds: OpenRounds;
}

async function aged(ledger: RunningLedger, size: number): Promise<Aged> {
  const clients = ORGANISATIONS.map(
    (mspId) => new BareClient(readConnection(ledger.connectionPath, mspId), ledger.chaincode, 'native'),
  );
  const [client] = clients as [BareClient, ...BareClient[]];
  const settled = ledger.name === 'embedded' ? async () => {} : () => levelled(clients);
  await client.submit('operator', 'member:register', client.member);
  await settled();
  const recorded = await fill(client, size, settled);
  const rounds = new OpenRounds(client, settled);
  await rounds.prepare({ lanes: 16, datasetsPerStudy: 4, rounds: 200 }, 16);
  return { size: Math.min(size, recorded.length), clients, recorded, rounds };
}

type Operation = (ledger: Aged, i: number) => Promise<{ readonly [part: string]: number }>;

const asked = async (work: Promise<unknown>): Promise<{ readonly [part: string]: number }> => {
  const beganMs = performance.now();
  await work;
  return { '': performance.now() - beganMs };
};
/** One of the recorded updates, anywhere in the ledger's life. */
const some = ({ recorded }: Aged, i: number): Recorded => recorded[(i * 7919) % recorded.length]!;
/** One after which enough came for a page to be full: pages of one length are compared. */
const early = ({ recorded }: Aged, i: number): Recorded =>
  recorded[(i * 7919) % Math.floor(recorded.length / 2)]!;
/** Of one dataset, which has ten updates on the youngest ledger; of all else there are many more. */
const DATASET_PAGE = 4;
const PAGE = 20;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  recordUpdate: async ({ clients: [client], rounds }) => {
    const [update] = await rounds.take(1);
    const { endorseMs, totalMs } = await client!.timed('trainer', 'round:recordUpdate', update!.argument);
    return { '': totalMs, ', endorsed': endorseMs };
  },
  'activities of a dataset, first page': (ledger, i) =>
    asked(activities(ledger, { by: 'dataset', value: some(ledger, i).datasetId }, DATASET_PAGE)),
  'activities of a dataset, from some time': (ledger, i) => {
    const { datasetId, at } = early(ledger, i);
    return asked(activities(ledger, { by: 'dataset', value: datasetId, from: at }, DATASET_PAGE));
  },
  'activities of a study': (ledger, i) =>
    asked(activities(ledger, { by: 'study', value: some(ledger, i).studyId })),
  'activities of a hospital, from some time': (ledger, i) =>
    asked(activities(ledger, { by: 'hospital', value: 'Org1MSP', from: early(ledger, i).at })),
  'activities of a purpose, first page': (ledger) =>
    asked(activities(ledger, { by: 'purpose', value: 'DUO:0000007' })),
  'all activities, from some time': (ledger, i) =>
    asked(activities(ledger, { by: 'all', from: early(ledger, i).at })),
  'privacy events of a dataset, first page': (ledger, i) => {
    const page = { datasetId: some(ledger, i).datasetId, pageSize: DATASET_PAGE };
    return asked(ledger.clients[0]!.evaluate('auditor', 'privacy:listEvents', page));
  },
  'account of a dataset': (ledger, i) => {
    const { datasetId } = some(ledger, i);
    return asked(
      ledger.clients[0]!.evaluate('auditor', 'privacy:getBudget', { datasetId, pool: 'training' }),
    );
  },
  // Of ten times as many versions on a ledger of ten times the age.
  'history of an account, newest page': (ledger, i) => asked(history(ledger, accountOf(ledger, i))),
  'history of an account, page after a cursor': async (ledger, i) => {
    const account = accountOf(ledger, i);
    const { bookmark } = await history(ledger, account);
    return asked(history(ledger, { ...account, bookmark }));
  },
  'history of a round': (ledger, i) => {
    const { studyId, round } = some(ledger, i);
    return asked(history(ledger, { noun: 'round', key: [studyId, String(round)] }));
  },
  'one update': (ledger, i) => {
    const { studyId, round, datasetId } = some(ledger, i);
    return asked(ledger.clients[0]!.evaluate('auditor', 'round:getUpdate', { studyId, round, datasetId }));
  },
};

type Question = Omit<Argument<'audit:listActivities'>, 'pageSize'>;
const activities = ({ clients: [client] }: Aged, question: Question, pageSize = PAGE): Promise<unknown> =>
  client!.evaluate('auditor', 'audit:listActivities', { ...question, pageSize });

const accountOf = (ledger: Aged, i: number): Row => ({
  noun: 'budget',
  key: [some(ledger, i).datasetId, 'training'],
});
type Row = Omit<Argument<'audit:getHistory'>, 'pageSize'>;
/** An account on the youngest ledger has two such pages. */
const history = ({ clients: [client] }: Aged, row: Row): Promise<{ readonly bookmark: string }> =>
  client!.evaluate('auditor', 'audit:getHistory', { ...row, pageSize: 5 });

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? 0;
const rounded = (value: number): number => Number(value.toPrecision(3));

/**
 * The ledgers take turns, and so do the questions, so that whatever else the machine does slows all of them alike. The
 * first pass counts for none.
 */
async function compare(network: string, ledgers: readonly Aged[]): Promise<void> {
  const samples = new Map<string, Map<Aged, number[]>>();
  for (let pass = 0; pass <= PASSES; pass += 1) {
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      for (let i = pass * PER_PASS; i < (pass + 1) * PER_PASS; i += 1) {
        for (const ledger of ledgers) {
          const parts = await operation(ledger, i);
          if (pass === 0) continue;
          for (const [part, ms] of Object.entries(parts)) {
            const of = samples.get(name + part) ?? new Map(ledgers.map((one) => [one, []]));
            of.get(ledger)!.push(ms);
            samples.set(name + part, of);
          }
        }
      }
    }
    progress(`${BENCH}: pass ${pass} of ${PASSES} on ${network}`);
  }
  for (const [operation, byLedger] of samples) {
    const of = ledgers.map((ledger) => byLedger.get(ledger)!);
    for (const [at, { size }] of ledgers.entries()) {
      const p50Ms = rounded(quantile(of[at]!, 0.5));
      const p95Ms = rounded(quantile(of[at]!, 0.95));
      print({
        bench: BENCH,
        network,
        operation,
        updates: size,
        p50Ms,
        p95Ms,
        samples: of[at]!.length,
      });
    }
    const growth = quantile(of.at(-1)!, 0.5) / quantile(of[0]!, 0.5) - 1;
    print({
      bench: BENCH,
      network,
      operation,
      from: ledgers[0]!.size,
      to: ledgers.at(-1)!.size,
      growthPercent: rounded(growth * 100),
      targetPercent: 20,
    });
  }
}

answerHelp(`Usage: node gateway/dist/bench/network-growth.js

What recording and asking cost on networks whose ledgers are of several ages, in turns, as JSON lines.
  GROWTH=1000,10000  recorded updates of each ledger (REAL_GROWTH on a real Fabric, which needs FABRIC_BIN_DIR)
  SAMPLES=100        calls of each question
  WAIT=1             measures once a line of input asks it to, however much is recorded by then
  LEDGERS=embedded,raft   and bft
`);
await onEachLedger(
  BENCH,
  async (...running) => {
    const { name } = running[0]!;
    const ledgers: Aged[] = [];
    for (const [at, size] of sizesOn(name).entries()) {
      if (!measuring.isAsked) ledgers.push(await aged(running[at]!, size));
    }
    progress(`${BENCH}: ${name} is filled`);
    await askedToMeasure;
    await compare(name, ledgers);
    for (const { clients } of ledgers) for (const client of clients) client.close();
  },
  (kind) => sizesOn(kind).length,
);
