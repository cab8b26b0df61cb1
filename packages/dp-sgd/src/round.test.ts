// Rounds that are prepared once, beside rounds that are each prepared for themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { fastEngine } from './fast/index.ts';
import { secureRandomness } from './randomness.ts';
import { openRounds, runRound } from './round.ts';
import type { RoundInput, RoundResult, RoundStart } from './round-input.ts';
import type { StepEngine } from './step-engine.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';
import { TrainingInputError, type TrainingPlan } from './training-plan.ts';
import { packUnits, prepareUnits, type TrainingUnits } from './training-units.ts';

const FEATURES = 5;
const logistic = buildForwardModel({
  kind: 'logistic-regression',
  features: FEATURES,
  localIntercept: true,
});
/** With a layer large enough for two shards. */
const large = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: FEATURES,
  hidden: [256, 256],
  localIntercept: false,
});
const plan: TrainingPlan = {
  clipNormL2: 1,
  noiseMultiplier: 1,
  samplingRate: 0.5,
  steps: 20,
  bandSize: 150,
  rowsPerUnit: 2,
  learningRate: 0.5,
};
const next = testNumbers(5);
const rows = Array.from({ length: 150 }, (_, i) =>
  Array.from({ length: 1 + (i % 2) }, () => {
    const features = Array.from({ length: FEATURES }, () => next());
    return { features, label: features[0]! > 0 ? 1 : 0 };
  }),
);
const strange = [
  [{ features: [Number.NaN, 1, 1, 1, 1], label: 1 }],
  [{ features: [1e30, 1, 1, 1, 1], label: 0 }],
];
const units = packUnits(FEATURES, [...rows, ...strange]);

const inputOf = (model: Uint8Array, changes: Partial<TrainingPlan>): RoundInput => ({
  model,
  parameters: readForwardModel(model).values,
  units,
  plan: { ...plan, ...changes },
  localPatterns: ['local.*'],
});

/** What the next round starts from. */
function after(start: RoundStart, { sharedDelta, localParameters, state }: RoundResult): RoundStart {
  const moved = Float64Array.from(sharedDelta, (value, i) => value + start.parameters[i]!);
  return { parameters: Float64Array.of(...moved, ...localParameters), state };
}

/** Units that count how often their features are read. */
function watched(): { readonly units: TrainingUnits; readonly reads: () => number } {
  let reads = 0;
  const { features, ...rest } = units;
  const own = Object.defineProperty({ ...rest } as TrainingUnits, 'features', {
    enumerable: true,
    get() {
      reads++;
      return features;
    },
  });
  return { units: own, reads: () => reads };
}

const CASES: readonly (readonly [what: string, model: Uint8Array, changes: Partial<TrainingPlan>])[] = [
  ['many steps to a run', logistic, { steps: 60 }],
  ['fewer steps than a loop of its own would be worth', logistic, {}],
  ['momentum', logistic, { momentum: 0.8, weightDecay: 0.01, schedule: { kind: 'cosine' }, studySteps: 60 }],
  ['averages over steps', logistic, { averaging: { decay: 0.9 } }],
  ['a pull to each round’s base', logistic, { driftCorrection: { kind: 'fedprox', proximal: 0.5 } }],
  ['Adam', logistic, { optimizer: { kind: 'adam' }, learningRate: 0.05 }],
  ['a clip norm that follows a count', logistic, { clipping: { kind: 'adaptive' } }],
  ['clipping by layers', large, { clipping: { kind: 'per-layer', bounds: 'uniform' }, steps: 3 }],
  ['two shards', large, { momentum: 0.5, steps: 3 }],
];

for (const [what, model, changes] of CASES) {
  test(`rounds that are prepared once are those prepared each for itself, to the bit: ${what}`, async () => {
    const input = inputOf(model, changes);
    const rounds = await openRounds(input, { randomness: seededRandomness('unused'), rounds: 3 });
    let start: RoundStart = { parameters: input.parameters };
    try {
      for (let round = 1; round <= 3; round++) {
        const together = await rounds.run(start, { randomness: seededRandomness(`round ${round}`) });
        const apart = await runRound(
          { ...input, ...start },
          { randomness: seededRandomness(`round ${round}`) },
        );
        assert.deepEqual(together, apart, `round ${round}`);
        start = after(start, together);
      }
    } finally {
      await rounds.close();
    }
  });
}

