// Kills a gateway without warning at every step of a submission, again and again, while clients send requests over a
// bad network (dropped, delayed and truncated, between clients and gateway and between gateway and peer) and repeat
// each with its Idempotency-Key until it is accepted. Each gateway takes the step a few times before it is killed
// there, so that it has accepted requests, which may be lost, and begun others, which may come twice. At the end the
// ledger is read: each accepted request is on it exactly once, under the transaction that the client was answered, and
// nothing else is. One JSON line per ledger with the sums and what was killed at each step; exit status 1 where a
// request is missing or twice. MUTANT gives the gateway a fault, which must be found.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EXIT } from '@consilium/command-line';
import { API_PREFIX, LEDGER_PATHS } from '@consilium/domain';
import { pino } from 'pino';
import { DEFAULT_LIMITS } from '../src/config.ts';
import { readConnection } from '../src/fabric/connection-file.ts';
import { FabricLedger } from '../src/fabric/fabric-ledger.ts';
import { createApiKey } from '../src/http/key-file.ts';
import { anotherDataset } from '../src/testing/another-dataset.ts';
import { registerMember } from '../src/testing/fabric-network.ts';
import { BadWire } from './kills/bad-wire.ts';
import { type Accepted, faultsOf, isFaulty } from './kills/faults.ts';
import { STEPS, type Step } from './kills/kill-at-step.ts';
import { MUTANTS } from './kills/mutate.ts';
import { answerHelp } from './on-ledger/answer-help.ts';
import { endsWithBench } from './on-ledger/interruption.ts';
import { onEachLedger, print, progress, type RunningLedger } from './on-ledger/ledgers.ts';

const BENCH = 'gateway/kills';
const KILLS = Number(process.env.KILLS ?? 24);
const CLIENTS = Number(process.env.CLIENTS ?? 4);
/** A gateway takes a step so many times at most before it is killed there. */
const TIMES_MAX = Number(process.env.TIMES ?? 8);
const SECONDS = Number(process.env.SECONDS ?? 24 * 3600);
const { MUTANT } = process.env;
if (MUTANT !== undefined && !Object.hasOwn(MUTANTS, MUTANT)) {
  throw new Error(`MUTANT must be one of ${Object.keys(MUTANTS).join(', ')}, not ${MUTANT}`);
}
/** A step that no request reaches for so long is killed from outside. */
const STEP_TIMEOUT_MS = 180_000;
const ANSWER_TIMEOUT_MS = 30_000;
const TO_GATEWAY = { cut: 0.3, cutAfterBytes: 2_500, delay: 0.2, delayMs: 40 };
const TO_PEER = { cut: 0.4, cutAfterBytes: 60_000, delay: 0.05, delayMs: 40 };

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
/** A fault first: the steps are seen at what the gateway then calls. */
const PRELOADS = ['./kills/mutate.js', './kills/kill-at-step.js'].flatMap((file) => [
  '--import',
  new URL(file, import.meta.url).href,
]);

class Gateways {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #directory: string;
  address: { host: string; port: number } | undefined;
  #child: ChildProcess | undefined;
  /** Begun until now. */
  lives = 0;

  constructor(directory: string, environment: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.#environment = environment;
  }

