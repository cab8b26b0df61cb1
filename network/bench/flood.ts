// How long an honest study's rounds take while one member does its worst within its rights, beside quiet rounds of the
// same run. Four hospitals with synthetic patients, whole (gateways, trainers, IPFS); three of them train, the fourth
// floods (gateway/bench/flood/flooding-member.ts). In the world its machine is its own: here it and its hospital's
// processes have the lowest priority, so that what is measured is what the flood costs at the others. One JSON line per
// ledger. LEDGERS=embedded,raft QUIET=3 FLOODED=3 AFTER=2 (rounds) IN_FLIGHT=2; see --help.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '@consilium/command-line';
import { LOCAL_ROUTES, ledgerPath } from '@consilium/domain';
import { stringify } from 'yaml';
import { syntheticFiles } from '../demo/data-files.ts';
import { enrol, type Site, startStudy } from '../demo/enrolment.ts';
import { HospitalClient } from '../demo/hospital-client.ts';
import type { RoundRow } from '../demo/ledger-rows.ts';
import { readJsonFile } from '../demo/read-json-file.ts';
import { StageClock } from '../demo/stage-clock.ts';
import { readStudyPlan } from '../demo/study-plan.ts';
import { readConsortium } from '../src/config.ts';
import { interrupted } from '../src/interruption.ts';
import { type LedgerNetwork, ordererOf } from '../src/ledger-network.ts';
import { ownFolder } from '../src/programs.ts';
import type { Addresses } from '../src/runtime.ts';
import { readSecrets } from '../src/secrets.ts';
import { type DetachedConsortium, startDetached } from '../src/start-detached.ts';
import { readState, writeWhole } from '../src/state-file.ts';
import { ELSE, type Leader, prioritise, processorsBetween, processorTime } from './flood/processor-time.ts';

const BENCH = 'network/flood';
const HELP = `Usage: node flood.js

Settings in the environment: LEDGERS (embedded,raft; real Fabric needs FABRIC_BIN_DIR), rounds QUIET (3), FLOODED (3)
and AFTER (2), IN_FLIGHT (2) requests of each kind at each peer, LONGEST_FLOOD_SECONDS (300). The flooding member and
its hospital's processes run with FLOODER_PRIORITY (19, as of nice), all else with PRIORITY (0; less takes root). Rounds
during which the rest of the machine used more than ELSE_MAX (0.4) processors are repeated, up to SPARE (6) of a kind.
`;
const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  process.stdout.write(HELP);
  process.exit(argument === '--help' ? EXIT.done : EXIT.unusable);
}
const numberOf = (name: string, fallback: number): number => Number(process.env[name] ?? fallback);
const ROUNDS = { quiet: numberOf('QUIET', 3), flooded: numberOf('FLOODED', 3), after: numberOf('AFTER', 2) };
const IN_FLIGHT = numberOf('IN_FLIGHT', 2);
const FLOOD_SECONDS = numberOf('LONGEST_FLOOD_SECONDS', 300);
/** As of `nice`. */
const PRIORITY = { flooder: numberOf('FLOODER_PRIORITY', 19), others: numberOf('PRIORITY', 0) };
/** Rounds of each kind that may be repeated, and that may pass before the flood is under way. */
const SPARE = numberOf('SPARE', 6);
const ALL = ROUNDS.quiet + ROUNDS.flooded + ROUNDS.after + 3 + 4 * SPARE;
const FLOODER = join(ownFolder, '..', 'gateway/dist/bench/flood/flooding-member.js');
const NETWORKS: Readonly<Record<string, LedgerNetwork>> = {
  embedded: { runtime: 'embedded' },
  raft: { runtime: 'native', ordering: 'raft' },
  bft: { runtime: 'native', ordering: 'bft' },
};
const signal = interrupted();
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const secondsOf = ({ row: { openedAt, finalizedAt } }: WatchedRound): number =>
  (Date.parse(finalizedAt ?? '') - Date.parse(openedAt)) / 1000;

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

interface WatchedRound {
  readonly row: RoundRow;
  /** In use on average while it ran, by service; undefined where the system does not say. */
  readonly processors: Readonly<Record<string, number>> | undefined;
}

interface WatchedRounds {
  readonly counted: readonly WatchedRound[];
  readonly disturbed: readonly WatchedRound[];
}

/** Processors that everything else on the machine may use on average in a round that counts. */
const ELSE_MAX = numberOf('ELSE_MAX', 0.4);
const elseIn = ({ processors }: WatchedRound): number => processors?.[ELSE] ?? 0;

const summaryOf = ({ counted, disturbed }: WatchedRounds) => ({
  seconds: counted.map(secondsOf),
  processors: counted.map(({ processors }) => processors),
  disturbed: disturbed.map((round) => ({ seconds: secondsOf(round), [ELSE]: elseIn(round) })),
});

class Rounds {
  readonly #client: HospitalClient;
  readonly #studyId: string;

