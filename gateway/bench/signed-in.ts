// What the REST service costs as a hospital runs it: updates recorded by callers who signed in at an OpenID provider,
// over TLS, through a gateway process with its outbox, beside the same calls by a bare Fabric client, in turns in one
// run. Then the same once more while event streams and webhooks take every event, with the gateway's memory: it must
// not grow with the events. JSON lines.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '@consilium/command-line';
import { ledgerPath, type Role } from '@consilium/domain';
import { readConnection } from '../src/fabric/connection-file.ts';
import { AUDIENCE, OpenIdProvider } from '../src/testing/openid-provider.ts';
import { isWhole, Listeners, untilWhole } from './listening/listeners-process.ts';
import { authorityFileIn, listeningSettings } from './listening/listening-settings.ts';
import { answerHelp } from './on-ledger/answer-help.ts';
import { BareClient, levelled, refusalOf } from './on-ledger/bare-client.ts';
import { GatewayProcess } from './on-ledger/gateway-process.ts';
import { ORGANISATIONS, onEachLedger, print, progress, type RunningLedger } from './on-ledger/ledgers.ts';
import { type Measured, measure, ratioOf, type Subject, summaryOf } from './on-ledger/measured-turns.ts';
import { OpenRounds, type PendingUpdate } from './on-ledger/open-rounds.ts';

const BENCH = 'gateway/signed-in';
const TRANSACTIONS = Number(process.env.TRANSACTIONS ?? 64);
const TURNS = Number(process.env.TURNS ?? 9);
const IN_FLIGHT = (process.env.IN_FLIGHT ?? '16,64').split(',').map(Number);
const STREAMS = Number(process.env.STREAMS ?? 200);
const WEBHOOKS = Number(process.env.WEBHOOKS ?? 20);
const SIZE = { lanes: 2 * Math.max(...IN_FLIGHT, TRANSACTIONS), datasetsPerStudy: 4, rounds: 200 };
/** A bench measures how long things take, also on a machine that is busy. */
const PATIENCE_MS = '600000';
const TOKEN_SECONDS = 20 * 3600;
const ROLES = ['trainer', 'auditor'] as const satisfies readonly Role[];

/** A provider beside TLS and places for listeners, as settings of a gateway. */
async function settingsIn(directory: string, provider: OpenIdProvider, host: string) {
  const listening = await listeningSettings({ directory, host, streams: STREAMS, webhooks: WEBHOOKS });
  const environment = {
    ...listening.environment,
    CONSILIUM_ENDORSE_TIMEOUT_MS: PATIENCE_MS,
    CONSILIUM_SUBMIT_TIMEOUT_MS: PATIENCE_MS,
    CONSILIUM_COMMIT_TIMEOUT_MS: PATIENCE_MS,
    CONSILIUM_OIDC_ISSUER: provider.issuer,
    CONSILIUM_OIDC_AUDIENCE: AUDIENCE,
    CONSILIUM_OIDC_ROLES: ROLES.map((role) => `${role}=${role}`).join(','),
  };
  const exp = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  const shown = new Map<Role, string>();
  for (const role of ROLES) shown.set(role, await provider.forge({ exp, roles: [role], sub: role }));
  return { ...listening, environment, shown };
}