  /** Serves when this resolves, or was killed before it could. */
  async start(killAt: Step | undefined): Promise<ChildProcess> {
    this.lives += 1;
    const child = spawn(process.execPath, [...PRELOADS, MAIN], {
      env: {
        ...{ PATH: process.env.PATH, ...this.#environment },
        ...(killAt !== undefined && { KILL_AT: killAt, KILL_AT_TIME: drawTimes() }),
        ...(MUTANT !== undefined && { MUTANT }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endsWithBench(child);
    this.#child = child;
    await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
    if (child.exitCode !== null && child.exitCode !== 0)
      throw new Error(`the gateway ended with ${child.exitCode}`);
    if (child.signalCode === null) {
      this.address = JSON.parse(readFileSync(join(this.#directory, 'gateway.json'), 'utf8'));
    }
    return child;
  }

  async end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    }
    this.address = undefined;
  }

  async stop(): Promise<void> {
    if (this.#child !== undefined) await this.end(this.#child, 'SIGTERM');
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Whether it is the outcome of an attempt before. */
  readonly isReplay: boolean;
}

/** One attempt. @throws Error where no whole answer comes */
function post(port: number, key: string, datasetId: string): Promise<Answer> {
  const body = JSON.stringify(anotherDataset(datasetId));
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{
          host: 'localhost',
          port,
          method: 'POST',
          path: `${API_PREFIX}${LEDGER_PATHS['dataset:register']}`,
        },
        agent: new Agent({ keepAlive: false }),
        timeout: ANSWER_TIMEOUT_MS,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'idempotency-key': datasetId,
        },
      },
      async (answer) => {
        try {
          let text = '';
          for await (const piece of answer.setEncoding('utf8')) text += piece;
          const isReplay = answer.headers['idempotency-replayed'] === 'true';
          if (answer.complete) resolve({ status: answer.statusCode ?? 0, body: text, isReplay });
          else reject(new Error('truncated'));
        } catch (error) {
          reject(error);
        }
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', reject);
    sent.end(body);
  });
}

async function killOn(ledger: RunningLedger): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-kills-'));
  const connection = readConnection(ledger.connectionPath, 'Org1MSP');
  const log = pino({ level: 'silent' });
  const reader = new FabricLedger({ connection, chaincode: ledger.chaincode, limits: DEFAULT_LIMITS, log });
  const [host = '', port = ''] = connection.organisation.endpoint.split(':');
  const toPeer = await BadWire.to(() => ({ host, port: Number(port) }), TO_PEER, Math.random);
  const gateways = new Gateways(directory, environmentOf(ledger, directory, connection, toPeer.port));
  const toGateway = await BadWire.to(() => gateways.address, TO_GATEWAY, Math.random);
  const key = createApiKey({ path: join(directory, 'keys.json'), role: 'steward' }).key;
  const begins = await setUp(reader);
  const accepted = new Map<string, Accepted>();
  const refused: string[] = [];
  let attempts = 0;
  let acrossKills = 0;
  let replays = 0;
  let isOver = false;
  const run = randomBytes(4).toString('hex');
  const client = async (number: number) => {
    for (let at = 0; !isOver; at += 1) {
      const datasetId = `kill-${run}-${number}-${at}`;
      let begunIn: number | undefined;
      for (;;) {
        // Nobody listens: not even a bad network would carry anything.
        while (gateways.address === undefined) await sleep(50);
        attempts += 1;
        begunIn ??= gateways.lives;
        const answer = await post(toGateway.port, key, datasetId).catch(() => undefined);
        if (answer?.status === 201) {
          const { transactionId, blockNumber } = JSON.parse(answer.body);
          accepted.set(datasetId, { transactionId, blockNumber });
          if (begunIn !== gateways.lives) acrossKills += 1;
          if (answer.isReplay) replays += 1;
          break;
        }
        // Only what passes is sent again: a refusal would be of a request that was carried out already.
        if (answer !== undefined && answer.status < 500 && answer.status !== 429 && answer.status !== 408) {
          refused.push(`${datasetId}: ${answer.status} ${answer.body}`);
          break;
        }
        await sleep(20 + Math.random() * 80);
      }
    }
  };
  const killed = new Map<Step, number>(STEPS.map((step) => [step, 0]));
  let killedElsewhere = 0;
  const begunAtMs = Date.now();
  const endsAtMs = begunAtMs + SECONDS * 1000;
  try {
    // One that ends by itself leaves what it compiled to all that are killed.
    await gateways.end(await gateways.start(undefined), 'SIGTERM');
    const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
    for (let kill = 0; kill < KILLS && Date.now() < endsAtMs; kill += 1) {
      const step = STEPS[kill % STEPS.length]!;
      const child = await gateways.start(step);
      const late = AbortSignal.timeout(STEP_TIMEOUT_MS);
      const isReached = await (child.signalCode === null
        ? once(child, 'exit', { signal: late }).then(
            () => true,
            () => false,
          )
        : true);
      await gateways.end(child, 'SIGKILL');
      if (isReached) killed.set(step, killed.get(step)! + 1);
      else killedElsewhere += 1;
      if (kill % 20 === 19) {
        const seconds = Math.round((Date.now() - begunAtMs) / 1000);
        progress(`${BENCH}: ${ledger.name}, ${kill + 1} kills, ${accepted.size} accepted, ${seconds} s`);
      }
    }
    isOver = true;
    await gateways.start(undefined);
    await Promise.all(clients);
    await gateways.stop();
    const counts = await countOnLedger(reader, begins, `kill-${run}-`);
    const sums = { killedElsewhere, attempts, acrossKills, replays };
    const wires = [toGateway, toPeer];
    report({ ledger: ledger.name, killed, sums, accepted, refused, counts, wires });
  } finally {
    isOver = true;
    await gateways.stop();
    toGateway.close();
    toPeer.close();
    await reader.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

const drawTimes = (): string => String(1 + Math.floor(Math.random() * TIMES_MAX));

/** A connection file of this organisation alone, whose peer is behind the wire. */
function environmentOf(
  ledger: RunningLedger,
  directory: string,
  { channel, organisation }: ReturnType<typeof readConnection>,
  port: number,
): Record<string, string> {
  const path = join(directory, 'connection.json');
  const organisations = [{ ...organisation, endpoint: `localhost:${port}` }];
  writeFileSync(path, JSON.stringify({ channel, organisations }), { mode: 0o600 });
  return {
    CONSILIUM_CONNECTION: path,
    CONSILIUM_CHAINCODE: ledger.chaincode,
    CONSILIUM_API_KEYS: join(directory, 'keys.json'),
    CONSILIUM_DATA_DIR: directory,
    CONSILIUM_PORT: '0',
    CONSILIUM_LOG_LEVEL: 'silent',
    CONSILIUM_REQUESTS_PER_MINUTE: '1000000',
    // Starts again and again: what was compiled once is not compiled again.
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
  };
}

/** @returns the block at which to begin to read */
async function setUp(ledger: FabricLedger): Promise<number> {
  await registerMember(ledger);
  return ledger.height();
}

/** Valid transactions of the ledger by dataset, from a block on. */
async function countOnLedger(
  ledger: FabricLedger,
  from: number,
  prefix: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const last = `${prefix}last`;
  const call = { name: 'dataset:register', argument: anotherDataset(last), role: 'steward' } as const;
  await ledger.submit(call, () => {});
  const over = new AbortController();
  for await (const event of ledger.events({ from: { blockNumber: from }, signal: over.signal })) {
    const { datasetId } = event.payload as { datasetId?: string };
    if (datasetId === last) break;
    if (datasetId?.startsWith(prefix))
      found.set(datasetId, [...(found.get(datasetId) ?? []), event.transactionId]);
  }
  over.abort();
  return found;
}

function report(of: {
  readonly ledger: string;
  readonly killed: ReadonlyMap<Step, number>;
  readonly sums: {
    /** That did not reach their step in time. */
    readonly killedElsewhere: number;
    readonly attempts: number;
    /** Accepted by a later gateway than the first that was asked. */
    readonly acrossKills: number;
    /** Accepted with the outcome of an attempt before. */
    readonly replays: number;
  };
  readonly accepted: ReadonlyMap<string, Accepted>;
  readonly refused: readonly string[];
  readonly counts: ReadonlyMap<string, readonly string[]>;
  readonly wires: readonly BadWire[];
}): void {
  const { ledger, killed, sums, accepted, refused, counts, wires } = of;
  const faults = faultsOf({ accepted, refused, onLedger: counts });
  for (const text of refused) progress(`${BENCH}: ${ledger}: refused: ${text}`);
  const [toGateway, toPeer] = wires.map(({ counts: wire }) => wire);
  print({
    bench: BENCH,
    network: ledger,
    ...(MUTANT !== undefined && { mutant: MUTANT }),
    kills: [...killed.values()].reduce((sum, one) => sum + one, sums.killedElsewhere),
    killedAt: Object.fromEntries(killed),
    ...sums,
    accepted: accepted.size,
    onLedgerOnce: [...counts.values()].filter(({ length }) => length === 1).length,
    ...faults,
    toGateway,
    toPeer,
  });
  if (isFaulty(faults)) process.exitCode = EXIT.failed;
}

answerHelp(`Usage: node gateway/dist/bench/kills.js

Kills a gateway by SIGKILL at each step of a submission in turn, over a network that drops, delays and truncates, and
counts what the ledger has of the requests that were accepted, as JSON lines. Exit status 1: one is missing or twice.
  KILLS=24         in all, on each ledger
  CLIENTS=4        that send requests at the same time
  SECONDS=         after which no more kills begin
  TIMES=8          a gateway takes its step so many times at most before it is killed there
  MUTANT=          sends-twice, forgets-its-outbox or answers-early: a gateway with this fault, which must be found
  LEDGERS=embedded,raft   and bft; real ones need FABRIC_BIN_DIR
`);
await onEachLedger(BENCH, killOn);
