// The operator's command line: up, down, status, demo, conformance, ledger, cohorts. Each command loads its own code.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  COMMON_OPTIONS,
  EXIT,
  exitStatusLine,
  oneOf,
  readArguments,
  refuseMore,
  required,
  runProgram,
  UsageError,
  wholeNumber,
} from '@consilium/command-line';
import { CEREMONY_COMMANDS } from './ceremonies/command-names.ts';
import { changesSinceStart, keepStarted } from './changed-file.ts';
import { type InterruptedError, interrupted } from './interruption.ts';
import { type LedgerNetwork, type NativeLedger, ORDERERS } from './ledger-network.ts';
import { leadingOrderers } from './native/leading-orderer.ts';
import { planConsortium } from './plan-consortium.ts';
import { ownFolder } from './programs.ts';
import { startDetached } from './start-detached.ts';
import { consortiumStatus, statusText } from './status.ts';
import { stopConsortium } from './stop.ts';

const HELP = `consilium-network: one consortium on this machine

  consilium-network up      [--config FILE] [--dir DIR] [--foreground] [--json]
      Starts the consortium of FILE (default network/consortium.yaml) and returns when every part answers.
      DIR (default .consortium) keeps ledger, keys, ports and logs. With --foreground it stays until Ctrl-C.
      While it runs, says what FILE has otherwise than at the start, and exits with 1 if there is something.
  consilium-network down    [--dir DIR] [--json]
      Stops all that runs in DIR, also after the supervisor was killed.
  consilium-network status  [--dir DIR] [--json]
      Shows each process: state, pid, port, memory, uptime; and which orderer leads. Exits with 3 if not everything
      runs.
  consilium-network demo    [--data DIR] [--seed N] [--rounds N] [--out DIR] [--keep] [--json]
                            [--runtime embedded|native] [--ordering raft|bft] [--orderers N]
      Hospitals train one model. The patients are synthetic (from seed N, default 1) or, with --data, those of the
      four UCI heart-disease files in DIR, or of your own: one CSV file per hospital, dictionary.json and study.json
      (docs/tutorials/first-study.md says how). Writes OUT/summary.json (OUT: default out/demo). --keep leaves
      the consortium running. --runtime native runs it on a real Fabric, whose binaries are in FABRIC_BIN_DIR.
  consilium-network conformance [--runtime embedded|native] [--ordering raft|bft] [--orderers N]
                                [--out DIR] [--json]
      Asks a ledger the questions of the conformance suites: the embedded stand-in, or a real Fabric network that
      it starts in OUT (default out/conformance) and stops again. Exits with 1 if an answer differs from Fabric's.
  consilium-network ledger  --dir DIR [--ordering raft|bft] [--organisations N]
      Starts a real Fabric network of N organisations (default 3) with the chaincode alone, for programs that bring
      their own clients. Prints {"ready":true,"connection":FILE} and runs until it is stopped. DIR must be new.
  consilium-network test-hospitals [--data DIR] [--ordering raft|bft] [--rounds N] [--steps NAME,NAME] [--json]
      Four hospitals on four hosts (namespaces and users of this machine; needs root, Fabric, Kubo and Python) found
      a channel and run the study of the demo, while much happens to them (--steps: only some of it; \`all\`: also the
      steps that take minutes, second-peer and rolling-restart). Says how long each step takes and what did not hold,
      and \`not run\` where it cannot.
  consilium-network drill-restore [--data DIR] [--ordering raft|bft] [--json]
      On the same four hosts one hospital is destroyed while a study runs, and restored on another host from an older
      and from the newest backup. Compares what it has with what the others have, and says how long each part takes.
  consilium-network config-check [--config FILE | --hospital FILE] [--json]
      Reads a consortium.yaml, also one of hospitals apart, and says in words what such a consortium withstands. With
      a hospital.yaml it reads the consortium.yaml that this one names, and compares the ports of both.
  consilium-network hospital init|found|up|down|status|restart|upgrade|renew|revoke|probe|logs|doctor|… --hospital FILE
      One organisation on its own host: \`consilium-network hospital --help\`.
  consilium-network person request|accept --ticket FILE --folder FOLDER
      An identity with a key of one's own: \`consilium-network person --help\`.
  consilium-network cohorts --out DIR [--seed N]
      Writes the four synthetic hospitals' files.
  consilium-network propose|review|sign|submit …
      Ceremonies: how organisations that each hold their own keys change a channel. See \`propose --help\`.

${exitStatusLine(['done', 'failed', 'unusable', 'notRunning', 'bug'])}
A demo has failed if one of its checks fails. A signal gives 128 and its number (0 for \`ledger\` and
\`up --foreground\`, which run until one does), and 141 means that nobody reads the output.
`;

const OPTIONS = {
  config: { type: 'string' },
  hospital: { type: 'string' },
  dir: { type: 'string' },
  data: { type: 'string' },
  out: { type: 'string' },
  seed: { type: 'string' },
  rounds: { type: 'string' },
  steps: { type: 'string' },
  runtime: { type: 'string' },
  ordering: { type: 'string' },
  orderers: { type: 'string' },
  organisations: { type: 'string' },
  keep: { type: 'boolean', default: false },
  foreground: { type: 'boolean', default: false },
  ...COMMON_OPTIONS,
} as const;

