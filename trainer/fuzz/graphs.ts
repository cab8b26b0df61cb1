// Fuzzes the reading, trying and training of graphs: node trainer/dist/fuzz/graphs.js [--minutes N] [--seed S]
// [--graphs N] [--index I]. Prints JSON lines, the last with "done". Exit status: 0 where every graph was accepted or
// refused with TRAINER_MODEL_INVALID, 1 where one ended otherwise, 2 for wrong usage. `--index` tries one again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type FuzzCounts, fuzzGraphs } from '../src/containment/testing/fuzz-graphs.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    graphs: { type: 'string' },
    index: { type: 'string' },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
const most = values.graphs === undefined ? Number.POSITIVE_INFINITY : Number(values.graphs);
const only = values.index === undefined ? undefined : Number(values.index);
if (!(minutes > 0) || !Number.isSafeInteger(seed) || !(most > 0) || Number.isNaN(only)) {
  process.stderr.write('usage: graphs.js [--minutes N] [--seed INTEGER] [--graphs N] [--index I]\n');
  process.exit(2);
}

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
  process.exitCode = counts.failed === 0 ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
