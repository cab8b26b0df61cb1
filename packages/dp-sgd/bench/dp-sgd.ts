// Measures one full DP-SGD step as the trainer takes it: batch laid out, forward, backward, clipping, exact noise,
// update. JSON lines; with --model it is one row of the peer bench, whose models, batches and step it shares.
import { parseArgs } from 'node:util';
import { EXIT } from '@consilium/command-line';
import { fastEngine } from '../src/fast/index.ts';
import { RandomWords, secureRandomness } from '../src/index.ts';
import { measure, median, significant } from './dp-sgd/measure.ts';
import { type OpenStep, openPlainStep, openPrivateStep } from './dp-sgd/steps.ts';

const HELP = `Usage: dp-sgd.js [--noise | --model M --batch B [OPTION]...] [--windows N] [--seconds S]

Examples per second of whole DP-SGD steps (clip 1, noise multiplier 1.1) on batches in memory, and of the noise
alone. Without --model: every model and batch. Models: lr13 (13 inputs), mlp30 (30-64-32-1),
mlp784 (784-512-256-10), cnn28 (two convolutions for 28 x 28 images, 10 classes). --noise: the noise alone.

--non-private measures the same engine's step without norms, clipping and noise as well, in turn with the private
one; its line (consilium-non-private) says how many times as long the private step takes (private_cost). --one-by-one
does so for small models, many steps of which are one run of ONNX Runtime, with a run for each step.
`;

const BATCHES: Readonly<Record<string, readonly number[]>> = {
  lr13: [64, 256],
  mlp30: [64, 256],
  mlp784: [256, 1024],
  cnn28: [256],
};
const NOISE_SIGMA = 1_153_434;
const NOISE_SAMPLES = 2 ** 16;

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    batch: { type: 'string' },
    noise: { type: 'boolean', default: false },
    'non-private': { type: 'boolean', default: false },
    'one-by-one': { type: 'boolean', default: false },
    windows: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
const windows = Number(options.windows);
const seconds = Number(options.seconds);
const print = (row: object) => process.stdout.write(`${JSON.stringify(row)}\n`);

async function run(model: string, batch: number, poisson = false): Promise<void> {
  const own = await openPrivateStep(model, { batch, poisson });
  const { rates } = await measure([own], { windows, seconds });
  print({ bench: 'dpsgd', model, batch, method: poisson ? 'consilium-poisson' : 'consilium', ...rates[0] });
  await own.close();
}

/** The private step in turn with others, by the names of their methods. */
async function runBeside(
  model: string,
  batch: number,
  others: Readonly<Record<string, OpenStep>>,
): Promise<void> {
  const steps = [await openPrivateStep(model, { batch }), ...Object.values(others)];
  const { rates, times } = await measure(steps, { windows, seconds });
  print({ bench: 'dpsgd', model, batch, method: 'consilium', ...rates[0] });
  Object.keys(others).forEach((method, i) => {
    const cost = significant(median(times.map((turn) => turn[0]! / turn[i + 1]!)));
    print({ bench: 'dpsgd', model, batch, method, ...rates[i + 1], private_cost: cost });
  });
  for (const { close } of steps) await close();
}

async function runFixed(model: string, batch: number): Promise<void> {
  const others: Record<string, OpenStep> = {};
  if (options['non-private']) others['consilium-non-private'] = await openPlainStep(model, { batch });
  if (options['one-by-one']) {
    others['consilium-one-by-one'] = await openPrivateStep(model, { batch, stepsPerRun: 1 });
  }
  if (Object.keys(others).length === 0) await run(model, batch);
  else await runBeside(model, batch, others);
}

/** The sampler alone on one core, and as a step gets it from the worker that draws ahead. */
async function runNoise(): Promise<void> {
  const gaussian = fastEngine.openGaussian(new RandomWords(secureRandomness), NOISE_SIGMA);
  const samples = new Float64Array(NOISE_SAMPLES);
  const { noise, parameterCount, close } = await openPrivateStep('mlp30', { batch: 64 });
  const subjects = [
    { step: () => gaussian.fill(samples), examples: samples.length },
    { step: noise, examples: parameterCount },
  ];
  const { rates } = await measure(subjects, { windows, seconds });
  ['one-core', 'ahead'].forEach((drawn, i) => {
    const { examples_per_s, ...rest } = rates[i]!;
    print({
      bench: 'noise',
      method: 'discrete-gaussian-exact',
      drawn,
      samples_per_s: examples_per_s,
      ...rest,
    });
  });
  await close();
}

if (options.help) {
  process.stdout.write(HELP);
} else if (!(windows >= 1) || !(seconds > 0)) {
  process.stderr.write('--windows and --seconds must be positive numbers\n');
  process.exitCode = EXIT.unusable;
} else if (options.noise) {
  await runNoise();
} else if (options.model === undefined) {
  for (const [model, batches] of Object.entries(BATCHES)) {
    for (const batch of batches) {
      await run(model, batch, true);
      await runFixed(model, batch);
    }
  }
  await runNoise();
} else if (BATCHES[options.model] === undefined || !(Number(options.batch) >= 1)) {
  process.stderr.write(`--model must be one of ${Object.keys(BATCHES).join(', ')}, with --batch B\n`);
  process.exitCode = EXIT.unusable;
} else {
  await runFixed(options.model, Number(options.batch));
}