const readOptions = (args: readonly string[]) => readArguments(args, OPTIONS);
type Values = ReturnType<typeof readOptions>['values'];

const print = (line: string) => process.stdout.write(`${line}\n`);
const note = (line: string) => process.stderr.write(`${line}\n`);

function networkOf({ runtime: runtimeText, ordering: orderingText, orderers: count }: Values): LedgerNetwork {
  const runtime = oneOf(runtimeText, 'runtime', ['embedded', 'native']) ?? 'embedded';
  const ordering = oneOf(orderingText, 'ordering', ['raft', 'bft']);
  const orderers = wholeNumber(count, 'orderers', { least: 1 });
  if (runtime === 'native')
    return orderedBy({ runtime, ordering: ordering ?? 'raft', ...(orderers && { orderers }) });
  if (ordering !== undefined) throw new UsageError('--ordering needs --runtime native');
  if (orderers !== undefined) throw new UsageError('--orderers needs --runtime native');
  return { runtime };
}

function orderedBy(network: NativeLedger): NativeLedger {
  const { ordering, orderers } = network;
  const allowed: readonly number[] = ORDERERS[ordering];
  if (orderers === undefined || allowed.includes(orderers)) return network;
  throw new UsageError(
    `--orderers must be ${allowed.join(' or ')} with ${ordering} ordering, not ${orderers}`,
  );
}

const directoryOf = (values: Values): string => resolve(values.dir ?? '.consortium');
const configOf = (values: Values): string => values.config ?? join(ownFolder, 'consortium.yaml');

async function up(values: Values): Promise<number> {
  const directory = directoryOf(values);
  const configFile = configOf(values);
  const { readConsortium } = await import('./config.ts');
  const consortium = readConsortium(configFile);
  const say = values.json ? note : print;
  const signal = interrupted();
  const before = consortiumStatus(directory);
  if (before.state !== 'stopped' && before.state !== 'orphaned') {
    if (values.json) print(JSON.stringify(before));
    else print(`${before.name} is already ${before.state}; \`status\` shows it, \`down\` stops it.`);
    const changed = before.state === 'running' ? changesSinceStart(directory, consortium) : [];
    if (changed.length === 0) return EXIT.done;
    for (const change of changed) note(`${configFile}: ${change}`);
    note(
      'It runs as it was started. `down`, then `up`, starts what the file says now, or says why it cannot.',
    );
    return EXIT.failed;
  }
  const plan = () => planConsortium(consortium, directory);
  if (values.foreground) {
    const { supervise } = await import('./supervise.ts');
    const { writeWatching } = await import('./watching/write-watching.ts');
    const started = (services: readonly string[]) => {
      keepStarted(directory, consortium);
      writeWatching(directory, { consortium, services });
    };
    return untilStopped(signal, () => supervise({ consortium, directory, plan, started, say, signal }));
  }
  say(`Starting ${consortium.name}: ${consortium.organisations.length} organisations in ${directory}`);
  const running = await startDetached({ configFile, directory, report: (line) => say(`  ${line}`), signal });
  running.letGo();
  const status = consortiumStatus(directory);
  if (values.json) print(JSON.stringify(status));
  else {
    process.stdout.write(`\n${statusText(status)}`);
    for (const { name } of consortium.organisations) {
      const gateway = status.processes.find((one) => one.name === `gateway-${name}`);
      if (typeof gateway?.url === 'string') print(`console of ${name}: ${gateway.url}/console/`);
      print(`keys of ${name}: ${join(directory, name, 'keys.json')}`);
    }
  }
  return EXIT.done;
}

async function down(values: Values): Promise<number> {
  const stopped = await stopConsortium(directoryOf(values));
  if (values.json) print(JSON.stringify({ stopped }));
  else print(stopped === 0 ? 'Nothing was running.' : `Stopped ${stopped} processes.`);
  return EXIT.done;
}

async function status(values: Values): Promise<number> {
  const directory = directoryOf(values);
  const found = consortiumStatus(directory);
  const leaders = found.state === 'stopped' ? undefined : await leadingOrderers(directory);
  if (values.json) print(JSON.stringify({ ...found, leaders: leaders ?? null }));
  else process.stdout.write(statusText(found, leaders));
  const allRun = found.state === 'running' && found.processes.every(({ state }) => state === 'running');
  return allRun ? EXIT.done : EXIT.notRunning;
}

async function cohorts(values: Values): Promise<number> {
  const out = required(values.out, 'out');
  const { writeCohorts } = await import('../cohorts/cohorts.ts');
  for (const path of writeCohorts(wholeNumber(values.seed, 'seed') ?? 1, out)) print(path);
  return EXIT.done;
}

