// What the REST service costs: recordUpdate through a gateway process with its outbox, with and without
// Idempotency-Key, against the same calls by a bare Fabric client, in turns in one run, on the embedded network and
// on a real one. One JSON line per measurement, then one per number in flight with the ratios.
// TRANSACTIONS (192) per measurement, TURNS (3) of each, LEDGERS=embedded,raft,bft.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConnection } from '../src/connection.ts';
import { REGISTER_MEMBER } from '../src/examples.ts';
import { BareClient, levelled, refusalOf } from './on-ledger/bare-client.ts';
import { GatewayProcess } from './on-ledger/gateway-process.ts';
import { ORGANISATIONS, onEachLedger, print, progress, type RunningLedger } from './on-ledger/ledgers.ts';
import { OpenRounds, type PendingUpdate } from './on-ledger/open-rounds.ts';

const BENCH = 'gateway/record-update-throughput';
const TRANSACTIONS = Number(process.env.TRANSACTIONS ?? 192);
const TURNS = Number(process.env.TURNS ?? 3);
const IN_FLIGHT = [1, 16, 64];
const WARM_UPS = 64;
/** Twice as many datasets as are ever in flight: a peer that lags has seen the last update of the one at hand. */
const SIZE = { lanes: 128, datasetsPerStudy: 4, rounds: 200 };

interface Subject {
  readonly client: string;
  submit(update: PendingUpdate): Promise<unknown>;
}

const subjectsOf = (bare: BareClient, gateway: GatewayProcess): Subject[] => {
  const path = ({ argument }: PendingUpdate) =>
    `/studies/${argument.studyId}/rounds/${argument.round}/updates`;
  const body = ({ argument: { studyId, round, ...rest } }: PendingUpdate) => rest;
  const key = ({ argument }: PendingUpdate) => argument.plaintextSha256;
  return [
    { client: 'fabric-gateway', submit: (one) => bare.submit('trainer', 'round:recordUpdate', one.argument) },
    { client: 'rest', submit: (one) => gateway.post('trainer', path(one), body(one)) },
    { client: 'rest, idempotent', submit: (one) => gateway.post('trainer', path(one), body(one), key(one)) },
  ];
};

interface Measured {
  readonly durationsMs: number[];
  readonly seconds: number;
}

async function measure({ submit }: Subject, updates: readonly PendingUpdate[], inFlight: number) {
  const durationsMs: number[] = [];
  const waiting = updates.values();
  const begunMs = performance.now();
  const worker = async () => {
    for (const update of waiting) {
      const sentMs = performance.now();
      await submit(update);
      durationsMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { durationsMs, seconds: (performance.now() - begunMs) / 1000 };
}

const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
};
const rounded = (value: number): number => Number(value.toPrecision(3));
const throughput = ({ durationsMs, seconds }: Measured): number => durationsMs.length / seconds;

async function compare(ledger: RunningLedger): Promise<void> {
  const clients = ORGANISATIONS.map(
    (mspId) => new BareClient(readConnection(ledger.connectionPath, mspId), ledger.chaincode),
  );
  const [bare] = clients as [BareClient, ...BareClient[]];
  try {
    await joined(bare);
    const settled = ledger.name === 'embedded' ? async () => {} : () => levelled(clients);
    const gateway = await GatewayProcess.start(ledger, bare.mspId, ['trainer']);
    const rounds = new OpenRounds(bare, settled);
    progress(`${BENCH}: preparing rounds on ${ledger.name}`);
    await rounds.prepare(SIZE, TRANSACTIONS);
    const subjects = subjectsOf(bare, gateway);
    for (const subject of subjects) await measure(subject, await rounds.take(WARM_UPS), 16);
    for (const inFlight of IN_FLIGHT) await compareAt(inFlight, { ledger, subjects, rounds, bare });
    await gateway.stop();
  } finally {
    for (const client of clients) client.close();
  }
}

async function compareAt(
  inFlight: number,
  {
    ledger,
    subjects,
    rounds,
    bare,
  }: {
    ledger: RunningLedger;
    subjects: readonly Subject[];
    rounds: OpenRounds;
    bare: BareClient;
  },
): Promise<void> {
  // Alone in flight every transaction waits for a block of its own, so fewer say as much.
  const transactions = inFlight === 1 ? Math.ceil(TRANSACTIONS / 4) : TRANSACTIONS;
  const turns = subjects.map((): Measured[] => []);
  bare.retries = 0;
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (let at = 0; at < subjects.length; at += 1) {
      // Each subject comes first in one of the turns.
      const which = (at + turn) % subjects.length;
      const updates = await rounds.take(transactions);
      turns[which]!.push(await measure(subjects[which]!, updates, inFlight));
      progress(
        `${BENCH}: ${ledger.name}, ${inFlight} in flight, ${subjects[which]!.client}, turn ${turn + 1}`,
      );
    }
  }
  for (const [which, { client }] of subjects.entries()) {
    const durationsMs = turns[which]!.flatMap((turn) => turn.durationsMs);
    const seconds = turns[which]!.reduce((sum, turn) => sum + turn.seconds, 0);
    print({
      bench: BENCH,
      network: ledger.name,
      client,
      inFlight,
      transactions: durationsMs.length,
      perSecond: rounded(durationsMs.length / seconds),
      p50Ms: rounded(quantile(durationsMs, 0.5)),
      p95Ms: rounded(quantile(durationsMs, 0.95)),
    });
  }
  const ratios = (which: number) =>
    turns[which]!.map((turn, at) => rounded(throughput(turn) / throughput(turns[0]![at]!)));
  print({
    bench: BENCH,
    network: ledger.name,
    inFlight,
    restToBare: quantile(ratios(1), 0.5),
    restToBareByTurn: ratios(1),
    idempotentToBare: quantile(ratios(2), 0.5),
    idempotentToBareByTurn: ratios(2),
    target: 0.9,
    bareRetries: bare.retries,
  });
}

/** On a network that outlives a run the organisation is a member already. */
async function joined(client: BareClient): Promise<void> {
  await client.submit('operator', 'member:register', REGISTER_MEMBER).catch((error: unknown) => {
    if (refusalOf(error) !== 'MEMBER_EXISTS') throw error;
  });
  await sleep(100);
}

await onEachLedger(BENCH, compare);
