import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { rowGradient } from '@consilium/onnx-grad/testing/reference-gradients';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { type AuditCase, auditNoise, auditSampling, auditSensitivity } from './testing/audits.ts';
import {
  clippedPerBatch,
  dividedByBatch,
  neverClipped,
  noiseNotScaledByClip,
  noiseOffTheLattice,
  noiseReused,
  noiseTooSmall,
  rightMechanism,
  shuffled,
} from './testing/broken-mechanisms.ts';
import { copyOf } from './tiled-sums.ts';
import type { TrainingPlan } from './training-plan.ts';
import { releaseMean, runSteps } from './training-steps.ts';
import type { LabelledRow } from './training-units.ts';

// With all parameters 0 a row's gradient is ±1/2 times its features: patients can be made to pull either way.
const features = 60;
const model = buildForwardModel({ kind: 'logistic-regression', features, localIntercept: true });
const forward = readForwardModel(model);
const plan: TrainingPlan = {
  clipNormL2: 5,
  noiseMultiplier: 1.5,
  samplingRate: 0.3,
  steps: 1,
  bandSize: 40,
  rowsPerUnit: 2,
  learningRate: 0.1,
};
const right: AuditCase = {
  model,
  features,
  parameters: forward.values,
  plan,
  substitute: rightMechanism,
};

const next = testNumbers(7);
const rowOf = (scale: number, label: number): LabelledRow => ({
  features: Array.from({ length: features }, () => Math.fround(next() * scale)),
  label,
});
const opposite = (row: LabelledRow): LabelledRow => ({ ...row, label: 1 - row.label });
const extreme = rowOf(1e6, 1);
const moderate = Array.from({ length: 30 }, (_, i) => [rowOf(1, i % 2), rowOf(3, i % 2)]);
const WORLDS = [
  { others: [], one: [extreme] },
  { others: [[rowOf(1, 0)]], one: [opposite(extreme)] },
  { others: moderate, one: [extreme, rowOf(1e6, 0)] },
  { others: moderate, one: [opposite(extreme)] },
  { others: [[extreme]], one: [opposite(extreme)] },
  { others: moderate, one: [extreme, opposite(extreme)] },
  { others: moderate, one: [] },
  { others: moderate, one: [{ features: new Array<number>(features).fill(Number.NaN), label: 1 }] },
  { others: moderate, one: [{ features: new Array<number>(features).fill(3e38), label: 0 }] },
  // More patients than one run holds: one more moves all others to other indices and runs.
  { others: Array.from({ length: 5 }, () => moderate).flat(), one: [extreme] },
];

/** What a trainer without per-patient clipping would sum. */
function unclippedSum(rows: readonly (readonly LabelledRow[])[]) {
  return async (parameters: Float32Array, batch: Uint32Array): Promise<Float64Array> => {
    const total = new Float64Array(forward.parameterCount);
    for (const unit of batch) {
      for (const { features: values, label } of rows[unit]!) {
        const gradient = rowGradient(forward, parameters, { features: Array.from(values), label });
        for (let i = 0; i < total.length; i++) total[i]! += gradient[i]!;
      }
    }
    return total;
  };
}

test('the mechanism passes every audit', async () => {
  assert.deepEqual(await auditNoise(right), []);
  assert.deepEqual(await auditSampling(right, moderate), []);
  const everyone = { ...right, plan: { ...plan, samplingRate: 1 } };
  assert.deepEqual(await auditNoise(everyone), []);
  assert.deepEqual(await auditSensitivity(everyone, WORLDS), []);
  assert.deepEqual(await auditSensitivity({ ...right, plan: { ...plan, clipNormL2: 0.01 } }, WORLDS), []);
});

test('the sensitivity audit is sharp: clipped sums one thousandth too large are caught', async () => {
  const found = await auditSensitivity(
    {
      ...right,
      substitute: ({ mechanism }) => ({
        ...mechanism,
        sumClipped: async (parameters, batch) =>
          copyOf(await mechanism.sumClipped(parameters, batch)).map((value) => value * 1.001),
      }),
    },
    WORLDS.slice(0, 1),
  );
  assert.match(found.join(), /times the bound/);
});

for (const [name, substitute, expected] of [
  ['noise of deviation σ instead of σ C', noiseNotScaledByClip, /another scale/],
  ['noise at nine tenths of its scale', noiseTooSmall, /another scale/],
  ['noise that is used again', noiseReused, /used twice/],
  ['noise that is not integer', noiseOffTheLattice, /lattice/],
] as const) {
  test(`the noise audit catches ${name}`, async () => {
    assert.match((await auditNoise({ ...right, substitute })).join(), expected);
  });
}

test('the sensitivity audit catches division by the batch drawn', async () => {
  const found = await auditSensitivity({ ...right, substitute: dividedByBatch }, WORLDS.slice(0, 5));
  assert.match(found.join(), /times the bound/);
});

for (const [name, broken] of [
  ['clipping per batch instead of per patient', clippedPerBatch],
  ['no clipping at all', neverClipped],
] as const) {
  test(`the sensitivity audit catches ${name}`, async () => {
    const { others, one } = { others: moderate.slice(0, 3), one: [extreme] };
    // The audit runs both worlds with one substitute: patients are looked up in the world at hand by their count.
    const substitute = broken((parameters, batch) =>
      unclippedSum(batch.length === others.length ? others : [one, ...others])(parameters, batch),
    );
    const found = await auditSensitivity({ ...right, substitute }, [{ others, one }]);
    assert.match(found.join(), /times the bound/);
  });
}

test('the sampling audit catches shuffling into batches of one size', async () => {
  const random = testNumbers(9);
  const substitute = shuffled(moderate.length, random);
  assert.match((await auditSampling({ ...right, substitute }, moderate)).join(), /not drawn independently/);
});

test('what is released lies on the lattice whatever the sum, and reveals no more of it than its rounding', () => {
  const release = releaseMean(plan, () => 2 ** 20 / plan.clipNormL2);
  const step = plan.clipNormL2 / 2 ** 20 / (plan.samplingRate * plan.bandSize);
  const noise = Float64Array.of(5, -3, 0, 1e9);
  const sum = Float64Array.of(Math.PI, -Math.E, 1e-9, 12_345.678);
  const released = release({ sum, noise });
  released.forEach((value, i) => {
    const expected = Math.round((sum[i]! / plan.clipNormL2) * 2 ** 20) + noise[i]!;
    assert.ok(Math.abs(value / step - expected) < 1e-3);
  });
  // Sums that round to the same integers cannot be distinguished.
  const nearby = sum.map((value) => value + 1e-10);
  assert.deepEqual(release({ sum: nearby, noise }), released);
});

test('steps follow the released mean, with momentum', async () => {
  const means = [Float64Array.of(1, 0), Float64Array.of(0, 2), Float64Array.of(0, 0)];
  const mechanism = {
    drawBatch: () => new Uint32Array(),
    sumClipped: async () => new Float64Array(2),
    drawNoise: () => new Float64Array(2),
    noiseDeviation: () => 1,
    release: () => means.shift()!,
  };
  const seen: number[] = [];
  const trained = await runSteps([10, 20], {
    plan: { ...plan, steps: 3, learningRate: 0.5, momentum: 0.5 },
    mechanism,
    onProgress: ({ step }) => seen.push(step),
  });
  assert.deepEqual([...trained], [10 - 0.5 * (1 + 0.5 + 0.25), 20 - 0.5 * (2 + 1)]);
  assert.deepEqual(seen, [1, 2, 3]);
});