async function configCheck(values: Values): Promise<number> {
  const { checkConfiguration, checkHospital } = await import('./hospital/config-check.ts');
  const { hospital, config } = values;
  if (hospital !== undefined && config !== undefined)
    throw new UsageError('give either --config FILE or --hospital FILE, whose consortium.yaml is read then');
  const checked = hospital === undefined ? checkConfiguration(configOf(values)) : checkHospital(hospital);
  if (values.json) print(JSON.stringify(checked));
  else for (const line of [`consortium.yaml ${checked.sha256}`, ...checked.sentences]) print(line);
  return EXIT.done;
}

const drillRestore = (values: Values): Promise<number> =>
  hospitals({ ...values, rounds: values.rounds ?? '1', steps: 'restore-organisation' });

async function hospitals(values: Values): Promise<number> {
  const say = values.json ? note : print;
  const { testHospitals } = await import('../demo/apart/test-hospitals.ts');
  const result = await testHospitals({
    dataDirectory: values.data ?? join(ownFolder, 'studies/heart-disease/data'),
    ordering: oneOf(values.ordering, 'ordering', ['raft', 'bft']) ?? 'bft',
    rounds: wholeNumber(values.rounds, 'rounds', { least: 1 }),
    steps: values.steps?.split(','),
    signal: interrupted(),
    say,
  });
  if (values.json) print(JSON.stringify(result));
  say(result.notRun ?? (result.problems.join('\n') || 'Everything holds.'));
  return result.problems.length === 0 ? EXIT.done : EXIT.failed;
}

async function demo(values: Values): Promise<number> {
  const { runDemo } = await import('../demo/demo.ts');
  const holds = await runDemo({
    dataDirectory: values.data,
    outDirectory: resolve(values.out ?? 'out/demo'),
    seed: wholeNumber(values.seed, 'seed') ?? 1,
    rounds: wholeNumber(values.rounds, 'rounds', { least: 1 }),
    network: networkOf(values),
    keep: values.keep,
    json: values.json,
    signal: interrupted(),
  });
  return holds ? EXIT.done : EXIT.failed;
}

async function conformance(values: Values): Promise<number> {
  const say = values.json ? note : print;
  const { judge } = await import('./conformance/conformance.ts');
  const { conforms } = await import('./conformance/suites.ts');
  const counts = await judge({
    network: networkOf(values),
    directory: resolve(values.out ?? 'out/conformance'),
    say,
    signal: interrupted(),
  });
  for (const { suite, tests, passed, failed, notRun } of counts) {
    say(`${suite}: ${tests} questions, ${passed} answered as Fabric does, ${failed} not, ${notRun} not run`);
  }
  if (values.json) print(JSON.stringify(counts));
  return conforms(counts) ? EXIT.done : EXIT.failed;
}

async function ledger(values: Values): Promise<number> {
  const directory = resolve(required(values.dir, 'dir'));
  if (existsSync(join(directory, 'fabric')))
    throw new UsageError(`--dir ${values.dir} holds a network already`);
  const signal = interrupted();
  const options = {
    ordering: oneOf(values.ordering, 'ordering', ['raft', 'bft']) ?? 'raft',
    organisations: wholeNumber(values.organisations, 'organisations', { least: 1 }) ?? 3,
    directory,
    report: note,
    signal,
  };
  const { runBareLedger } = await import('./native/bare-ledger.ts');
  const ready = (connection: string) => print(JSON.stringify({ ready: true, connection }));
  return untilStopped(signal, async () => {
    await runBareLedger(options, ready);
    return EXIT.done;
  });
}

/** The status of what runs until a signal stops it, which is then no failure; output that nobody reads is one. */
async function untilStopped(signal: AbortSignal, work: () => Promise<number>): Promise<number> {
  try {
    const status = await work();
    if (!signal.aborted) return status;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const { exitStatus, isOfSignal } = signal.reason as InterruptedError;
  return isOfSignal ? EXIT.done : exitStatus;
}

async function run(args: readonly string[]): Promise<number> {
  if (CEREMONY_COMMANDS.some((name) => name === args[0])) {
    const { runCeremony } = await import('./ceremonies/ceremony-command.ts');
    return runCeremony(args);
  }
  if (args[0] === 'hospital') {
    const { runHospitalCommand } = await import('./hospital/hospital-command.ts');
    return runHospitalCommand(args.slice(1));
  }
  if (args[0] === 'person') {
    const { runPersonCommand } = await import('./hospital/own-person.ts');
    return runPersonCommand(args.slice(1));
  }
  const { values, positionals } = readOptions(args);
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(HELP);
    return values.help ? EXIT.done : EXIT.unusable;
  }
  refuseMore(rest);
  switch (command) {
    case 'up':
      return up(values);
    case 'down':
      return down(values);
    case 'status':
      return status(values);
    case 'cohorts':
      return cohorts(values);
    case 'conformance':
      return conformance(values);
    case 'demo':
      return demo(values);
    case 'ledger':
      return ledger(values);
    case 'test-hospitals':
      return hospitals(values);
    case 'drill-restore':
      return drillRestore(values);
    case 'config-check':
      return configCheck(values);
    default:
      throw new UsageError(`no command ${command}`);
  }
}

await runProgram('consilium-network', run);
