import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packUnits } from '@consilium/dp-sgd';
import { runRound } from '@consilium/dp-sgd/testing/round-parts';
import { seededRandomness } from '@consilium/dp-sgd/testing/seeded-randomness';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { checkUpdate, impliedUpdateNormL2 } from './check-update.ts';
import { quantizeParameters } from './parameter-lattice.ts';

test('a sound update gives no reasons', () => {
  assert.deepEqual(
    checkUpdate(quantizeParameters([0.6, -0.8]), { parameterCount: 2, maxUpdateNormL2: 1.00001 }),
    [],
  );
});

test('an update of another length, or beyond the norm, is rejected with the reason', () => {
  const limits = { parameterCount: 2, maxUpdateNormL2: 1 };
  assert.match(checkUpdate(Int32Array.of(1), limits).join(), /has 1 values, the model has 2/);
  assert.match(checkUpdate(quantizeParameters([0.8, 0.61]), limits).join(), /norm exceeds 1/);
  assert.deepEqual(checkUpdate(Int32Array.of(2 ** 20, 0), limits), []);
  assert.equal(checkUpdate(Int32Array.of(2 ** 20, 1), limits).length, 1);
  const huge = new Int32Array(2).fill(-(2 ** 31));
  assert.equal(checkUpdate(huge, { ...limits, maxUpdateNormL2: 2896 }).length, 1);
  assert.equal(checkUpdate(huge, { ...limits, maxUpdateNormL2: 2897 }).length, 0);
});

test("an honest update stays within the bound that its plan implies, and the bound isn't idle", async () => {
  const features = 8;
  const model = buildForwardModel({ kind: 'logistic-regression', features, localIntercept: false });
  const { values, parameterCount } = readForwardModel(model);
  // Everyone pulls the same way: the largest update there is.
  const rows = Array.from({ length: 50 }, () => [
    { features: new Array<number>(features).fill(100), label: 1 },
  ]);
  const plan = {
    clipNormL2: 1,
    noiseMultiplier: 2,
    samplingRate: 1,
    steps: 1,
    bandSize: 50,
    rowsPerUnit: 1,
    learningRate: 0.5,
  };
  const { sharedDelta } = await runRound(
    { model, parameters: values, units: packUnits(features, rows), plan, localPatterns: [] },
    { randomness: seededRandomness('norm') },
  );
  const bound = impliedUpdateNormL2({ ...plan, maximumUnits: 50, parameterCount });
  const delta = quantizeParameters(sharedDelta);
  assert.deepEqual(checkUpdate(delta, { parameterCount, maxUpdateNormL2: bound }), []);
  assert.equal(checkUpdate(delta, { parameterCount, maxUpdateNormL2: bound / 3 }).length, 1);
});

test('the bound grows with momentum, steps and noise, and with units a Poisson batch may hold', () => {
  const plan = {
    clipNormL2: 1,
    noiseMultiplier: 1,
    samplingRate: 0.1,
    steps: 10,
    bandSize: 100,
    maximumUnits: 200,
    learningRate: 1,
    parameterCount: 10,
  };
  const base = impliedUpdateNormL2(plan);
  assert.ok(impliedUpdateNormL2({ ...plan, momentum: 0.5 }) > 1.99 * base);
  assert.ok(impliedUpdateNormL2({ ...plan, steps: 20 }) > 2 * base);
  assert.ok(impliedUpdateNormL2({ ...plan, noiseMultiplier: 2 }) > base);
  assert.ok(impliedUpdateNormL2({ ...plan, maximumUnits: 400 }) > base);
});
