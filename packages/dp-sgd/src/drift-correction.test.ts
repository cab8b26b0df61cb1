import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { correctingDrift, driftTermsOf } from './drift-correction.ts';
import { type DriftCorrection, driftProblems } from './drift-plan.ts';
import { optimizerRuleOf } from './optimizer-rule.ts';
import { planSentence } from './plan-problem.ts';
import { runRound } from './round.ts';
import type { RoundInput } from './round-input.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';
import { TrainingInputError, type TrainingPlan } from './training-plan.ts';
import { packUnits } from './training-units.ts';

const features = 3;
/** weight0 (3), bias0, local.intercept: all but the last are shared. */
const model = buildForwardModel({ kind: 'logistic-regression', features, localIntercept: true });
const next = testNumbers(5);
const patients = Array.from({ length: 60 }, () => {
  const values = [next(), next(), next()];
  return [{ features: values, label: values[0]! > 0.1 ? 1 : 0 }];
});
const plan: TrainingPlan = {
  clipNormL2: 1,
  noiseMultiplier: 0.5,
  samplingRate: 1,
  steps: 30,
  bandSize: 60,
  rowsPerUnit: 1,
  learningRate: 1,
};
const start = Float64Array.from(readForwardModel(model).values, (_, i) => 0.25 * (i - 2));
const input: RoundInput = {
  model,
  parameters: start,
  units: packUnits(features, patients),
  plan,
  localPatterns: ['local.*'],
};

/** All parameters after a round with the same batches and noise, whatever the correction. */
async function trained(changes: Partial<TrainingPlan>, more: Partial<RoundInput> = {}): Promise<number[]> {
  const changed = { ...input, ...more, plan: { ...plan, ...changes } };
  const result = await runRound(changed, { randomness: seededRandomness('drift') });
  return [...result.sharedDelta.map((value, i) => value + start[i]!), ...result.localParameters];
}
const distance = (values: readonly number[]) =>
  Math.hypot(...values.slice(0, 4).map((v, i) => v - start[i]!));
const prox = (proximal: number): DriftCorrection => ({ kind: 'fedprox', proximal });

for (const optimizer of [{ kind: 'sgd' }, { kind: 'sgd', momentum: 0.5 }, { kind: 'adam' }] as const) {
  test(`FedProx keeps ${JSON.stringify(optimizer)} nearer to the base the larger μ is`, async () => {
    const learningRate = optimizer.kind === 'adam' ? 0.1 : 1;
    const reached = [];
    for (const driftCorrection of [undefined, prox(0.1), prox(0.9)]) {
      const change = driftCorrection === undefined ? {} : { driftCorrection };
      reached.push(distance(await trained({ optimizer, learningRate, ...change })));
    }
    const [free, weak, strong] = reached;
    assert.ok(weak! < 0.95 * free! && strong! < 0.7 * weak!, `${reached}`);
  });
}

test('a correction follows its formula, step by step, on shared parameters only', () => {
  const base = Float64Array.of(1, 2, 3);
  const sharedIndices = Int32Array.of(0, 2);
  const mean = Float64Array.of(0.5, 0.25, -0.5);
  const step = (correction: DriftCorrection, controlShift?: Float64Array) => {
    const parameters = Float64Array.of(2, 2, 2);
    const rule = optimizerRuleOf(plan, 3);
    const corrected = correctingDrift(rule, driftTermsOf(correction, { base, sharedIndices, controlShift }));
    corrected.startStep(1, 0);
    corrected.apply(parameters, mean.subarray(0, 2), 0, 2);
    corrected.apply(parameters, mean.subarray(2), 2, 1);
    return [...parameters];
  };
  assert.deepEqual(step(prox(0.5)), [2 - (0.5 + 0.5), 2 - 0.25, 2 - (-0.5 - 0.5)]);
  assert.deepEqual(step({ kind: 'scaffold' }), [2 - 0.5, 2 - 0.25, 2 + 0.5]);
  assert.deepEqual(step({ kind: 'scaffold' }, Float64Array.of(0.125, -1)), [
    2 - 0.5 - 0.125,
    2 - 0.25,
    2 + 0.5 + 1,
  ]);
  assert.deepEqual([...mean], [0.5, 0.25, -0.5], 'the released mean itself stays');
});

