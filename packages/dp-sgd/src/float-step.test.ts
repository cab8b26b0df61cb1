// The audits of a private step, for a model whose large dense layer is summed in float.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import {
  type AuditCase,
  auditNoise,
  auditSampling,
  auditSensitivity,
  withMechanism,
} from './testing/audits.ts';
import { noiseReused, noiseTooSmall, rightMechanism } from './testing/broken-mechanisms.ts';
import type { LabelledRow } from './training-units.ts';

const features = 256;
const model = buildForwardModel({
  kind: 'multilayer-perceptron',
  features,
  hidden: [256],
  localIntercept: false,
});
const right: AuditCase = {
  model,
  features,
  parameters: readForwardModel(model).values,
  plan: {
    clipNormL2: 0.5,
    noiseMultiplier: 1.5,
    samplingRate: 0.4,
    steps: 1,
    bandSize: 40,
    rowsPerUnit: 1,
    learningRate: 0.1,
  },
  substitute: rightMechanism,
};
const next = testNumbers(31);
const unit = (scale: number, label: number): LabelledRow[] => [
  { features: Array.from({ length: features }, () => Math.fround(next() * scale)), label },
];
const patients = Array.from({ length: 40 }, (_, i) => unit(10 ** (i % 5), i % 2));

test('the noise of a large model passes the audit, and wrong noise fails it', async () => {
  assert.deepEqual(await auditNoise(right, 4), []);
  const broken = async (substitute: AuditCase['substitute']) =>
    (await auditNoise({ ...right, substitute }, 4)).join();
  assert.match(await broken(noiseTooSmall), /another scale/);
  assert.match(await broken(noiseReused), /used twice/);
});

test('no patient moves what a large model releases by more than the bound', async () => {
  const worlds = [unit(1e6, 1), unit(1e-6, 0), unit(1e25, 1), [], unit(Number.NaN, 1)].map((one) => ({
    others: patients,
    one,
  }));
  assert.deepEqual(await auditSensitivity(right, worlds), []);
});

test('batches of a large model are drawn as the accounting assumes, and in random order', async () => {
  assert.deepEqual(await auditSampling(right, patients), []);
  await withMechanism(right, { rows: patients, seed: 'orders' }, async ({ mechanism }) => {
    let ascents = 0;
    let pairs = 0;
    for (let i = 0; i < 200; i++) {
      const batch = mechanism.drawBatch();
      assert.equal(new Set(batch).size, batch.length);
      batch.forEach((drawn, index) => {
        if (index === 0) return;
        pairs += 1;
        if (drawn > batch[index - 1]!) ascents += 1;
      });
    }
    // Half of all neighbours ascend in a random order, all of them in the order of the data.
    assert.ok(Math.abs(ascents - pairs / 2) < 5 * Math.sqrt(pairs / 4), `${ascents} of ${pairs}`);
  });
});
