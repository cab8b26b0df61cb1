import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { learningRateAt } from './learning-rate.ts';
import type { Optimizer } from './optimizer.ts';
import { type OptimizerState, optimizerRuleOf } from './optimizer-rule.ts';
import { TrainingInputError, type TrainingPlan } from './training-plan.ts';

const plan: TrainingPlan = {
  clipNormL2: 1,
  noiseMultiplier: 1,
  samplingRate: 0.5,
  steps: 20,
  bandSize: 10,
  rowsPerUnit: 1,
  learningRate: 0.3,
};
const next = testNumbers(17);
const size = 7;
const vector = () => Float64Array.from({ length: size }, next);
const means = Array.from({ length: plan.steps }, vector);
const start = vector();

interface Moved {
  readonly parameters: Float64Array;
  readonly state: OptimizerState;
}

/** Parameters after some of the means, moved in blocks of the given widths. */
function moved(
  changes: Partial<TrainingPlan>,
  options: {
    readonly blocks?: readonly number[];
    readonly deviation?: (step: number) => number;
    readonly steps?: readonly [first: number, last: number];
    readonly from?: Moved;
  } = {},
): Moved {
  const { blocks = [size], deviation = () => 0.2, steps: [first, last] = [1, plan.steps], from } = options;
  const rule = optimizerRuleOf({ ...plan, ...changes }, size, from?.state);
  const parameters = (from?.parameters ?? start).slice();
  for (let step = first; step <= last; step++) {
    const mean = means[step - 1]!;
    rule.startStep(step, deviation(step));
    let at = 0;
    for (const count of blocks) {
      rule.apply(parameters, mean.subarray(at, at + count), at, count);
      at += count;
    }
  }
  return { parameters, state: rule.state() };
}

function assertNear(actual: ArrayLike<number>, expected: readonly number[]): void {
  expected.forEach((value, i) => {
    const off = Math.abs(actual[i]! - value) / Math.max(1, Math.abs(value));
    assert.ok(off < 1e-12, `value ${i} is ${actual[i]}, not ${value}`);
  });
}

test('gradient descent with momentum follows its formula, bit for bit', () => {
  for (const momentum of [0, 0.9]) {
    const expected = Array.from(start, (value, i) => {
      let velocity = 0;
      for (const mean of means) {
        velocity = momentum * velocity + mean[i]!;
        value -= plan.learningRate * velocity;
      }
      return value;
    });
    assert.deepEqual([...moved({ momentum }).parameters], expected);
    assert.deepEqual([...moved({ optimizer: { kind: 'sgd', momentum } }).parameters], expected);
  }
});

/** DP-AdamBC as in the paper, coordinate by coordinate and from the whole history of means in every step. */
function referenceAdam(options: {
  readonly deviation: (step: number) => number;
  readonly betas: readonly [number, number];
  readonly floor?: number;
  readonly rate?: (step: number) => number;
  readonly decay?: number;
}): number[] {
  const { deviation, betas, floor, rate = () => plan.learningRate, decay = 0 } = options;
  const average = (beta: number, values: readonly number[]) => {
    const weights = values.map((_, i) => beta ** (values.length - 1 - i));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return values.reduce((sum, value, i) => sum + (value * weights[i]!) / total, 0);
  };
  return Array.from(start, (value, i) => {
    for (let t = 1; t <= means.length; t++) {
      const seen = means.slice(0, t).map((mean) => mean[i]!);
      const variances = seen.map((_, s) => deviation(s + 1) ** 2);
      const mHat = average(betas[0], seen);
      const vHat = average(
        betas[1],
        seen.map((g) => g * g),
      );
      const noise = average(betas[1], variances);
      value -= rate(t) * decay * value;
      value -= (rate(t) * mHat) / Math.sqrt(Math.max(vHat - noise, floor ?? noise));
    }
    return value;
  });
}

test('Adam agrees with a reference that goes over the whole history, to 1e-12', () => {
  const constant = () => 0.2;
  const changing = (step: number) => 0.1 + step / 50;
  const cases: [Omit<Extract<Optimizer, { kind: 'adam' }>, 'kind'>, (step: number) => number][] = [
    [{}, constant],
    [{ floor: 1e-4 }, constant],
    [{ momentum: 0.5, secondMomentum: 0.9, floor: 0.01 }, changing],
    [{ momentum: 0, secondMomentum: 0.6 }, changing],
  ];
  for (const [settings, deviation] of cases) {
    const { momentum = 0.9, secondMomentum = 0.999, floor } = settings;
    const expected = referenceAdam({
      deviation,
      betas: [momentum, secondMomentum],
      ...(floor !== undefined && { floor }),
    });
    assertNear(moved({ optimizer: { kind: 'adam', ...settings } }, { deviation }).parameters, expected);
  }
});

test('Adam with another noise variance, or with none subtracted, is detected', () => {
  const optimizer: Optimizer = { kind: 'adam', floor: 1e-4 };
  const right = moved({ optimizer }).parameters;
  for (const wrong of [0, 0.2 / Math.SQRT2, 0.2 * plan.noiseMultiplier * 2]) {
    const other = moved({ optimizer }, { deviation: () => wrong }).parameters;
    assert.ok(Math.hypot(...right.map((value, i) => value - other[i]!)) > 1e-3);
  }
});

test('weight decay and a schedule are those of the formula, for either optimiser', () => {
  const schedule = { kind: 'cosine', warmUpSteps: 5 } as const;
  const rate = (step: number) => learningRateAt({ ...plan, schedule, studySteps: plan.steps }, step);
  const adam = { kind: 'adam', floor: 0.02 } as const;
  assertNear(
    moved({ optimizer: adam, schedule, weightDecay: 0.1 }).parameters,
    referenceAdam({ deviation: () => 0.2, betas: [0.9, 0.999], floor: 0.02, rate, decay: 0.1 }),
  );
  const expected = Array.from(start, (value, i) => {
    let velocity = 0;
    means.forEach((mean, s) => {
      velocity = 0.5 * velocity + mean[i]!;
      value = value - rate(s + 1) * 0.1 * value - rate(s + 1) * velocity;
    });
    return value;
  });
  assertNear(moved({ momentum: 0.5, schedule, weightDecay: 0.1 }).parameters, expected);
});

for (const optimizer of [
  { kind: 'sgd', momentum: 0.5 },
  { kind: 'adam', secondMomentum: 0.9 },
] as const) {
  const changes = { optimizer, weightDecay: 0.01, schedule: { kind: 'linear' } } as const;

  test(`${optimizer.kind}: a step in blocks is the same step`, () => {
    assert.deepEqual(moved(changes, { blocks: [2, 4, 1] }).parameters, moved(changes).parameters);
  });

  test(`${optimizer.kind}: going on from a state equals going on without a pause`, () => {
    const from = moved(changes, { steps: [1, 8] });
    const resumed = moved(changes, { steps: [9, plan.steps], from });
    assert.deepEqual(resumed, moved(changes));
    // The state that was given is not written to: a round that is done again starts from the same.
    assert.deepEqual(from, moved(changes, { steps: [1, 8] }));
  });
}

test('a state of another optimiser, or of another model, is refused', () => {
  const { state } = moved({});
  for (const changes of [{ optimizer: { kind: 'adam' } } as const, {}]) {
    const count = 'optimizer' in changes ? size : size + 1;
    assert.throws(() => optimizerRuleOf({ ...plan, ...changes }, count, state), TrainingInputError);
  }
});