test('neither correction touches noise, batches, events or local parameters', async () => {
  const free = await runRound(input, { randomness: seededRandomness('drift') });
  // So few patients' worth of noise that a shift shows, but moves the logits too little for the intercept to see.
  const shift = Float64Array.of(1e-12, 0, 0, -1e-12);
  const scaffold: TrainingPlan = { ...plan, driftCorrection: { kind: 'scaffold' } };
  for (const changed of [
    { ...input, plan: { ...plan, driftCorrection: prox(1e-12) } },
    { ...input, plan: scaffold, controlShift: shift },
  ]) {
    const result = await runRound(changed, { randomness: seededRandomness('drift') });
    assert.deepEqual(result.noise, free.noise);
    assert.equal(result.steps, free.steps);
    assert.ok(result.sharedDelta.some((value, i) => value !== free.sharedDelta[i]));
    assert.ok(Math.abs(result.localParameters[0]! - free.localParameters[0]!) < 1e-6);
  }
});

test('SCAFFOLD’s shift moves a round by exactly its K η, where gradients stay as they are', async () => {
  const none = { units: packUnits(features, []) };
  const driftCorrection = { kind: 'scaffold' } as const;
  const plainly = await trained({}, none);
  const shifted = await trained({ driftCorrection }, { ...none, controlShift: [0.5, 0, -0.25, 0] });
  const expected = [-0.5 * plan.steps, 0, 0.25 * plan.steps, 0, 0];
  shifted.forEach((value, i) => {
    assert.ok(Math.abs(value - plainly[i]! - expected[i]!) < 1e-9, `parameter ${i}`);
  });
});

test('settings that exclude each other are refused with the reason', () => {
  const scaffold = { driftCorrection: { kind: 'scaffold' } } as const;
  const problems = (changes: Partial<TrainingPlan>) =>
    driftProblems({ ...plan, ...changes })
      .map(planSentence)
      .join('; ');
  assert.equal(problems(scaffold), '');
  assert.equal(problems({ ...scaffold, optimizer: { kind: 'sgd' }, schedule: { kind: 'constant' } }), '');
  assert.match(problems({ ...scaffold, optimizer: { kind: 'adam' } }), /scaffold needs gradient descent/);
  assert.match(problems({ ...scaffold, momentum: 0.5 }), /without momentum/);
  assert.match(problems({ ...scaffold, optimizer: { kind: 'sgd', momentum: 0.1 } }), /without momentum/);
  assert.match(problems({ ...scaffold, schedule: { kind: 'cosine' } }), /one learning rate in all rounds/);
  assert.match(
    problems({ ...scaffold, schedule: { kind: 'constant', warmUpSteps: 2 } }),
    /one learning rate/,
  );
  assert.match(problems({ driftCorrection: prox(0) }), /proximal must be a positive number/);
  assert.match(problems({ driftCorrection: prox(Number.NaN) }), /proximal must be a positive number/);
  assert.match(problems({ driftCorrection: prox(1) }), /proximal times learningRate must be below 1/);
  assert.equal(problems({ driftCorrection: prox(5), optimizer: { kind: 'adam' } }), '');
});

test('a round refuses a plan, or a shift, that does not fit', async () => {
  const driftCorrection = { kind: 'scaffold' } as const;
  const refused = (changes: Partial<TrainingPlan>, more: Partial<RoundInput>, says: RegExp) =>
    assert.rejects(
      trained(changes, more),
      (error) => error instanceof TrainingInputError && says.test(error.message),
    );
  await refused({ driftCorrection, momentum: 0.5 }, {}, /driftCorrection: scaffold needs/);
  await refused({}, { controlShift: [0, 0, 0, 0] }, /controlShift: it is for scaffold/);
  await refused({ driftCorrection }, { controlShift: [0, 0, 0, 0, 0] }, /each shared parameter/);
  await refused({ driftCorrection }, { controlShift: [0, 0, 0, Number.NaN] }, /a finite number/);
});
