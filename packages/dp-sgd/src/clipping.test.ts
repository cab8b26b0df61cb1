// Per-layer and adaptive clipping as private mechanisms: what they claim, and mutants that the audits must find.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { type AuditCase, auditNoise, auditSampling, auditSensitivity } from './testing/audits.ts';
import { countNotCharged, countNotNoised, countTwice, layersNotScaled } from './testing/broken-clipping.ts';
import { noiseTooSmall, rightMechanism } from './testing/broken-mechanisms.ts';
import { auditCount, auditJointNoise, auditTwoWorlds } from './testing/joint-audits.ts';
import type { TrainingPlan } from './training-plan.ts';
import type { LabelledRow } from './training-units.ts';

const features = 20;
const model = buildForwardModel({ kind: 'logistic-regression', features, localIntercept: true });
const plan: TrainingPlan = {
  clipNormL2: 0.5,
  noiseMultiplier: 0.6,
  samplingRate: 1,
  steps: 1,
  bandSize: 10,
  rowsPerUnit: 2,
  learningRate: 0.1,
};
const right: AuditCase = {
  model,
  features,
  parameters: readForwardModel(model).values,
  plan,
  substitute: rightMechanism,
};
const byLayers: AuditCase = {
  ...right,
  plan: {
    ...plan,
    clipping: { kind: 'per-layer', bounds: 'uniform', layers: [['weight0'], ['bias0'], ['local.*']] },
  },
};
const adaptive: AuditCase = {
  ...right,
  plan: { ...plan, clipping: { kind: 'adaptive', countNoiseMultiplier: 1.2 } },
};

const next = testNumbers(23);
const rowOf = (scale: number, label: number): LabelledRow => ({
  features: Array.from({ length: features }, () => Math.fround(next() * scale)),
  label,
});
const extreme = rowOf(1e6, 1);
const moderate = Array.from({ length: 12 }, (_, i) => [rowOf(0.2, i % 2), rowOf(0.3, i % 2)]);
const bad = (value: number): LabelledRow => ({ features: new Array<number>(features).fill(value), label: 1 });
const WORLDS = [
  { others: [], one: [extreme] },
  { others: moderate, one: [extreme, rowOf(1e6, 1)] },
  { others: moderate, one: [] },
  { others: moderate, one: [rowOf(1e-3, 0)] },
  { others: [[extreme], ...moderate], one: [bad(Number.NaN)] },
  { others: [[bad(3e38)], ...moderate], one: [bad(3e38)] },
  { others: [[bad(Number.NaN)], [bad(3e38)]], one: [extreme] },
  // More patients than one run holds: one more moves all others to other indices and runs.
  { others: Array.from({ length: 5 }, () => moderate).flat(), one: [extreme] },
];
/** Saturates every layer, and is above any clip norm. */
const telling = { others: moderate.slice(0, 3), one: [extreme, { ...extreme, label: 1 }] };

test('clipping by layers passes every audit, and is no weaker for it', async () => {
  assert.deepEqual(await auditNoise(byLayers), []);
  assert.deepEqual(await auditSensitivity(byLayers, WORLDS), []);
  const { problems, sharpness } = await auditTwoWorlds(byLayers, telling);
  assert.deepEqual(problems, []);
  assert.ok(Math.abs(sharpness - 1) < 0.1, `the attack reaches ${sharpness} of the claim`);
});

test('layers that are each clipped to the whole norm are caught', async () => {
  const { others, one } = telling;
  const input = { model, parameters: right.parameters, plan: byLayers.plan, localPatterns: [] };
  const rowsOf = (units: number) => (units === others.length ? others : [one, ...others]);
  const broken = { ...byLayers, substitute: layersNotScaled(input, { features, rowsOf }) };
  assert.match((await auditSensitivity(broken, [telling])).join(), /times the bound/);
  assert.match((await auditTwoWorlds(broken, telling)).problems.join(), /can be distinguished/);
});

test('adaptive clipping passes every audit: gradients and count together cost what the plan says', async () => {
  assert.deepEqual(await auditJointNoise(adaptive), []);
  assert.deepEqual(await auditSensitivity(adaptive, WORLDS), []);
  assert.deepEqual(await auditCount(adaptive, WORLDS), []);
  const { problems, sharpness } = await auditTwoWorlds(adaptive, telling);
  assert.deepEqual(problems, []);
  assert.ok(Math.abs(sharpness - 1) < 0.1, `the attack reaches ${sharpness} of the claim`);
  const sampled = { ...adaptive, plan: { ...adaptive.plan, samplingRate: 0.3 } };
  assert.deepEqual(await auditSampling(sampled, moderate), []);
});

test('the audits pass flat clipping, and find too little noise in it', async () => {
  assert.deepEqual(await auditJointNoise(right), []);
  assert.match((await auditJointNoise({ ...right, substitute: noiseTooSmall })).join(), /has the multiplier/);
  assert.match(
    (await auditTwoWorlds({ ...right, substitute: noiseTooSmall }, telling)).problems.join(),
    /can be distinguished/,
  );
});

for (const [name, substitute] of [
  ['a count without noise', countNotNoised],
  ['a count that is not paid for', countNotCharged],
] as const) {
  test(`the audits catch ${name}`, async () => {
    const broken = { ...adaptive, substitute };
    assert.match((await auditJointNoise(broken)).join(), /has the multiplier/);
    assert.match((await auditTwoWorlds(broken, telling)).problems.join(), /can be distinguished/);
  });
}

test('the audits catch a count in which everyone counts twice', async () => {
  const broken = { ...adaptive, substitute: countTwice };
  assert.match((await auditCount(broken, WORLDS)).join(), /moves the count by -?2/);
  assert.match((await auditTwoWorlds(broken, telling)).problems.join(), /can be distinguished/);
});
