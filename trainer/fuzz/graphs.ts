// Fuzzes the reading, trying and training of graphs: node trainer/dist/fuzz/graphs.js [--minutes N] [--seed S]
// [--graphs N] [--index I]. Prints JSON lines, the last with "done". Exit status: 0 where every graph was accepted or
// refused with TRAINER_MODEL_INVALID, 1 where one ended otherwise, 2 for wrong usage. `--index` tries one again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT, positiveNumber, readArguments, runProgram, wholeNumber } from '@consilium/command-line';
import { type FuzzCounts, fuzzGraphs } from '../src/containment/testing/fuzz-graphs.ts';

const OPTIONS = {
  minutes: { type: 'string' },
  seed: { type: 'string' },
  graphs: { type: 'string' },
  index: { type: 'string' },
} as const;

async function fuzz(args: readonly string[]): Promise<number> {
  const { values } = readArguments(args, OPTIONS);
  const minutes = positiveNumber(values.minutes, 'minutes') ?? 1;
  const seed = wholeNumber(values.seed, 'seed') ?? 1;
  const most = wholeNumber(values.graphs, 'graphs', { least: 1 }) ?? Number.POSITIVE_INFINITY;
  const only = wholeNumber(values.index, 'index');

  const print = (line: object) =>
    process.stdout.write(`${JSON.stringify({ fuzz: 'graphs', seed, ...line })}\n`);
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 100) / 10;
  const REPORT_EVERY_SECONDS = 10;
  let reportedAt = 0;

  function isDone(counts: Readonly<FuzzCounts>, index: number): boolean {
    const first = only ?? 0;
    if (index > first && seconds() - reportedAt >= REPORT_EVERY_SECONDS) {
      reportedAt = seconds();
      print({ graphs: index - first, ...counts, seconds: seconds() });
    }
    return index - first >= (only === undefined ? most : 1) || seconds() >= minutes * 60;
  }

  const directory = mkdtempSync(join(tmpdir(), 'consilium-fuzz-'));
  try {
    const counts = await fuzzGraphs({
      seed,
      directory,
      isDone,
      onFailure: (failure) => print({ failure }),
      ...(only !== undefined && { first: only }),
    });
    print({
      graphs: counts.accepted + counts.invalid + counts.failed,
      ...counts,
      seconds: seconds(),
      done: true,
    });
    return counts.failed === 0 ? EXIT.done : EXIT.failed;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

await runProgram('fuzz graphs', fuzz);
