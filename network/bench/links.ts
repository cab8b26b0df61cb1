// How long a round takes between hospitals whose links are slow, beside rounds over the same links without delay, in
// one study of one consortium: each hospital on a host of its own (namespace, user, folder) with real Fabric and Kubo,
// founded by ceremony. The delay changes from round to round. One JSON line per ordering and number of hospitals. Needs
// root, FABRIC_BIN_DIR, Kubo and Python 3; see --help.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { EXIT } from '@consilium/command-line';
import { ledgerPath } from '@consilium/domain';
import { type Host, Hosts, whyNoHosts } from '../demo/apart/hosts.ts';
import { Room } from '../demo/apart/room.ts';
import { type DataSource, type DemoHospital, uciFiles } from '../demo/data-files.ts';
import { enrol, startStudy } from '../demo/enrolment.ts';
import type { RoundRow } from '../demo/ledger-rows.ts';
import { progressView } from '../demo/progress-view.ts';
import { StageClock } from '../demo/stage-clock.ts';
import { readStudyPlan } from '../demo/study-plan.ts';
import { watchStudy } from '../demo/study-watch.ts';
import { interrupted } from '../src/interruption.ts';
import { findHospitalPrograms, findKubo, whyNoFabric } from '../src/native/binaries.ts';
import { ownFolder } from '../src/programs.ts';
import { SlowSwitch } from './links/slow-switch.ts';

const HELP = `Usage: node links.js

Settings in the environment: ORDERINGS (raft,bft), HOSPITALS (4,8: multiples of four), DELAYS (0,20,40: milliseconds one
way; the first is what the others are compared with), TURNS (5) rounds of each delay.
`;
const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  process.stdout.write(HELP);
  process.exit(argument === '--help' ? EXIT.done : EXIT.unusable);
}
const listOf = (name: string, fallback: string): string[] => (process.env[name] ?? fallback).split(',');
const ORDERINGS = listOf('ORDERINGS', 'raft,bft') as ('raft' | 'bft')[];
const COUNTS = listOf('HOSPITALS', '4,8').map(Number);
const DELAYS = listOf('DELAYS', '0,20,40').map(Number);
const TURNS = Number(process.env.TURNS ?? 5);
/** The first rounds are of programs that have just started. */
const WARM_UP = 2;
const SAMPLES = 11;

const odd = COUNTS.find((count) => !(count > 0) || count % 4 !== 0);
if (odd !== undefined) {
  process.stderr.write(`HOSPITALS has ${odd}: give multiples of 4, since there are four files of patients\n`);
  process.exit(EXIT.unusable);
}

const signal = interrupted();
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The four UCI files, or each of them as two hospitals'. */
function hospitalsOf(count: number, directory: string): DataSource {
  const source = uciFiles(join(ownFolder, 'studies/heart-disease/data'));
  const halves = count / source.hospitals.length;
  const share = (hospital: DemoHospital, half: number): DemoHospital => {
    const own = join(directory, `${half}-${basename(hospital.file)}`);
    const lines = readFileSync(hospital.file, 'utf8').trimEnd().split('\n');
    writeFileSync(own, `${lines.filter((_, at) => at % halves === half).join('\n')}\n`);
    const [name, mspId] = [`${hospital.name}-${half + 1}`, hospital.mspId.replace('MSP', `${half + 1}MSP`)];
    return { ...hospital, name, mspId, datasetId: `${name}-heart`, file: own };
  };
  const hospitals = source.hospitals.flatMap((hospital) =>
    Array.from({ length: halves }, (_, half) => share(hospital, half)),
  );
  return { ...source, hospitals };
}