  constructor(client: HospitalClient, studyId: string) {
    this.#client = client;
    this.#studyId = studyId;
  }

  /** The number of the round that is under way, from one on. */
  async latest(from: number): Promise<number> {
    for (let round = from; ; round += 1) {
      const path = ledgerPath('round:get', { studyId: this.#studyId, round: round + 1 });
      const next = await this.#client.get<RoundRow>(path).catch(() => undefined);
      if (next === undefined) return round;
    }
  }

  /** Resolves with a round once it is over. */
  async over(round: number, untilMs = Infinity): Promise<RoundRow | undefined> {
    for (;;) {
      const row = await this.#client
        .get<RoundRow>(ledgerPath('round:get', { studyId: this.#studyId, round }))
        .catch(() => undefined);
      if (row?.state === 'finalized') return row;
      if (row?.state === 'aborted') throw new Error(`round ${round} was aborted: ${row.reason}`);
      if (Date.now() > untilMs) return undefined;
      await sleep(300, undefined, { signal });
    }
  }
}

/** One round after the other, with what the machine did meanwhile. */
class Watch {
  readonly leaders: Leader[];
  readonly #name: string;
  readonly #rounds: Rounds;
  #number = 0;

  constructor({ name, rounds, leaders }: { name: string; rounds: Rounds; leaders: readonly Leader[] }) {
    this.leaders = [...leaders];
    this.#name = name;
    this.#rounds = rounds;
  }

  /** Goes on to the round after the one that is under way. */
  async skip(): Promise<void> {
    this.#number = await this.#rounds.latest(this.#number + 1);
    await this.#rounds.over(this.#number);
  }

  async round(when: string, untilMs = Infinity): Promise<WatchedRound | undefined> {
    const from = processorTime(this.leaders);
    const row = await this.#rounds.over(this.#number + 1, untilMs);
    if (row === undefined) return undefined;
    this.#number += 1;
    const round = { row, processors: processorsBetween(from, processorTime(this.leaders)) };
    say(
      `${this.#name}: round ${row.round} took ${secondsOf(round)} s ${when}, ${elseIn(round)} processors elsewhere`,
    );
    return round;
  }

  /** So many rounds, or fewer where the time is over. Rounds while the machine did much else are repeated. */
  async undisturbed(count: number, when: string, untilMs = Infinity): Promise<WatchedRounds> {
    const all: WatchedRound[] = [];
    const calm = () => all.filter((round) => elseIn(round) <= ELSE_MAX);
    while (calm().length < count && all.length < count + SPARE) {
      const round = await this.round(when, untilMs);
      if (round === undefined) break;
      all.push(round);
    }
    // Where there are too few, the least disturbed ones count too.
    const counted = all.toSorted((a, b) => elseIn(a) - elseIn(b)).slice(0, count);
    return { counted, disturbed: all.filter((round) => !counted.includes(round)) };
  }
}

/** Starts a flood, and resolves once all of it is under way. `end` stops the flood and gives what it did. */
async function startFlood(environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [FLOODER], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment, SECONDS: String(FLOOD_SECONDS), IN_FLIGHT: String(IN_FLIGHT) },
    detached: true,
  });
  prioritise(child.pid!, PRIORITY.flooder);
  const lines: string[] = [];
  const begun = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      resolve();
    });
  });
  const ended = once(child, 'close');
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const end = async (): Promise<unknown> => {
    child.stdin.end();
    const late = setTimeout(kill, 60_000);
    await ended;
    clearTimeout(late);
    process.off('exit', kill);
    return JSON.parse(lines.at(-1) ?? 'null');
  };
  await Promise.race([begun, ended]);
  return { pid: child.pid!, end };
}

