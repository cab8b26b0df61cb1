// The ε of a step, sampling and all, as it can be measured from outside, against what the accountant charges.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epsilonByPld } from '@consilium/dp-accountant';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import type { AuditCase, Substitute } from './testing/audits.ts';
import { noiseNotScaledByClip, rightMechanism } from './testing/broken-mechanisms.ts';
import { auditEpsilon, clopperPearsonUpper } from './testing/epsilon-audit.ts';

const features = 8;
const model = buildForwardModel({ kind: 'logistic-regression', features, localIntercept: false });
const DELTA = 0.01;
const plan = {
  clipNormL2: 3,
  noiseMultiplier: 0.8,
  samplingRate: 0.5,
  steps: 1,
  bandSize: 10,
  rowsPerUnit: 1,
  learningRate: 0.1,
} as const;
const right: AuditCase = {
  model,
  features,
  parameters: readForwardModel(model).values,
  plan,
  substitute: rightMechanism,
};
const next = testNumbers(31);
const rowOf = (scale: number, label: number) => ({
  features: Array.from({ length: features }, () => Math.fround(next() * scale)),
  label,
});
const world = { others: [[rowOf(0.1, 0)], [rowOf(0.1, 1)]], one: [rowOf(1e6, 1)] };
const claim = epsilonByPld([{ noiseMultiplier: 0.8, samplingRate: 0.5, steps: 1 }], DELTA);

test('the bound of Clopper and Pearson is that of the binomial', () => {
  // No hits in n trials: (1 - p)^n = α. All but one of n: found in the tables of Clopper and Pearson's interval.
  assert.ok(Math.abs(clopperPearsonUpper(0, 100, 0.025) - (1 - 0.025 ** 0.01)) < 1e-9);
  assert.ok(Math.abs(clopperPearsonUpper(10, 100, 0.025) - 0.1762226) < 1e-6);
  assert.equal(clopperPearsonUpper(5, 5, 0.01), 1);
});

test('nobody who sees a step can detect a patient better than the accountant says, and the measure comes near it', async () => {
  const measured = await auditEpsilon(right, world, { delta: DELTA });
  assert.ok(measured <= claim && measured > 0.4 * claim, `${measured} of ${claim}`);
});

const noiseHalved: Substitute = ({ mechanism }) => ({
  ...mechanism,
  drawNoise: () => mechanism.drawNoise().map((value) => Math.round(value / 2)),
});
for (const [what, substitute] of [
  ['half the noise', noiseHalved],
  ['noise that is not scaled by the clip norm', noiseNotScaledByClip],
] as const) {
  test(`${what} is measured to cost more than is charged`, async () => {
    const measured = await auditEpsilon({ ...right, substitute }, world, { delta: DELTA });
    assert.ok(measured > 1.2 * claim, `${measured} of ${claim}`);
  });
}
