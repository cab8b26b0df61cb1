// The suites that judge a ledger, each a file of Node's test runner, and what they answered.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { END_WITH_PARENT, inherited } from '../programs.ts';
import { writeWhole } from '../state-file.ts';

/** A clone of the repository: suites are compiled there, and are no part of a package. */
export const repository = join(import.meta.dirname, '../../../..');

export interface Suite {
  /** For people, and for the file of its report. */
  readonly name: string;
  /** Below the repository, as compiled. */
  readonly file: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface SuiteCounts {
  readonly suite: string;
  readonly exitCode: number;
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly notRun: number;
}

export interface SuiteRun {
  /** Where reports go. */
  readonly directory: string;
  readonly say: (line: string) => void;
  /** Ends the suite that runs, and what it started. */
  readonly signal: AbortSignal;
}

export const EMBEDDED_SUITES: readonly Suite[] = [
  { name: 'test-network', file: 'test-network/dist/conformance/embedded.test.js' },
  { name: 'chaincode', file: 'chaincode/dist/conformance/embedded.test.js' },
  { name: 'chaincode-upgrade', file: 'chaincode/dist/conformance/embedded-upgrade.test.js' },
  { name: 'chaincode-leaving', file: 'chaincode/dist/conformance/embedded-leaving.test.js' },
];

/** @throws Error where the suite was not built, or the signal's reason. */
export async function runSuite(suite: Suite, { directory, say, signal }: SuiteRun): Promise<SuiteCounts> {
  const file = join(repository, suite.file);
  signal.throwIfAborted();
  if (!existsSync(file)) throw new Error(`not built: ${file} → run \`make build\``);
  say(`Asking the suite of ${suite.name}`);
  const tap = join(directory, `${suite.name}.tap`);
  writeWhole(tap, '');
  // In one process, so that the suite's networks end with it: they all have their starter's channel.
  const parameters = ['--import', END_WITH_PARENT, '--test', '--test-isolation=none'];
  parameters.push('--test-reporter=spec', '--test-reporter-destination=stderr');
  parameters.push('--test-reporter=tap', `--test-reporter-destination=${tap}`, file);
  const scratch = mkdtempSync(join(tmpdir(), 'consilium-suite-'));
  const colours = process.stderr.isTTY && process.stderr.hasColors() ? { FORCE_COLOR: '1' } : {};
  const child = spawn(process.execPath, parameters, {
    cwd: repository,
    env: { ...inherited(), ...askedOfSuites(process.env), ...colours, ...suite.environment, TMPDIR: scratch },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  // Not inherited: where nobody reads, it is this process that has to notice, and not the suite that dies of it.
  child.stderr!.on('data', (text) => process.stderr.write(text));
  const end = () => child.kill('SIGTERM');
  signal.addEventListener('abort', end);
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  signal.removeEventListener('abort', end);
  // Where the suite was ended, its processes follow it within moments.
  rmSync(scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  signal.throwIfAborted();
  return { suite: suite.name, exitCode, ...countsIn(readFileSync(tap, 'utf8')) };
}

/** What whoever starts the suites asks of them beside: every byte of a file of evidence, and to keep the files. */
export function askedOfSuites({
  CONSILIUM_FLIPS,
  CONSILIUM_EVIDENCE,
}: NodeJS.ProcessEnv): Record<string, string> {
  return {
    ...(CONSILIUM_FLIPS && { CONSILIUM_FLIPS }),
    // Suites run in the repository's folder, wherever they were started.
    ...(CONSILIUM_EVIDENCE && { CONSILIUM_EVIDENCE: resolve(CONSILIUM_EVIDENCE) }),
  };
}

/** One after the other: the crash of one suite is no business of the other. */
export async function runSuites(suites: readonly Suite[], run: SuiteRun): Promise<SuiteCounts[]> {
  const counts: SuiteCounts[] = [];
  for (const suite of suites) counts.push(await runSuite(suite, run));
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
