import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildForwardModel,
  OnnxFormatError,
  predictProbabilities,
  readForwardModel,
  withParameters,
} from '@consilium/onnx-grad';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { runRound } from './round.ts';
import type { RoundInput, RoundResult } from './round-input.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';
import { sequenceModel } from './testing/sequence-model.ts';
import { trainRound } from './train-round.ts';
import { capacityUnitsOf, TrainingInputError, type TrainingPlan } from './training-plan.ts';
import { type LabelledRow, packUnits } from './training-units.ts';

const features = 5;
const model = buildForwardModel({ kind: 'logistic-regression', features, localIntercept: true });
const parameters = readForwardModel(model).values;
const plan: TrainingPlan = {
  clipNormL2: 1,
  noiseMultiplier: 1,
  samplingRate: 0.5,
  steps: 60,
  bandSize: 400,
  rowsPerUnit: 2,
  learningRate: 1,
  momentum: 0.5,
};
const direction = [1, -2, 3, 0, 1];
const next = testNumbers(3);
const patients = (count: number, labelOf?: number): LabelledRow[][] =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: 1 + (i % 2) }, () => {
      const values = direction.map(() => next());
      const score = values.reduce((sum, value, j) => sum + value * direction[j]!, 0);
      return { features: values, label: labelOf ?? (score > 0 ? 1 : 0) };
    }),
  );
const units = packUnits(features, patients(400));
const input: RoundInput = { model, parameters, units, plan, localPatterns: ['local.*'] };
const seeded = (seed: string) => ({ randomness: seededRandomness(seed) });

test('a round in the worker learns, keeps local parameters apart, and reports its steps', async () => {
  const progress: number[] = [];
  const result = await trainRound(input, { onProgress: ({ step }) => progress.push(step) });
  assert.equal(result.steps, 60);
  assert.equal(result.sharedDelta.length, 6);
  assert.equal(result.localParameters.length, 1);
  assert.equal(progress.at(-1), 60);
  assert.ok(result.noise.sigma >= result.noise.sensitivity);
  const trained = withParameters(model, [...result.sharedDelta, ...result.localParameters]);
  const scores = await predictProbabilities(trained, units.features);
  const right = scores.filter((score, i) => score > 0.5 === (units.labels[i] === 1)).length;
  assert.ok(right / scores.length > 0.85, `${right} of ${scores.length}`);
});

test('every round in the worker draws noise of its own', async () => {
  const once = { ...input, plan: { ...plan, steps: 1 } };
  const [a, b] = await Promise.all([trainRound(once), trainRound(once)]);
  assert.notDeepEqual(a.sharedDelta, b.sharedDelta);
});

test('a round is a function of its input and its randomness', async () => {
  const a = await runRound(input, seeded('a'));
  assert.deepEqual(await runRound(input, seeded('a')), a);
  assert.notDeepEqual((await runRound(input, seeded('b'))).sharedDelta, a.sharedDelta);
});

test('a round is the same, to the bit, whether its steps are taken one by one or many to a run', async () => {
  const changes: Partial<TrainingPlan>[] = [
    { rowsPerUnit: 2 },
    { weightDecay: 0.05, schedule: { kind: 'cosine', warmUpSteps: 7 } },
    { clipNormL2: 0.3, clipping: { kind: 'per-layer', bounds: 'uniform' } },
  ];
  for (const change of changes) {
    const together = await runRound({ ...input, plan: { ...plan, ...change } }, seeded('ways'));
    const apart = await runRound({ ...input, plan: { ...plan, ...change, stepsPerRun: 1 } }, seeded('ways'));
    assert.deepEqual(together, apart);
  }
});

test('a local intercept is trained inside the same noised step: it moves with no patients at all', async () => {
  const none = { ...input, units: packUnits(features, []), plan: { ...plan, steps: 1 } };
  const { localParameters, sharedDelta } = await runRound(none, seeded('none'));
  assert.ok(localParameters[0] !== 0);
  assert.ok(sharedDelta.every((value) => value !== 0));
});

