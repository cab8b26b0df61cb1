// Measures the memory of a DP-SGD step of the large perceptron (784-512-256-10) at several batch sizes, each in a
// process of its own. JSON lines: the step's peak beyond what the data take (activations, graph, parameters, noise),
// and, to compare, what the gradients of all rows would take.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readForwardModel } from '@consilium/onnx-grad';
import { openWorkload, workload } from './dp-sgd/steps.ts';

const MODEL = 'mlp784';
const BATCHES = [256, 1024, 2048, 4096];
const MEBIBYTE = 2 ** 20;

async function measureMemory(batch: number): Promise<void> {
  const work = workload(MODEL, batch);
  const { parameterCount } = readForwardModel(work.model);
  const before = process.memoryUsage.rss();
  const { step, close, unitsPerRun } = await openWorkload(work, { batch });
  await step();
  const peak = process.resourceUsage().maxRSS * 1024;
  await close();
  const row = {
    bench: 'step-memory',
    model: MODEL,
    batch,
    units_per_run: unitsPerRun,
    step_mb: Math.round((peak - before) / MEBIBYTE),
    all_gradients_mb: Math.round((4 * batch * parameterCount) / MEBIBYTE),
  };
  process.stdout.write(`${JSON.stringify(row)}\n`);
}

const { values: options } = parseArgs({ options: { batch: { type: 'string' } } });
if (options.batch !== undefined) {
  await measureMemory(Number(options.batch));
} else {
  for (const batch of BATCHES) {
    const own = [fileURLToPath(import.meta.url), '--batch', String(batch)];
    process.stdout.write(execFileSync(process.execPath, own));
  }
}
