// A fuzz target as a program: `node dist/fuzz/NAME.js --minutes M --seed S`. It prints JSON lines with counts, and ends
// with 1 where it finds something, naming the seed, the run and the file that repeat it.
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT, positiveNumber, readArguments, reportError, wholeNumber } from '@consilium/command-line';
import { Finding, FuzzFailure, type FuzzTarget, fuzzPass, type PassCounts } from './fuzz-pass.ts';

const REPORT_EVERY_MS = 15_000;
const OPTIONS = { minutes: { type: 'string' }, seed: { type: 'string' }, run: { type: 'string' } } as const;

/** Runs the target when its module is the program that was started; does nothing when a test imports it. */
export async function fuzzProgram(moduleUrl: string, target: FuzzTarget): Promise<void> {
  const started = process.argv[1];
  if (started === undefined || realpathSync(started) !== fileURLToPath(moduleUrl)) return;
  try {
    process.exitCode = await fuzz(target);
  } catch (error) {
    process.exitCode = reportError(error, `fuzz ${target.name}`);
  }
}

async function fuzz(target: FuzzTarget): Promise<number> {
  const { values } = readArguments(process.argv.slice(2), OPTIONS);
  const minutes = positiveNumber(values.minutes, 'minutes') ?? 1;
  const seed = wholeNumber(values.seed, 'seed') ?? Date.now() % 2 ** 31;
  const run = wholeNumber(values.run, 'run');
  const end = Date.now() + minutes * 60_000;
  let reported = Date.now();
  const print = (line: object) =>
    process.stdout.write(`${JSON.stringify({ fuzz: target.name, seed, ...line })}\n`);
  const progress = (counts: PassCounts) => {
    if (Date.now() - reported < REPORT_EVERY_MS) return;
    reported = Date.now();
    print(counts);
  };
  try {
    const length = run === undefined ? { until: () => Date.now() >= end } : { from: run, runs: 1 };
    print({ ...(await fuzzPass(target, { seed, ...length, progress })), done: true });
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    const { cause } = error;
    const input = cause instanceof Finding ? save(target.name, error, cause.input) : undefined;
    print({ finding: (cause as Error).message, run: error.run, input });
    process.stderr.write(
      `${(cause as Error).stack}\nAgain: node ${process.argv[1]} --seed ${seed} --run ${error.run}\n`,
    );
    return EXIT.failed;
  }
}

function save(name: string, { seed, run }: FuzzFailure, input: string | Uint8Array): string {
  const folder = resolve('out/fuzz');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${seed}-${run}`);
  writeFileSync(file, input);
  return file;
}
