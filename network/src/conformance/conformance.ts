// Judges a ledger by the conformance suites of test-network (Fabric's answers) and chaincode (a whole study):
// the embedded stand-in, or a real Fabric network of three organisations that is brought up for it and torn down.
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Consortium } from '../config.ts';
import type { LedgerNetwork } from '../ledger-network.ts';
import type { FabricVersion } from '../native/fabric-version.ts';
import { type Chaincode, planFabric } from '../native/native-runtime.ts';
import { inherited, repository } from '../programs.ts';
import { writeWhole } from '../state-file.ts';
import { consortiumStatus } from '../status.ts';
import { stopConsortium } from '../stop.ts';
import { Supervisor } from '../supervisor.ts';

const PROBE = 'probe';
const PROBE_PACKAGE = join(repository, 'test-network/conformance/probe-chaincode');
const SUITES = ['test-network', 'chaincode'] as const;

export interface ConformanceOptions {
  readonly network: LedgerNetwork;
  /** Where the native network and its logs are; an earlier one there is removed. */
  readonly directory: string;
  readonly say: (line: string) => void;
}

export interface SuiteCounts {
  readonly suite: (typeof SUITES)[number];
  readonly exitCode: number;
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly notRun: number;
}

/** @throws MissingBinariesError, or what kept the network from starting; nothing runs then. */
export async function judge(options: ConformanceOptions): Promise<SuiteCounts[]> {
  const interruption = new AbortController();
  const interrupt = (name: NodeJS.Signals) => interruption.abort(new Error(`stopped by ${name}`));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, interrupt);
  try {
    return options.network.runtime === 'embedded'
      ? await runSuites('embedded', options, { environment: {}, signal: interruption.signal })
      : await judgeNative(options, options.network.ordering, interruption.signal);
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt);
  }
}

async function judgeNative(
  options: ConformanceOptions,
  ordering: 'raft' | 'bft',
  signal: AbortSignal,
): Promise<SuiteCounts[]> {
  const { directory, say } = options;
  if (consortiumStatus(directory).state !== 'stopped') await stopConsortium(directory);
  rmSync(directory, { recursive: true, force: true });
  const consortium: Consortium = {
    name: 'conformance',
    channel: 'consortium',
    runtime: 'native',
    organisations: ['alpha', 'beta', 'gamma'].map((name) => ({
      name,
      mspId: `${name[0]!.toUpperCase()}${name.slice(1)}MSP`,
      title: name,
    })),
    chaincode: { name: 'consilium', policy: 'MAJORITY' },
    // Some questions are about two transactions in one block.
    orderer: { ordering, maxMessageCount: 500 },
  };
  let version: FabricVersion | undefined;
  const plan = async () => {
    const planned = await planFabric(consortium, directory, chaincodesOf(consortium));
    version = planned.version;
    return planned;
  };
  const supervisor = new Supervisor({ consortium, directory, report: say, plan });
  signal.addEventListener('abort', () => void supervisor.stop(), { once: true });
  try {
    await supervisor.start();
    signal.throwIfAborted();
    say(`Judging Fabric ${version!.text}`);
    const environment = {
      ...(await suiteEnvironment(consortium, directory)),
      CONSILIUM_FABRIC_MAJOR: String(version!.major),
    };
    return await runSuites('native', options, { environment, signal });
  } finally {
    await supervisor.stop();
  }
}

/** The probe three times, as test-network/conformance/README.md asks, and Consilium's own chaincode. */
function chaincodesOf({ organisations, chaincode }: Consortium): Chaincode[] {
  const peers = organisations.map(({ mspId }) => `'${mspId}.peer'`);
  const [a, b, c] = peers;
  const probe = { version: '1', workingDirectory: PROBE_PACKAGE };
  return [
    { ...probe, name: PROBE, policy: 'MAJORITY' },
    { ...probe, name: `${PROBE}-any`, policy: `OR(${peers.join(',')})` },
    { ...probe, name: `${PROBE}-nested`, policy: `OR(${a},AND(${b},${c}))`, servedBy: PROBE },
    { ...chaincode, version: '1', workingDirectory: join(repository, 'chaincode') },
  ];
}

async function suiteEnvironment({ organisations }: Consortium, directory: string) {
  const fabric = join(directory, 'fabric');
  const oddIdentities = join(directory, 'odd-identities.json');
  const issuer = join(repository, 'test-network/dist/conformance/write-odd-identities.js');
  const command = [issuer, join(fabric, 'organisations', organisations[0]!.mspId)];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  writeWhole(oddIdentities, stdout, 0o600);
  const crash = join(directory, 'crash.sh');
  const program = [process.execPath, join(import.meta.dirname, 'crash.js'), directory];
  writeWhole(crash, `#!/bin/sh\nexec ${program.map((word) => `'${word}'`).join(' ')}\n`, 0o700);
  return {
    CONSILIUM_CONNECTION: join(fabric, 'connection.json'),
    CONSILIUM_PROBE: PROBE,
    CONSILIUM_CHAINCODE: 'consilium',
    CONSILIUM_ODD_IDENTITIES: oddIdentities,
    CONSILIUM_CRASH: crash,
  };
}

interface SuiteRun {
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** One after the other: the crash of one suite is no business of the other. */
async function runSuites(
  which: 'embedded' | 'native',
  { directory, say }: ConformanceOptions,
  { environment, signal }: SuiteRun,
): Promise<SuiteCounts[]> {
  const counts: SuiteCounts[] = [];
  for (const suite of SUITES) {
    const file = join(repository, suite, `dist/conformance/${which}.test.js`);
    if (!existsSync(file)) throw new Error(`not built: ${file} → run \`make build\``);
    say(`Asking the suite of ${suite}`);
    const tap = join(directory, `${suite}.tap`);
    writeWhole(tap, '');
    const parameters = ['--test', '--test-reporter=spec', '--test-reporter-destination=stderr'];
    parameters.push('--test-reporter=tap', `--test-reporter-destination=${tap}`, file);
    const child = spawn(process.execPath, parameters, {
      cwd: repository,
      env: { ...inherited(), ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const end = () => child.kill('SIGTERM');
    signal.addEventListener('abort', end);
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
    signal.removeEventListener('abort', end);
    signal.throwIfAborted();
    counts.push({ suite, exitCode, ...countsIn(readFileSync(tap, 'utf8')) });
  }
  return counts;
}

/** The totals at the end of a TAP report of Node's test runner. */
export function countsIn(tap: string): Omit<SuiteCounts, 'suite' | 'exitCode'> {
  const total = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
  const failed = total('fail') + total('cancelled');
  return { tests: total('tests'), passed: total('pass'), failed, notRun: total('skipped') };
}

/** A network is judged only where something passed: an empty report proves nothing. */
export const conforms = (counts: readonly SuiteCounts[]): boolean =>
  counts.every(({ exitCode, failed, passed }) => exitCode === 0 && failed === 0 && passed > 0);
