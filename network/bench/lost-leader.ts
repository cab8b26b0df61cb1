// How long a channel with four BFT orderers commits nothing after the one that leads was ended in good order, killed,
// or stopped for a minute. A client writes a transaction a second to one peer. One JSON line.
// TURNS=3 FAULTS=end,kill,stop; needs FABRIC_BIN_DIR; see --help.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '@consilium/command-line';
import fabricProtos from '@hyperledger/fabric-protos';
import { transact } from '../src/ceremonies/fabric-nodes.ts';
import { interrupted } from '../src/interruption.ts';
import { runBareLedger } from '../src/native/bare-ledger.ts';
import { whyNoFabric } from '../src/native/binaries.ts';
import { leadingOrderers } from '../src/native/leading-orderer.ts';
import { readState } from '../src/state-file.ts';

const HELP = `Usage: node lost-leader.js

Settings in the environment: TURNS (3) of each fault, FAULTS (end,kill,stop): the leading orderer is ended by SIGTERM
or SIGKILL and started again by its supervisor, or stopped for STOPPED_SECONDS (60). Needs FABRIC_BIN_DIR.
`;
const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  process.stdout.write(HELP);
  process.exit(argument === '--help' ? EXIT.done : EXIT.unusable);
}
const TURNS = Number(process.env.TURNS ?? 3);
const STOPPED_MS = Number(process.env.STOPPED_SECONDS ?? 60) * 1000;
const FAULTS = {
  end: (pid: number) => void process.kill(pid, 'SIGTERM'),
  kill: (pid: number) => void process.kill(pid, 'SIGKILL'),
  stop: async (pid: number) => {
    process.kill(pid, 'SIGSTOP');
    await sleep(STOPPED_MS).finally(() => process.kill(pid, 'SIGCONT'));
  },
};
type Fault = keyof typeof FAULTS;
const asked = (process.env.FAULTS ?? 'end,kill,stop').split(',');
const unknown = asked.find((name) => !Object.hasOwn(FAULTS, name));
if (unknown !== undefined) {
  process.stderr.write(`FAULTS has ${unknown}: give some of ${Object.keys(FAULTS).join(', ')}\n`);
  process.exit(EXIT.unusable);
}

const WRITE_EVERY_MS = 1000;
/** Written at most at one time: while nothing commits, more would say nothing. */
const IN_FLIGHT_MAX = 40;
const PATIENCE = { orderedWithinMs: 600_000, sendAgainAfterMs: 20_000 };
/** A fault may show in the next transaction only: so long nothing counts as over. */
const FAULT_SHOWS_MS = 8000;
/** So many transactions within so many milliseconds are the usual rate again. */
const USUAL = { transactions: 4, withinMs: 6000 };

const { lifecycle } = fabricProtos.peer;
const say = (line: string): void => void process.stderr.write(`network/lost-leader: ${line}\n`);
const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Writes at a steady rate, each time another row that matters to nobody, and knows when each was committed. */
class Writer {
  readonly #committedAt: number[] = [];
  #written = 0;
  #inFlight = 0;
  readonly #write: (name: string) => Promise<void>;

