// Measures one full DP-SGD step as the trainer takes it: batch laid out, forward, backward, clipping, exact noise,
// update. JSON lines; with --model it is one row of the peer bench, whose models, batches and step it shares.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { packUnits, secureRandomness, type TrainingPlan } from '../src/dp-sgd/index.ts';
import { prepareRound } from '../src/dp-sgd/round.ts';
import { runSteps } from '../src/dp-sgd/training-steps.ts';
import { readForwardModel } from '../src/onnx/index.ts';
import { peerModel } from '../src/onnx/testing/peer-models.ts';

const HELP = `Usage: node trainer/dist/bench/dp-sgd.js [--model M --batch B] [--windows N] [--seconds S]

Examples per second of whole DP-SGD steps (clip 1, noise multiplier 1.1) on batches in memory, and of the noise
alone. Without --model: every model and batch. Models: lr13 (13 inputs), mlp30 (30-64-32-1),
mlp784 (784-512-256-10), cnn28 (two convolutions for 28 x 28 images, 10 classes).
`;

const BATCHES: Readonly<Record<string, readonly number[]>> = {
  lr13: [64, 256],
  mlp30: [64, 256],
  mlp784: [256, 1024],
  cnn28: [256],
};
const BATCHES_IN_MEMORY = 16;
const QUIET_CORES = 0.25;

interface Window {
  readonly rate: number;
  /** Cores that other processes used meanwhile. */
  readonly foreign: number;
}

const significant = (value: number) => Number(value.toPrecision(4));
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

function busySeconds(): { machine: number; own: number } {
  const ticks = cpus().reduce((sum, { times: t }) => sum + t.user + t.nice + t.sys + t.irq, 0);
  const { user, system } = process.cpuUsage();
  return { machine: ticks / 1e3, own: (user + system) / 1e6 };
}

/** At least `windows` windows of `seconds`, preferring those in which the machine was ours. */
async function measure(
  step: () => Promise<void> | void,
  { examples, windows, seconds }: { examples: number; windows: number; seconds: number },
): Promise<Record<string, number>> {
  const warmUntil = performance.now() + 1000;
  do await step();
  while (performance.now() < warmUntil);
  const taken: Window[] = [];
  const quiet = () => taken.filter(({ foreign }) => foreign <= QUIET_CORES);
  while (taken.length < 12 && quiet().length < windows) {
    const before = busySeconds();
    const start = performance.now();
    let steps = 0;
    let elapsed = 0;
    while (elapsed < seconds) {
      await step();
      steps += 1;
      elapsed = (performance.now() - start) / 1e3;
    }
    const after = busySeconds();
    const foreign = (after.machine - before.machine - (after.own - before.own)) / elapsed;
    taken.push({ rate: (steps * examples) / elapsed, foreign: Math.max(0, foreign) });
  }
  const used = quiet().length >= 3 ? quiet() : taken;
  return {
    examples_per_s: significant(median(used.map(({ rate }) => rate))),
    best: significant(Math.max(...taken.map(({ rate }) => rate))),
    worst: significant(Math.min(...used.map(({ rate }) => rate))),
    windows: used.length,
    quiet_windows: quiet().length,
    foreign_cores: Number(median(taken.map(({ foreign }) => foreign)).toPrecision(2)),
    peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

/** A step on the next of 16 fixed batches, as the peers take it; or on a Poisson batch of the same mean size. */
async function openStep(
  name: string,
  { batch, poisson }: { batch: number; poisson: boolean },
): Promise<{
  step: () => Promise<void>;
  noise: () => void;
  parameterCount: number;
  close: () => Promise<void>;
}> {
  const model = peerModel(name, 1).bytes;
  const { features, outputs, values, parameterCount } = readForwardModel(model);
  const rows = Array.from({ length: BATCHES_IN_MEMORY * batch }, () => [
    {
      features: Float32Array.from({ length: features }, () => Math.random() * 2 - 1),
      label: Math.floor(Math.random() * Math.max(2, outputs)),
    },
  ]);
  const plan: TrainingPlan = {
    clipNormL2: 1,
    noiseMultiplier: 1.1,
    samplingRate: 1 / BATCHES_IN_MEMORY,
    steps: 1,
    bandSize: rows.length,
    rowsPerUnit: 1,
    learningRate: 0.05,
  };
  const units = packUnits(features, rows);
  const round = await prepareRound(
    { model, parameters: values, units, plan, localPatterns: [] },
    secureRandomness,
  );
  let cycle = 0;
  const fixed = (): Uint32Array => {
    const first = (cycle++ % BATCHES_IN_MEMORY) * batch;
    return Uint32Array.from({ length: batch }, (_, i) => first + i);
  };
  const mechanism = poisson ? round.mechanism : { ...round.mechanism, drawBatch: fixed };
  let parameters: Float64Array = Float64Array.from(values);
  return {
    async step() {
      parameters = await runSteps(parameters, { plan, mechanism });
    },
    noise: () => void round.mechanism.drawNoise(),
    parameterCount,
    close: round.close,
  };
}

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    batch: { type: 'string' },
    windows: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
const windows = Number(options.windows);
const seconds = Number(options.seconds);
const print = (row: object) => process.stdout.write(`${JSON.stringify(row)}\n`);

async function run(model: string, batch: number): Promise<void> {
  for (const [method, poisson] of [
    ['consilium-poisson', true],
    ['consilium', false],
  ] as const) {
    if (options.model !== undefined && poisson) continue;
    const { step, close } = await openStep(model, { batch, poisson });
    print({
      bench: 'dpsgd',
      model,
      batch,
      method,
      ...(await measure(step, { examples: batch, windows, seconds })),
    });
    await close();
  }
}

async function runNoise(): Promise<void> {
  const { noise, parameterCount, close } = await openStep('mlp30', { batch: 64, poisson: true });
  const { examples_per_s, ...rest } = await measure(noise, { examples: parameterCount, windows, seconds });
  print({ bench: 'noise', method: 'discrete-gaussian-exact', samples_per_s: examples_per_s, ...rest });
  await close();
}

if (options.help) {
  process.stdout.write(HELP);
} else if (!(windows >= 1) || !(seconds > 0)) {
  process.stderr.write('--windows and --seconds must be positive numbers\n');
  process.exitCode = 2;
} else if (options.model === undefined) {
  for (const [model, batches] of Object.entries(BATCHES)) {
    for (const batch of batches) await run(model, batch);
  }
  await runNoise();
} else if (BATCHES[options.model] === undefined || !(Number(options.batch) >= 1)) {
  process.stderr.write(`--model must be one of ${Object.keys(BATCHES).join(', ')}, with --batch B\n`);
  process.exitCode = 2;
} else {
  await run(options.model, Number(options.batch));
}