async function measure(name: string, network: LedgerNetwork, directory: string): Promise<object> {
  const source = syntheticFiles(1, join(directory, 'cohorts'));
  const state = join(directory, 'consortium');
  const base = readConsortium(join(ownFolder, 'consortium.yaml'));
  const configFile = join(directory, 'consortium.yaml');
  const organisations = source.hospitals.map(({ name: hospital, mspId, title }) => ({
    name: hospital,
    mspId,
    title,
    trainer: { dataFolders: [source.directory] },
  }));
  const orderer = network.runtime === 'native' ? { orderer: { ...base.orderer, ...ordererOf(network) } } : {};
  writeWhole(configFile, stringify({ ...base, runtime: network.runtime, ...orderer, organisations }));
  let consortium: DetachedConsortium | undefined;
  let end: (() => Promise<unknown>) | undefined;
  try {
    consortium = await startDetached({ configFile, directory: state, report: say, signal });
    const addresses = readJsonFile<Addresses>(join(state, 'consortium.json'));
    const urlOf = (mspId: string) => addresses.organisations.find((one) => one.mspId === mspId)!.gatewayUrl;
    const sites = source.hospitals.map((hospital): Site => {
      const keys = readSecrets(state, hospital.name).gateway;
      return { hospital, client: new HospitalClient({ url: urlOf(hospital.mspId), keys, signal }) };
    });
    const flooder = sites.at(-1)!;
    const honest = sites.slice(0, -1);
    const { study, ...rest } = readStudyPlan(ALL);
    const quorum = { updates: 2, validators: 2 };
    const plan = { ...rest, budget: { ...rest.budget, epsilon: '1000' }, study: { ...study, quorum } };
    const key = await flooder.client.get<object>(LOCAL_ROUTES.getEncryptionKey.path);
    await flooder.client.post(ledgerPath('member:register', {}), 'operator', {
      title: flooder.hospital.title,
      ...key,
    });
    const { studyId } = await enrol({
      ...{ sites: honest, plan, source, say, ipfsUrl: addresses.ipfsUrl },
      clock: new StageClock(),
    });
    const leaders = readState(state)!.services.map(({ name: service, organisation, process: running }) => ({
      name: service,
      pid: running!.pid,
      // Its machine is its own.
      givesWay: organisation === flooder.hospital.name,
    }));
    if (PRIORITY.others !== 0) prioritise(process.pid, PRIORITY.others);
    for (const { pid, givesWay } of leaders) {
      if (givesWay) prioritise(pid, PRIORITY.flooder);
      else if (PRIORITY.others !== 0) prioritise(pid, PRIORITY.others);
    }
    const rounds = new Rounds(honest[0]!.client, studyId);
    await startStudy(honest[0]!, studyId);
    const watch = new Watch({ name, rounds, leaders: [...leaders, { name: 'bench', pid: process.pid }] });
    // The first one is of programs that have just started.
    await watch.round('at the start');
    const quiet = await watch.undisturbed(ROUNDS.quiet, 'in quiet');
    const ledger = join(state, network.runtime === 'native' ? 'fabric' : 'ledger', 'organisations');
    const connections = [flooder, ...honest].map(({ hospital }) => join(ledger, `${hospital.mspId}.json`));
    const flooding = await startFlood({
      CONNECTIONS: connections.join(','),
      STUDY: studyId,
      GATEWAYS: honest.map(({ client }) => client.url).join(','),
    });
    end = flooding.end;
    const beganMs = Date.now();
    watch.leaders.push({ name: 'flooding member', pid: flooding.pid });
    // The round in flight when the flood begins is of both.
    await watch.skip();
    const flooded = await watch.undisturbed(
      ROUNDS.flooded,
      'under the flood',
      beganMs + FLOOD_SECONDS * 1000,
    );
    const endedMs = Date.now();
    const floodSeconds = (endedMs - beganMs) / 1000;
    const flood = await end();
    end = undefined;
    watch.leaders.pop();
    const first = await watch.round('as the flood ends');
    const after = await watch.undisturbed(ROUNDS.after, 'after the flood');
    const quietSeconds = medianOf(quiet.counted.map(secondsOf));
    const floodedSeconds = medianOf(flooded.counted.map(secondsOf));
    const backSeconds = (Date.parse(first!.row.finalizedAt!) - endedMs) / 1000 - quietSeconds;
    return {
      quietSeconds,
      floodedSeconds,
      factor: Number((floodedSeconds / quietSeconds).toFixed(2)),
      worstFactor: Number((Math.max(...flooded.counted.map(secondsOf)) / quietSeconds).toFixed(2)),
      backAfterSeconds: Number(Math.max(0, backSeconds).toFixed(1)),
      afterSeconds: medianOf(after.counted.map(secondsOf)),
      rounds: { quiet: summaryOf(quiet), flooded: summaryOf(flooded), after: summaryOf(after) },
      inFlight: IN_FLIGHT,
      priority: PRIORITY,
      givesWay: leaders.filter(({ givesWay }) => givesWay).map(({ name: service }) => service),
      floodSeconds,
      flood,
    };
  } finally {
    await end?.();
    await consortium?.stop();
  }
}

for (const name of (process.env.LEDGERS ?? 'embedded,raft').split(',')) {
  const network = NETWORKS[name];
  if (network === undefined)
    throw new Error(`LEDGERS has ${name}: known are ${Object.keys(NETWORKS).join(', ')}`);
  const missing = network.runtime === 'native' && (process.env.FABRIC_BIN_DIR ?? '') === '';
  const notRun = !existsSync(FLOODER)
    ? `${FLOODER} is not built`
    : missing
      ? 'FABRIC_BIN_DIR does not say where a real Fabric is'
      : undefined;
  if (notRun !== undefined) {
    process.stdout.write(`${JSON.stringify({ bench: BENCH, network: name, notRun })}\n`);
    continue;
  }
  const directory = mkdtempSync(join(tmpdir(), 'bench-flood-'));
  try {
    const result = await measure(name, network, directory);
    process.stdout.write(`${JSON.stringify({ bench: BENCH, network: name, ...result })}\n`);
  } finally {
    if (process.env.KEEP === undefined) rmSync(directory, { recursive: true, force: true });
    else say(`kept ${directory}`);
  }
}
