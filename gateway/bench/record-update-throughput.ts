// What the REST service costs: recordUpdate through a gateway process with its outbox, with and without
// Idempotency-Key, against the same calls by a bare Fabric client (as the SDK signs, and with the gateway's faster
// signatures), in turns in one run, on the embedded network and on a real one. One JSON line per client and number
// in flight, then one with the ratios. TRANSACTIONS (64) a turn, TURNS (9) of each, LEDGERS=embedded,raft,bft.

import { setTimeout as sleep } from 'node:timers/promises';
import { ledgerPath } from '@consilium/domain';
import { readConnection } from '../src/fabric/connection-file.ts';
import { answerHelp } from './on-ledger/answer-help.ts';
import { BareClient, levelled, refusalOf } from './on-ledger/bare-client.ts';
import { GatewayProcess } from './on-ledger/gateway-process.ts';
import { ORGANISATIONS, onEachLedger, print, progress, type RunningLedger } from './on-ledger/ledgers.ts';
import { type Measured, measure, ratioOf, type Subject, summaryOf } from './on-ledger/measured-turns.ts';
import { OpenRounds, type PendingUpdate } from './on-ledger/open-rounds.ts';
import { askedToMeasure } from './on-ledger/wait-to-measure.ts';

const BENCH = 'gateway/record-update-throughput';
const TRANSACTIONS = Number(process.env.TRANSACTIONS ?? 64);
const TURNS = Number(process.env.TURNS ?? 9);
const IN_FLIGHT = (process.env.IN_FLIGHT ?? '1,16,64').split(',').map(Number);
const WARM_UPS = 64;
/** Twice as many datasets as are ever in flight: a peer that lags has seen the last update of the one at hand. */
const SIZE = { lanes: 128, datasetsPerStudy: 4, rounds: 200 };

const subjectsOf = (bare: BareClient, native: BareClient, gateway: GatewayProcess): Subject[] => {
  const path = ({ argument: { studyId, round } }: PendingUpdate) =>
    ledgerPath('round:recordUpdate', { studyId, round });
  const body = ({ argument: { studyId, round, ...rest } }: PendingUpdate) => rest;
  const key = ({ argument }: PendingUpdate) => argument.plaintextSha256;
  return [
    { client: 'fabric-gateway', submit: (one) => bare.submit('trainer', 'round:recordUpdate', one.argument) },
    {
      client: 'fabric-gateway, native signatures',
      submit: (one) => native.submit('trainer', 'round:recordUpdate', one.argument),
    },
    { client: 'rest', submit: (one) => gateway.post('trainer', path(one), body(one)) },
    { client: 'rest, idempotent', submit: (one) => gateway.post('trainer', path(one), body(one), key(one)) },
  ];
};

async function compare(ledger: RunningLedger): Promise<void> {
  const clients = ORGANISATIONS.map(
    (mspId) => new BareClient(readConnection(ledger.connectionPath, mspId), ledger.chaincode),
  );
  const [bare] = clients as [BareClient, ...BareClient[]];
  const native = new BareClient(
    readConnection(ledger.connectionPath, bare.mspId),
    ledger.chaincode,
    'native',
  );
  let gateway: GatewayProcess | undefined;
  try {
    await joined(bare);
    const settled = ledger.name === 'embedded' ? async () => {} : () => levelled(clients);
    gateway = await GatewayProcess.start(ledger, bare.mspId, ['trainer']);
    const rounds = new OpenRounds(bare, settled);
    progress(`${BENCH}: preparing rounds on ${ledger.name}`);
    await rounds.prepare(SIZE, TRANSACTIONS);
    const subjects = subjectsOf(bare, native, gateway);
    for (const subject of subjects) {
      await measure(subject, { updates: await rounds.take(WARM_UPS), inFlight: 16, gateway });
    }
    progress(`${BENCH}: ${ledger.name} is prepared`);
    await askedToMeasure;
    for (const inFlight of IN_FLIGHT) await compareAt(inFlight, { ledger, subjects, rounds, bare, gateway });
  } finally {
    await gateway?.stop();
    for (const client of [...clients, native]) client.close();
  }
}

async function compareAt(
  inFlight: number,
  {
    ledger,
    subjects,
    rounds,
    bare,
    gateway,
  }: {
    ledger: RunningLedger;
    subjects: readonly Subject[];
    rounds: OpenRounds;
    bare: BareClient;
    gateway: GatewayProcess;
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
      turns[which]!.push(await measure(subjects[which]!, { updates, inFlight, gateway }));
      progress(
        `${BENCH}: ${ledger.name}, ${inFlight} in flight, ${subjects[which]!.client}, turn ${turn + 1}`,
      );
    }
  }
  for (const [which, { client }] of subjects.entries()) {
    print({ bench: BENCH, network: ledger.name, client, inFlight, ...summaryOf(turns[which]!) });
  }
  const ratio = (which: number, to: number) => ratioOf(turns[which]!, turns[to]!);
  print({
    bench: BENCH,
    network: ledger.name,
    inFlight,
    restToBare: ratio(2, 0),
    idempotentToBare: ratio(3, 0),
    restToBareNative: ratio(2, 1),
    target: 0.9,
    bareRetries: bare.retries,
  });
}

/** On a network that outlives a run the organisation is a member already. */
async function joined(client: BareClient): Promise<void> {
  await client.submit('operator', 'member:register', client.member).catch((error: unknown) => {
    if (refusalOf(error) !== 'MEMBER_EXISTS') throw error;
  });
  await sleep(100);
}

answerHelp(`Usage: node gateway/dist/bench/record-update-throughput.js

recordUpdate through the gateway's REST against a bare Fabric client, in turns in one run, as JSON lines.
  TRANSACTIONS=64  of one turn
  TURNS=9          of each client
  IN_FLIGHT=1,16,64   transactions at once
  LEDGERS=embedded,raft   and bft; real ones need FABRIC_BIN_DIR
  WAIT=1           measures once a line of input asks it to
`);
await onEachLedger(BENCH, compare);