  constructor(write: (name: string) => Promise<void>) {
    this.#write = write;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#inFlight < IN_FLIGHT_MAX) void this.#one();
      await sleep(WRITE_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #one(): Promise<void> {
    this.#inFlight++;
    try {
      await this.#write(`nothing${this.#written++}`);
      this.#committedAt.push(Date.now());
    } catch (error) {
      say((error as Error).message);
    } finally {
      this.#inFlight--;
    }
  }

  /** Until transactions commit at the usual rate, all of them later than `since`. */
  async settle(since: number, signal: AbortSignal): Promise<void> {
    const isUsual = () => {
      const recent = Math.max(since, Date.now() - USUAL.withinMs);
      return this.#committedAt.filter((at) => at > recent).length >= USUAL.transactions;
    };
    while (!isUsual()) await sleep(WRITE_EVERY_MS / 4, undefined, { signal });
  }

  /** The longest time without a commit since then, in seconds. */
  longestPause(since: number): number {
    const times = [since, ...this.#committedAt.filter((at) => at > since).toSorted((a, b) => a - b)];
    const pauses = times.slice(1).map((at, before) => at - times[before]!);
    return Math.max(...pauses) / 1000;
  }
}

interface ConnectionFile {
  readonly channel: string;
  readonly organisations: readonly [
    {
      readonly mspId: string;
      readonly endpoint: string;
      readonly tlsRootCertificate: string;
      readonly clients: { readonly admin: { readonly certificate: string; readonly privateKey: string } };
    },
  ];
}

function writerTo(connectionFile: string): Writer {
  const { channel, organisations } = JSON.parse(readFileSync(connectionFile, 'utf8')) as ConnectionFile;
  const [{ mspId, endpoint, tlsRootCertificate, clients }] = organisations;
  const { certificate, privateKey } = clients.admin;
  const asking = { channel, identity: { mspId, certificate, key: privateKey } };
  const source = new lifecycle.ChaincodeSource();
  source.setUnavailable(new lifecycle.ChaincodeSource.Unavailable());
  return new Writer(async (name) => {
    const approval = new lifecycle.ApproveChaincodeDefinitionForMyOrgArgs();
    approval.setName(name);
    approval.setVersion('1');
    approval.setSequence(1);
    approval.setEndorsementPlugin('escc');
    approval.setValidationPlugin('vscc');
    approval.setSource(source);
    const call = {
      ...{ chaincode: '_lifecycle', function: 'ApproveChaincodeDefinitionForMyOrg' },
      ...{ argument: approval.serializeBinary(), organisations: [mspId] },
    };
    await transact({ address: endpoint, tlsRoots: tlsRootCertificate }, call, asking, PATIENCE);
  });
}

/** Seconds without a commit of each turn of each fault. */
async function measure(writer: Writer, directory: string, signal: AbortSignal) {
  const pauses = new Map<Fault, number[]>();
  for (let turn = 1; turn <= TURNS; turn++) {
    for (const fault of asked as Fault[]) {
      await writer.settle(Date.now(), signal);
      const leader = (await leadingOrderers(directory))?.at(-1);
      const pid = readState(directory)?.services.find(({ name }) => name === leader)?.process?.pid;
      if (pid === undefined)
        throw new Error(`the process of ${leader ?? 'the leading orderer'} is not known`);
      const since = Date.now();
      await FAULTS[fault](pid);
      await sleep(FAULT_SHOWS_MS, undefined, { signal });
      await writer.settle(since + FAULT_SHOWS_MS / 2, signal);
      const pause = writer.longestPause(since);
      say(`turn ${turn} of ${TURNS}, ${fault} of ${leader}: ${pause.toFixed(1)} s without a commit`);
      pauses.set(fault, [...(pauses.get(fault) ?? []), pause]);
    }
  }
  return [...pauses].map(([fault, seconds]) => ({ fault, seconds, median: medianOf(seconds) }));
}

const what = { bench: 'network/lost-leader', ordering: 'bft', orderers: 4 };
const notRun = whyNoFabric();
if (notRun) {
  process.stdout.write(`${JSON.stringify({ ...what, notRun })}\n`);
  process.exit(EXIT.done);
}
const ended = new AbortController();
const signal = AbortSignal.any([interrupted(), ended.signal]);
const root = mkdtempSync(join(tmpdir(), 'bench-lost-leader-'));
const directory = join(root, 'ledger');
try {
  const ready = Promise.withResolvers<string>();
  const network = runBareLedger(
    { ordering: 'bft', organisations: 1, directory, report: say, signal },
    ready.resolve,
  );
  const writer = writerTo(await Promise.race([ready.promise, network.then(() => ready.promise)]));
  const writing = writer.run(signal);
  try {
    process.stdout.write(
      `${JSON.stringify({ ...what, faults: await measure(writer, directory, signal) })}\n`,
    );
  } finally {
    ended.abort();
    await Promise.all([network, writing]);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
