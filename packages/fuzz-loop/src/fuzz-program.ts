// A fuzz target as a program: `node dist/fuzz/NAME.js --minutes M --seed S`. It prints JSON lines with counts, and ends
// with 1 where it finds something, naming the seed, the run and the file that repeat it.
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Finding, FuzzFailure, type FuzzTarget, fuzzPass, type PassCounts } from './fuzz-pass.ts';

const REPORT_EVERY_MS = 15_000;
const USAGE = 'usage: [--minutes M (1)] [--seed S (a new one)] [--run R: this run alone]';

/** Runs the target when its module is the program that was started; does nothing when a test imports it. */
export async function fuzzProgram(moduleUrl: string, target: FuzzTarget): Promise<void> {
  const started = process.argv[1];
  if (started === undefined || realpathSync(started) !== fileURLToPath(moduleUrl)) return;
  process.exitCode = await fuzz(target);
}

async function fuzz(target: FuzzTarget): Promise<number> {
  const options = { minutes: { type: 'string' }, seed: { type: 'string' }, run: { type: 'string' } } as const;
  let values: { minutes?: string; seed?: string; run?: string };
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return 2;
  }
  const minutes = Number(values.minutes ?? 1);
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const run = values.run === undefined ? undefined : Number(values.run);
  if (!(minutes > 0) || !Number.isSafeInteger(seed) || (run !== undefined && !Number.isSafeInteger(run))) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
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
    return 0;
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    const { cause } = error;
    const input = cause instanceof Finding ? save(target.name, error, cause.input) : undefined;
    print({ finding: (cause as Error).message, run: error.run, input });
    process.stderr.write(
      `${(cause as Error).stack}\nAgain: node ${process.argv[1]} --seed ${seed} --run ${error.run}\n`,
    );
    return 1;
  }
}

function save(name: string, { seed, run }: FuzzFailure, input: string | Uint8Array): string {
  const folder = resolve('out/fuzz');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${seed}-${run}`);
  writeFileSync(file, input);
  return file;
}
