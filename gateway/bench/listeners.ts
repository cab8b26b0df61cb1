// Two hundred readers of event streams and twenty webhooks over TLS: whether each gets every event, in one order, and
// whether the gateway's memory depends on how many events there were. One JSON line after each batch of events, with
// what came and the memory, and one with the memory before, with, and after the listeners, and whether it still grew in
// the last third of the batches. Exit status 1 where an event is missing, or where what the gateway holds still grew.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '@consilium/command-line';
import { ledgerPath } from '@consilium/domain';
import { readConnection } from '../src/fabric/connection-file.ts';
import { anotherDataset } from '../src/testing/another-dataset.ts';
import { growthOf } from './listening/growth.ts';
import type { Came } from './listening/listeners.ts';
import { isWhole, Listeners, untilWhole } from './listening/listeners-process.ts';
import { authorityFileIn, listeningSettings } from './listening/listening-settings.ts';
import type { Held } from './listening/say-held.ts';
import { answerHelp } from './on-ledger/answer-help.ts';
import { BareClient, refusalOf } from './on-ledger/bare-client.ts';
import { GatewayProcess } from './on-ledger/gateway-process.ts';
import { ORGANISATIONS, onEachLedger, print, progress, type RunningLedger } from './on-ledger/ledgers.ts';

const BENCH = 'gateway/listeners';
const STREAMS = Number(process.env.STREAMS ?? 200);
const WEBHOOKS = Number(process.env.WEBHOOKS ?? 20);
const BATCHES = Number(process.env.BATCHES ?? 15);
const EVENTS = Number(process.env.EVENTS ?? 100);
const IN_FLIGHT = 8;
/** What was closed is given back by then. */
const REST_MS = 5_000;

/** In MiB. */
interface Memory extends Held {
  readonly resident: number;
}

async function memoryOf(gateway: GatewayProcess): Promise<Memory> {
  const resident = gateway.memoryMiB().now;
  const { heap, external, buffers } = await gateway.held();
  const inMiB = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10;
  return { resident, heap: inMiB(heap), external: inMiB(external), buffers: inMiB(buffers) };
}

async function listenOn(ledger: RunningLedger): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-listeners-'));
  const bare = new BareClient(readConnection(ledger.connectionPath, ORGANISATIONS[0]), ledger.chaincode);
  const listeners = await Listeners.start(authorityFileIn(directory));
  let gateway: GatewayProcess | undefined;
  try {
    const { host } = listeners;
    const settings = await listeningSettings({ directory, host, streams: STREAMS, webhooks: WEBHOOKS });
    gateway = await GatewayProcess.start(ledger, bare.mspId, ['auditor', 'steward'], {
      ...settings,
      saysHeld: true,
    });
    await bare.submit('operator', 'member:register', bare.member).catch((error: unknown) => {
      if (refusalOf(error) !== 'MEMBER_EXISTS') throw error;
    });
    let registered = 0;
    // Through the gateway, so that the programs of its routes are loaded before memory is looked at.
    const register = async () => {
      registered += 1;
      await gateway!.post(
        'steward',
        ledgerPath('dataset:register', {}),
        anotherDataset(`listened-${ledger.name}-${registered}`),
      );
    };
    const registerSome = async (count: number) => {
      const waiting = Array.from({ length: count }).values();
      const worker = async () => {
        for (const _ of waiting) await register();
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    };
    await registerSome(IN_FLIGHT);
    const before = await memoryOf(gateway);
    const key = gateway.keys.get('auditor')!;
    const to = { url: gateway.url, authority: settings.authority, token: key, apiKey: key };
    progress(`${BENCH}: ${ledger.name}: ${STREAMS} streams and ${WEBHOOKS} webhooks begin`);
    await listeners.ask({ do: 'listen', to, streams: STREAMS, webhooks: WEBHOOKS });
    const listening = await memoryOf(gateway);
    const eachBatch: Memory[] = [];
    let came: Came | undefined;
    for (let batch = 1; batch <= BATCHES; batch += 1) {
      const begunMs = gateway.cpuMs();
      await registerSome(EVENTS);
      const expected = batch * EVENTS;
      came = await untilWhole(
        listeners,
        (now) => isWhole(now) && [...now.events, ...now.webhooks][0] === expected,
      );
      const processorMsOfEvent = Math.round((gateway.cpuMs() - begunMs) / EVENTS);
      // Before all is collected: so much it takes of the system when it is left alone.
      eachBatch.push(await memoryOf(gateway));
      const { events, webhooks, sequences, ended } = came;
      print({
        ...{ bench: BENCH, network: ledger.name, batch, expected, events, webhooks, sequences, ended },
        processorMsOfEvent,
        memoryMiB: eachBatch.at(-1),
      });
    }
    await listeners.ask({ do: 'end' });
    await sleep(REST_MS);
    const expected = BATCHES * EVENTS;
    const isLost = came === undefined || !isWhole(came) || came.events[0] !== expected;
    const growth = {
      resident: growthOf(eachBatch.map(({ resident }) => resident)),
      held: growthOf(eachBatch.map(({ heap, external }) => heap + external)),
    };
    print({
      ...{ bench: BENCH, network: ledger.name, streams: STREAMS, webhooks: WEBHOOKS, events: expected },
      delivered: expected * (STREAMS + WEBHOOKS),
      requestsOfWebhooks: came?.requestsOfWebhooks,
      everyListenerHasEveryEvent: !isLost,
      memoryMiB: { before, listening, after: await memoryOf(gateway), peak: gateway.memoryMiB().peak },
      growth,
    });
    if (isLost || growth.held?.lastThirdGrows === true) process.exitCode = EXIT.failed;
  } finally {
    listeners.stop();
    await gateway?.stop();
    bare.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

answerHelp(`Usage: node gateway/dist/bench/listeners.js

Readers of event streams and webhooks over TLS while datasets are registered: what each gets, and the gateway's memory,
as JSON lines: what the system gives it, and what its threads hold when all else is collected. Exit status 1: a
listener lacks an event, or what is held still grew in the last third of the batches.
  STREAMS=200      event streams
  WEBHOOKS=20      webhooks
  BATCHES=15       after each, what came and the memory
  EVENTS=100       of one batch
  LEDGERS=embedded,raft   and bft; real ones need FABRIC_BIN_DIR
`);
await onEachLedger(BENCH, listenOn);