test('local parameters start from the values given, and only the shared ones are returned as a difference', async () => {
  const start = [...parameters].with(-1, 7);
  const { localParameters, sharedDelta } = await runRound({ ...input, parameters: start }, seeded('start'));
  assert.ok(Math.abs(localParameters[0]! - 7) < 6);
  const all = await runRound({ ...input, parameters: start, localPatterns: [] }, seeded('start'));
  assert.deepEqual([...all.sharedDelta], [...sharedDelta, localParameters[0]! - 7]);
});

test('no patients, hardly ever a batch, one label only, and units that are not finite are all trained on', async () => {
  const cases: Partial<RoundInput>[] = [
    { units: packUnits(features, []) },
    { plan: { ...plan, samplingRate: 1e-4 } },
    { plan: { ...plan, samplingRate: 1, steps: 3 } },
    { units: packUnits(features, patients(30, 1)) },
    { units: packUnits(features, patients(30, 0)) },
    { units: packUnits(features, [[], [], []]) },
    { units: packUnits(features, [[{ features: [Number.NaN, 1, 1, 1, 1], label: 1 }]]) },
    { units: packUnits(features, [[{ features: [0, 0, 0, 0, Number.POSITIVE_INFINITY], label: 0 }]]) },
  ];
  for (const changed of cases) {
    const { sharedDelta, localParameters } = await runRound({ ...input, ...changed }, seeded('edge'));
    assert.ok([...sharedDelta, ...localParameters].every(Number.isFinite));
  }
});

test('more patients drawn than one run holds are all counted', async () => {
  // A band of 1 holds a few patients a run only; the sum is that of one large run.
  const quiet = { ...plan, samplingRate: 1, steps: 1, noiseMultiplier: 1e-5, momentum: 0 };
  const small = await runRound({ ...input, plan: { ...quiet, bandSize: 1 } }, seeded('chunks'));
  const large = await runRound(
    { ...input, plan: { ...quiet, bandSize: 1000, learningRate: 1000 } },
    seeded('chunks'),
  );
  small.sharedDelta.forEach((value, i) => {
    assert.ok(Math.abs(value - large.sharedDelta[i]!) < 1e-3);
  });
  assert.ok(Math.hypot(...small.sharedDelta) > 10);
});

test('a batch larger than memory is accumulated over several runs before it is rounded and noised', async () => {
  const noisy = { ...plan, samplingRate: 1, steps: 2, noiseMultiplier: 1 };
  const whole = await runRound({ ...input, plan: noisy }, seeded('parts'));
  const parts = await runRound({ ...input, plan: { ...noisy, rowsPerRun: 14 } }, seeded('parts'));
  assert.ok(capacityUnitsOf({ ...noisy, rowsPerRun: 14 }) === 7 && capacityUnitsOf(noisy) >= 400);
  // One noise, but for the bound on rounding, and sums that differ by less than a step of the lattice.
  parts.sharedDelta.forEach((value, i) => {
    assert.ok(Math.abs(value - whole.sharedDelta[i]!) < 1e-6);
  });
});

for (const changes of [
  { momentum: 0.9 },
  { momentum: undefined, optimizer: { kind: 'adam', secondMomentum: 0.9 } },
  { weightDecay: 0.1, schedule: { kind: 'cosine', warmUpSteps: 2 } },
] as const) {
  test(`two rounds that hand on their state are one long round (${JSON.stringify(changes)})`, async () => {
    // Everyone in every batch and next to no noise: what differs is what is remembered.
    const { momentum, ...rest } = {
      ...plan,
      ...changes,
      samplingRate: 1,
      noiseMultiplier: 1e-5,
      studySteps: 6,
    };
    const long = { ...rest, ...(momentum !== undefined && { momentum }), steps: 6 };
    const train = (changed: Partial<RoundInput>) =>
      runRound({ ...input, localPatterns: [], plan: { ...long, steps: 3 }, ...changed }, seeded('halves'));
    const one = await train({ plan: long });
    const first = await train({});
    const between = first.sharedDelta.map((value, i) => value + parameters[i]!);
    const second = await train({ parameters: between, state: first.state });
    assert.equal(second.state.steps, 6);
    const restarted = await train({ parameters: between });
    const gap = ({ sharedDelta }: RoundResult) =>
      Math.hypot(...sharedDelta.map((value, i) => value + first.sharedDelta[i]! - one.sharedDelta[i]!));
    assert.ok(gap(second) < 1e-4 && gap(restarted) > 1e-2, `${gap(second)} and ${gap(restarted)}`);
  });
}