/** Milliseconds until another host's orderer has accepted a connection: one round trip. */
async function roundTripMs(hosts: Hosts, from: Host, to: Host): Promise<number> {
  const script = `const net = require('node:net'); const took = [];
    const next = () => { const begun = performance.now();
      const socket = net.connect(7050, '${to.address}', () => { took.push(performance.now() - begun); socket.destroy();
        if (took.length < ${SAMPLES}) next(); else console.log(JSON.stringify(took)); }); };
    next();`;
  const { stdout } = await hosts.run(from, [process.execPath, '-e', script]);
  return Number(medianOf(JSON.parse(stdout) as number[]).toFixed(1));
}

async function measure(ordering: 'raft' | 'bft', count: number, directory: string): Promise<object> {
  const source = hospitalsOf(count, directory);
  const names = source.hospitals.map(({ name }) => name);
  const slow = await SlowSwitch.for(count);
  const hosts = await Hosts.make(names, slow.connect);
  const room = new Room({ hosts, source, ordering, signal, say });
  try {
    await room.init();
    await room.found();
    await room.everywhere('up');
    await room.becomeReady();
    await room.openInside();
    const [first, second] = hosts.all as readonly [Host, Host];
    const roundTrips: Record<string, number> = {};
    for (const delay of DELAYS) {
      await slow.setDelay(delay);
      roundTrips[delay] = await roundTripMs(hosts, first, second);
    }
    await slow.setDelay(0);
    const sites = room.founders();
    const rounds = WARM_UP + TURNS * DELAYS.length;
    const { study, ...rest } = readStudyPlan(rounds);
    const plan = {
      ...rest,
      budget: { ...rest.budget, epsilon: '1000' },
      study: {
        ...study,
        // All but one: a round waits for no straggler.
        quorum: { updates: count - 1, validators: count - 1 },
        roundDeadlineSeconds: 600,
      },
    };
    const clock = new StageClock();
    const { studyId } = await enrol({
      ...{ sites, plan, source: room.source, clock, say, ipfsUrl: sites[1]!.ipfsUrl },
    });
    const delayOf = (round: number): number =>
      round <= WARM_UP ? 0 : DELAYS[(round - WARM_UP - 1) % DELAYS.length]!;
    await startStudy(sites[0]!, studyId);
    const view = progressView(process.stderr);
    const onRound = (round: number) => void slow.setDelay(delayOf(round));
    await watchStudy({ sites, studyId, rounds, fromBlock: 0, view, signal, onRound });
    const seconds = new Map<number, number[]>(DELAYS.map((delay) => [delay, []]));
    for (let round = WARM_UP + 1; round <= rounds; round++) {
      const row = await sites[0]!.client.get<RoundRow>(ledgerPath('round:get', { studyId, round }));
      seconds.get(delayOf(round))!.push((Date.parse(row.finalizedAt!) - Date.parse(row.openedAt)) / 1000);
    }
    const baseline = seconds.get(DELAYS[0]!)!;
    const rows = DELAYS.map((delay) => {
      const all = seconds.get(delay)!;
      const factor = medianOf(all.map((one, at) => one / baseline[at]!));
      return {
        delayMs: delay,
        roundTripMs: roundTrips[delay],
        seconds: all,
        median: medianOf(all),
        factor: Number(factor.toFixed(2)),
      };
    });
    return { rows, switch: await slow.end() };
  } finally {
    for (const one of room.inside) await one.close();
    await hosts.remove();
    slow.close();
  }
}

const notRun =
  whyNoFabric(findHospitalPrograms) ||
  (findKubo() === undefined ? 'not run: no Kubo (`make kubo`, or IPFS_BIN)' : whyNoHosts());
for (const ordering of ORDERINGS) {
  for (const count of COUNTS) {
    const what = { bench: 'network/links', ordering, hospitals: count };
    if (notRun) {
      process.stdout.write(`${JSON.stringify({ ...what, notRun })}\n`);
      continue;
    }
    const directory = mkdtempSync(join(tmpdir(), 'bench-links-'));
    try {
      const result = await measure(ordering, count, directory);
      process.stdout.write(`${JSON.stringify({ ...what, ...result })}\n`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}