test('rounds are prepared once, however many are run, and each draws noise of its own', async () => {
  for (const [model, changes] of [
    [logistic, {}],
    [large, { momentum: 0.5, steps: 2 }],
  ] as const) {
    const counts = { openStep: 0, openRuns: 0, openNoise: 0 };
    const counting: StepEngine = {
      ...fastEngine,
      openStep(work) {
        counts.openStep++;
        return fastEngine.openStep(work);
      },
      openRuns(work) {
        counts.openRuns++;
        return fastEngine.openRuns(work);
      },
      openNoise(options) {
        counts.openNoise++;
        return fastEngine.openNoise(options);
      },
    };
    const { units: own, reads } = watched();
    const input = { ...inputOf(model, changes), units: own };
    const rounds = await openRounds(input, { randomness: secureRandomness, engine: counting, rounds: 5 });
    const results: RoundResult[] = [];
    const before = reads();
    for (let round = 0; round < 5; round++) results.push(await rounds.run(input));
    await rounds.close();
    assert.equal(reads(), before, 'no round reads the units again');
    assert.deepEqual(
      Object.values(counts).filter((count) => count > 1),
      [],
    );
    assert.equal(counts.openStep, 1);
    const firstValues = new Set(results.map(({ sharedDelta }) => sharedDelta[0]));
    assert.equal(firstValues.size, 5, 'the same start, and other noise each time');
  }
});

test('what a round answered does not change when the next one runs', async () => {
  const input = inputOf(large, { momentum: 0.5, steps: 2 });
  const rounds = await openRounds(input, { randomness: secureRandomness, rounds: 2 });
  const first = await rounds.run(input);
  const copy = structuredClone(first);
  await rounds.run(after(input, first));
  await rounds.close();
  assert.deepEqual(first, copy);
});

test('rounds refuse a start of another model or optimiser, and go on', async () => {
  const input = inputOf(logistic, {});
  const rounds = await openRounds(input, { randomness: secureRandomness });
  const adam = { kind: 'adam', first: new Float64Array(6), second: new Float64Array(6) } as const;
  const state = { steps: 20, optimizer: { ...adam, noiseVariance: 0, steps: 20 } };
  await assert.rejects(rounds.run({ parameters: [1, 2] }), TrainingInputError);
  await assert.rejects(rounds.run({ ...input, state }), /not of this optimizer/);
  await assert.rejects(rounds.run({ ...input, controlShift: [1] }), /controlShift/);
  assert.equal((await rounds.run(input)).steps, 20);
  await rounds.close();
});

test('after a round that failed there is no other', async () => {
  const input = inputOf(logistic, {});
  const rounds = await openRounds(input, { randomness: secureRandomness });
  const fail = () => {
    throw new Error('stop');
  };
  await assert.rejects(rounds.run(input, { onDrawing: fail }), /stop/);
  await assert.rejects(rounds.run(input), /none after one that failed/);
  await rounds.close();
});

test('what is known of units is found out once, and never taken for that of others', () => {
  const { units: own, reads } = watched();
  const prepared = prepareUnits(own);
  const count = reads();
  assert.equal(prepareUnits(prepared), prepared);
  assert.equal(reads(), count);
  assert.deepEqual([...prepared.isUnusable.slice(-3)], [0, 1, 1]);
  assert.equal(
    prepared.rowSquares[0],
    units.features.slice(0, FEATURES).reduce((sum, x) => sum + x * x, 0),
  );
  // A copy with other rows still carries the old answers, which must not be believed.
  const others = { ...prepared, features: prepared.features.map(() => Number.NaN) };
  assert.ok(prepareUnits(others).isUnusable.every((flag) => flag === 1));
});