for (const [name, clipping, multiplier] of [
  ['', { kind: 'flat' }, 2],
  [
    ', also where a count has its part of it',
    { kind: 'adaptive', countNoiseMultiplier: 4 },
    4 / Math.sqrt(3),
  ],
] as const) {
  test(`Adam receives the deviation of the noise that it sees${name}`, async () => {
    const { momentum, ...rest } = { ...plan, steps: 1, clipNormL2: 0.3, noiseMultiplier: 2, clipping };
    const adam: TrainingPlan = { ...rest, optimizer: { kind: 'adam' } };
    const none = { ...input, units: packUnits(features, []), plan: adam };
    const { state } = await runRound(none, seeded('deviation'));
    assert.ok(state.optimizer?.kind === 'adam');
    const nominal = (multiplier * 0.3) / (plan.samplingRate * plan.bandSize);
    const given = Math.sqrt(state.optimizer.noiseVariance / (1 - 0.999));
    assert.ok(Math.abs(given / nominal - 1) < 1e-4, `${given} for ${nominal}`);
  });
}

test('a round can be called off', async () => {
  const controller = new AbortController();
  const running = trainRound(
    { ...input, plan: { ...plan, steps: 100_000 } },
    { signal: controller.signal, onProgress: () => controller.abort() },
  );
  await assert.rejects(running, { name: 'AbortError' });
  await assert.rejects(trainRound(input, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});

const wrong: readonly [what: string, changed: Partial<RoundInput>, why: RegExp][] = [
  ['no noise', { plan: { ...plan, noiseMultiplier: 0 } }, /noiseMultiplier must be a positive/],
  ['noise beyond use', { plan: { ...plan, noiseMultiplier: 1e4 } }, /noiseMultiplier .* at most 1000/],
  ['a rate above 1', { plan: { ...plan, samplingRate: 1.1 } }, /samplingRate/],
  ['a rate of 0', { plan: { ...plan, samplingRate: 0 } }, /samplingRate/],
  ['a clip norm that is not a number', { plan: { ...plan, clipNormL2: Number.NaN } }, /clipNormL2/],
  [
    'a clip norm that doubles can hardly hold',
    { plan: { ...plan, clipNormL2: 1e-290 } },
    /clipNormL2 .* from 1e-30/,
  ],
  ['a learning rate beyond use', { plan: { ...plan, learningRate: 1e31 } }, /learningRate .* to 1e30/],
  ['half a step', { plan: { ...plan, steps: 0.5 } }, /steps must be a positive integer/],
  [
    'an optimiser that is unknown',
    { plan: { ...plan, optimizer: { kind: 'lion' } as never } },
    /optimizer.kind/,
  ],
  [
    'momentum twice',
    { plan: { ...plan, optimizer: { kind: 'sgd' } } },
    /momentum is the optimizer’s own field: leave it out/,
  ],
  [
    'an Adam out of range',
    { plan: { ...plan, optimizer: { kind: 'adam', momentum: 1, secondMomentum: -1, floor: 0 } } },
    /optimizer.momentum .*optimizer.secondMomentum .*optimizer.floor must be a positive number/,
  ],
  [
    'a schedule that never stops warming up',
    { plan: { ...plan, schedule: { kind: 'linear', warmUpSteps: 60 } } },
    /warmUp/,
  ],
  [
    'a study shorter than its round',
    { plan: { ...plan, studySteps: 59 } },
    /studySteps must be an integer, at least/,
  ],
  [
    'a weight decay that turns signs',
    { plan: { ...plan, weightDecay: 1 } },
    /weightDecay must be at least 0/,
  ],
  [
    'runs that hold no patient',
    { plan: { ...plan, rowsPerRun: 1 } },
    /rowsPerRun must be an integer from \d+ \(the most rows of a patient\)/,
  ],
  [
    'the state of another optimiser',
    {
      state: {
        steps: 1,
        optimizer: {
          kind: 'adam',
          first: new Float64Array(7),
          second: new Float64Array(7),
          noiseVariance: 1,
          steps: 1,
        },
      },
    },
    /optimizer: the state given is not of this optimizer/,
  ],
  ['a momentum of 1', { plan: { ...plan, momentum: 1 } }, /momentum/],
  ['too many rows of a patient', { plan: { ...plan, rowsPerUnit: 1 } }, /more than 1 rows/],
  ['rows of another width', { units: packUnits(4, []) }, /rows have 4 features, the model takes 5/],
  ['a label out of range', { units: packUnits(5, patients(2, 3)) }, /every label must be 0 or 1/],
  [
    'a loss of classes for a model with one output',
    { plan: { ...plan, loss: { kind: 'categorical-cross-entropy' } } },
    /loss: categorical-cross-entropy needs a model with one output per class/,
  ],
  [
    'an average that forgets nothing',
    { plan: { ...plan, averaging: { decay: 1 } } },
    /averaging\.decay must be/,
  ],
  ['a Huber loss without width', { plan: { ...plan, loss: { kind: 'huber', delta: 0 } } }, /delta must be/],
  [
    'a class weight of nothing',
    { plan: { ...plan, loss: { kind: 'binary-cross-entropy', classWeights: [1, 0] } } },
    /classWeights must be 2 positive numbers/,
  ],
  [
    'a count below zero',
    { plan: { ...plan, loss: { kind: 'poisson-deviance' } }, units: packUnits(5, patients(2, -1)) },
    /every label must be a count/,
  ],
  ['parameters of another model', { parameters: [1, 2] }, /parameters must have 7 values/],
  ['offsets that do not fit', { units: { ...units, rowOffsets: Uint32Array.of(0, 1) } }, /rowOffsets/],
];
for (const [what, changed, why] of wrong) {
  test(`${what} is refused before anything is trained`, async () => {
    await assert.rejects(
      trainRound({ ...input, ...changed }),
      (error) => error instanceof TrainingInputError && why.test(error.message),
    );
  });
}

test('all faults of a plan are named at once', async () => {
  const faulty = { ...plan, steps: 0, learningRate: -1, noiseMultiplier: 0 };
  await assert.rejects(trainRound({ ...input, plan: faulty }), /noiseMultiplier.*steps.*learningRate/);
});

test('bytes that are no model are refused', async () => {
  await assert.rejects(trainRound({ ...input, model: Uint8Array.of(1, 2, 3) }), OnnxFormatError);
});

test('a model whose layers are too wide for norms of sequences is refused from the worker, with the remedy', async () => {
  const [positions, width] = [3, 20_000];
  const model = sequenceModel({ positions, width, outputs: 8 });
  const features = positions * width;
  const row = { features: new Float32Array(features), label: 1 };
  await assert.rejects(
    trainRound({
      model,
      parameters: readForwardModel(model).values,
      units: packUnits(features, [[row]]),
      localPatterns: [],
      plan: { ...plan, samplingRate: 1, bandSize: 50, rowsPerUnit: 1 },
    }),
    (error) =>
      error instanceof TrainingInputError &&
      /take shorter sequences, .*or narrower layers/.test(error.message),
  );
});