async function measureOn(ledger: RunningLedger): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'signed-in-'));
  const clients = ORGANISATIONS.map(
    (mspId) => new BareClient(readConnection(ledger.connectionPath, mspId), ledger.chaincode),
  );
  const [bare] = clients as [BareClient, ...BareClient[]];
  const provider = await OpenIdProvider.start();
  const listeners = await Listeners.start(authorityFileIn(directory));
  let gateway: GatewayProcess | undefined;
  try {
    const settings = await settingsIn(directory, provider, listeners.host);
    gateway = await GatewayProcess.start(ledger, bare.mspId, ROLES, settings);
    const rounds = await prepared(ledger, clients);
    const subjects = subjectsOf(bare, gateway);
    for (const subject of subjects) {
      await measure(subject, { updates: await rounds.take(TRANSACTIONS), inFlight: 16, gateway });
    }
    const inTurns = new Turns({ ledger, subjects, rounds, gateway });
    for (const inFlight of IN_FLIGHT) await inTurns.compare(inFlight, 'nobody listens');
    const memoryBefore = gateway.memoryMiB().now;
    progress(`${BENCH}: ${STREAMS} streams and ${WEBHOOKS} webhooks begin`);
    const { url, keys, shown } = gateway;
    const to = {
      ...{ url, authority: settings.authority },
      ...{ token: shown.get('auditor')!, apiKey: keys.get('auditor')! },
    };
    await listeners.ask({ do: 'listen', to, streams: STREAMS, webhooks: WEBHOOKS });
    const memoryListening = gateway.memoryMiB().now;
    for (const inFlight of IN_FLIGHT) await inTurns.compare(inFlight, 'all listen');
    await reportListeners({
      ledger,
      listeners,
      gateway,
      memoryBefore,
      memoryListening,
      seen: inTurns.memory,
    });
  } finally {
    listeners.stop();
    await gateway?.stop();
    await provider.close();
    for (const client of clients) client.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function prepared(ledger: RunningLedger, clients: readonly BareClient[]): Promise<OpenRounds> {
  const bare = clients[0]!;
  await bare.submit('operator', 'member:register', bare.member).catch((error: unknown) => {
    if (refusalOf(error) !== 'MEMBER_EXISTS') throw error;
  });
  await sleep(100);
  const settled = ledger.name === 'embedded' ? async () => {} : () => levelled(clients);
  const rounds = new OpenRounds(bare, settled);
  progress(`${BENCH}: preparing rounds on ${ledger.name}`);
  await rounds.prepare(SIZE, TRANSACTIONS);
  return rounds;
}

function subjectsOf(bare: BareClient, gateway: GatewayProcess): Subject[] {
  const path = ({ argument: { studyId, round } }: PendingUpdate) =>
    ledgerPath('round:recordUpdate', { studyId, round });
  const body = ({ argument: { studyId, round, ...rest } }: PendingUpdate) => rest;
  return [
    { client: 'fabric-gateway', submit: (one) => bare.submit('trainer', 'round:recordUpdate', one.argument) },
    { client: 'rest, TLS, signed in', submit: (one) => gateway.post('trainer', path(one), body(one)) },
  ];
}

interface Compared {
  readonly ledger: RunningLedger;
  readonly subjects: readonly Subject[];
  readonly rounds: OpenRounds;
  readonly gateway: GatewayProcess;
}

class Turns {
  readonly #of: Compared;
  /** Of the gateway after each turn, in MiB. */
  memory: number[] = [];

  constructor(of: Compared) {
    this.#of = of;
  }

  async compare(inFlight: number, listening: string): Promise<void> {
    const { ledger, subjects, rounds, gateway } = this.#of;
    const turns = subjects.map((): Measured[] => []);
    this.memory = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (let at = 0; at < subjects.length; at += 1) {
        const which = (at + turn) % subjects.length;
        const updates = await rounds.take(TRANSACTIONS);
        turns[which]!.push(await measure(subjects[which]!, { updates, inFlight, gateway }));
        this.memory.push(gateway.memoryMiB().now);
      }
      progress(`${BENCH}: ${ledger.name}, ${listening}, ${inFlight} in flight, turn ${turn + 1}`);
    }
    const about = { bench: BENCH, network: ledger.name, listening, inFlight };
    for (const [which, { client }] of subjects.entries()) {
      print({ ...about, client, ...summaryOf(turns[which]!) });
    }
    print({ ...about, restToBare: ratioOf(turns[1]!, turns[0]!), target: 0.9, memoryMiB: this.memory });
  }
}

/** Waits until every listener has every event, and says what came and what the gateway's memory did. */
async function reportListeners(of: {
  readonly ledger: RunningLedger;
  readonly listeners: Listeners;
  readonly gateway: GatewayProcess;
  readonly memoryBefore: number;
  readonly memoryListening: number;
  readonly seen: readonly number[];
}): Promise<void> {
  const { ledger, listeners, gateway, memoryBefore, memoryListening, seen } = of;
  const came = await untilWhole(listeners);
  print({
    ...{ bench: BENCH, network: ledger.name, ...came, everyListenerHasEveryEvent: isWhole(came) },
    memoryMiB: {
      ...{ before: memoryBefore, listening: memoryListening, whileMeasured: seen },
      ...{ after: gateway.memoryMiB().now, peak: gateway.memoryMiB().peak },
    },
  });
  if (!isWhole(came)) process.exitCode = EXIT.failed;
}

answerHelp(`Usage: node gateway/dist/bench/signed-in.js

recordUpdate through the gateway's REST over TLS, signed in at an OpenID provider, against a bare Fabric client, in
turns in one run: first alone, then while event streams and webhooks take every event. JSON lines; exit status 1: a
listener lacks an event.
  TRANSACTIONS=64  of one turn
  TURNS=9          of each client
  IN_FLIGHT=16,64  transactions at once
  STREAMS=200      event streams
  WEBHOOKS=20      webhooks
  LEDGERS=embedded,raft   and bft; real ones need FABRIC_BIN_DIR
`);
await onEachLedger(BENCH, measureOn);
