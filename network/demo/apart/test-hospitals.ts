// Four hospitals on hosts of their own found a channel and run the heart-disease study, each with its own
// commands, keys and processes, while much happens to them. Says how long each step takes, and leaves nothing behind,
// also after a failure.
import { join } from 'node:path';
import { findHospitalPrograms, findKubo, whyNoFabric } from '../../src/native/binaries.ts';
import { uciFiles } from '../data-files.ts';
import { progressView } from '../progress-view.ts';
import { StageClock } from '../stage-clock.ts';
import { readStudyPlan, type StudyPlan } from '../study-plan.ts';
import { runStudy } from '../study-run.ts';
import { summarise } from '../summarise.ts';
import { startCapture } from './capture.ts';
import { furtherStudy } from './further-study.ts';
import { Hosts, whyNoHosts } from './hosts.ts';
import { Room } from './room.ts';
import { type StepResult, StepRunner, StepsInStudy } from './run-steps.ts';
import { compareAccounts } from './steps/accounts.ts';
import { chooseSteps, planBeside } from './steps/choose-steps.ts';
import { readOthers, secretsInMailbox } from './steps/secrecy.ts';

export interface TestHospitalsOptions {
  /** The four UCI files. */
  readonly dataDirectory: string;
  readonly ordering: 'raft' | 'bft';
  readonly rounds: number | undefined;
  /** Names of the steps that are run; all where none is named. */
  readonly steps: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface TestHospitalsResult {
  readonly notRun?: string;
  readonly problems: readonly string[];
  readonly steps: readonly StepResult[];
  /** What took how long within steps. */
  readonly timed: Room['timed'];
}

/** What keeps it from running here; undefined where nothing does. */
function whyNot(): string | undefined {
  const notRun = whyNoFabric(findHospitalPrograms);
  if (notRun !== false) return notRun;
  if (findKubo() === undefined) return 'not run: no Kubo (`make kubo`, or IPFS_BIN)';
  return whyNoHosts();
}

/** Runs everything. The problems are what did not hold. What nothing can go on without is thrown, after the end. */
export async function testHospitals(options: TestHospitalsOptions): Promise<TestHospitalsResult> {
  const chosen = chooseSteps(options.steps);
  const notRun = whyNot();
  if (notRun !== undefined) return { notRun, problems: [], steps: [], timed: [] };
  const { dataDirectory, say } = options;
  const source = uciFiles(dataDirectory);
  const runner = new StepRunner(options);
  const names = source.hospitals.map(({ name }) => name);
  const hosts = await runner.must('make four hosts', () => Hosts.make(names));
  const room = new Room({ ...options, hosts, source });
  const open: { close(): unknown }[] = [];
  try {
    await runner.must('make identities', () => room.init());
    await runner.must('found the channel', () => room.found());
    const capture = await startCapture(room);
    open.push({ close: () => capture.child.kill('SIGKILL') });
    await runner.must('start four hospitals', () => room.everywhere('up'));
    await runner.must('agree on the chaincode', () => room.becomeReady());
    await runner.may('ask each doctor', () => room.doctors());
    await room.openInside();
    await runner.all(
      chosen.filter(({ when }) => when === 'before'),
      room,
    );
    const inStudy = new StepsInStudy(room);
    let isThrough = false;
    const beside = inStudy.run(chosen, runner).finally(() => {
      isThrough = true;
    });
    // It is awaited below. Where the study ends by an error first, all is still taken away.
    beside.catch(() => undefined);
    const plan = planBeside(chosen, readStudyPlan(options.rounds));
    const begun = await runner.may('run the study', () => study(room, plan, inStudy));
    for (let at = 2; begun && !isThrough && !options.signal.aborted; at++) {
      const went = await runner.may(`run study ${at}`, () => furtherStudy(room, plan, inStudy));
      if (!went) break;
    }
    inStudy.end();
    await beside;
    await runner.may('compare accounts', () => compareAccounts(room));
    await runner.all(
      chosen.filter(({ when }) => when === 'after'),
      room,
    );
    await runner.may('try to read the others', () => readOthers(room));
    await runner.may('look for secrets in the mailbox', async () => secretsInMailbox(room));
    await runner.may('read the capture', () => capture.problems(say));
    await runner.may('stop the hospitals', async () => {
      await room.everywhere('down');
      for (const one of room.inside) await one.close();
      return room.left();
    });
  } finally {
    for (const one of [...room.inside, ...open]) await one.close();
    await hosts.remove();
  }
  return { problems: runner.problems, steps: runner.results, timed: room.timed };
}

/** The demo's study with its invariants. */
async function study(room: Room, plan: StudyPlan, inStudy: StepsInStudy): Promise<string[]> {
  const { source, hosts, genesisSha256, ordering, signal } = room;
  const sites = room.founders();
  const { ipfsUrl } = sites[1]!;
  const clock = new StageClock();
  const organisations = sites.map(({ address }) => address);
  const addresses = { name: 'hospitals', channel: 'consortium', ipfsUrl, organisations };
  const facts = await runStudy({
    ...{ sites, plan, source, clock, addresses, signal },
    view: progressView(process.stderr),
    trust: { genesisSha256, chaincode: 'consilium', file: join(hosts.root, 'evidence.ndjson') },
    onRound: (studyId, round) => inStudy.begin(studyId, round),
    // What is checked must not be restarted meanwhile.
    onTrained: () => inStudy.pause(),
  });
  inStudy.goOn();
  for (const { name, seconds } of clock.stages) room.say(`  ${name} (${seconds.toFixed(1)} s)`);
  const summary = summarise({
    ...facts,
    ...{ sites, plan, addresses, stages: clock.stages },
    network: { runtime: 'native', ordering },
    data: { kind: source.kind, seed: null, own: null },
    peakMemory: null,
    consortiumDirectory: hosts.root,
    kept: false,
  });
  return summary.checks.filter(({ holds }) => !holds).map(({ name, detail }) => `${name}: ${detail}`);
}
