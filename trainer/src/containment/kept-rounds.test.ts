import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRounds, packUnits } from '@consilium/dp-sgd';
import { buildForwardModel } from '@consilium/onnx-grad';
import type { HeldRoundInput } from './graph-task.ts';
import { KeptRounds } from './kept-rounds.ts';
import { namedUnits } from './row-digests.ts';

const graphOf = (features: number) =>
  buildForwardModel({ kind: 'logistic-regression', features, localIntercept: false });
const rowsOf = (label: number) =>
  packUnits(
    2,
    Array.from({ length: 30 }, (_, i) => [{ features: [i % 2, 1], label: i === 7 ? label : i % 2 }]),
  );
const unitsOf = (label: number) => namedUnits(rowsOf(label));
/** As a message names units that were sent before. */
const heldOf = (label: number) => ({ ...unitsOf(label), sent: undefined });
const input: HeldRoundInput = {
  model: graphOf(2),
  parameters: Float64Array.of(0, 0, 0),
  units: unitsOf(0),
  localPatterns: [],
  rounds: 1,
  plan: {
    clipNormL2: 1,
    noiseMultiplier: 1,
    samplingRate: 0.5,
    steps: 4,
    bandSize: 30,
    rowsPerUnit: 1,
    learningRate: 0.1,
  },
};

function counted() {
  const counts = { opened: 0, closed: 0, units: [] as number[], features: [] as Float32Array[] };
  const kept = new KeptRounds(async (setting, environment) => {
    counts.opened++;
    counts.units.push(setting.units.labels[7]!);
    counts.features.push(setting.units.features.slice());
    const rounds = await openRounds(setting, environment);
    const close = async () => {
      counts.closed++;
      await rounds.close();
    };
    return { ...rounds, close };
  });
  return { kept, counts };
}

test('rounds of one study on one dataset are prepared once, from any start, each with noise of its own', async () => {
  const { kept, counts } = counted();
  const first = await kept.run(input, {});
  // The same contents in other arrays, as each message brings them.
  const second = await kept.run({ ...input, units: unitsOf(0), parameters: Float64Array.of(1, 2, 3) }, {});
  const third = await kept.run({ ...input, units: heldOf(0) }, {});
  assert.deepEqual([counts.opened, counts.closed], [1, 0]);
  assert.notDeepEqual(first.sharedDelta, third.sharedDelta);
  assert.notDeepEqual(second.sharedDelta, third.sharedDelta);
  await kept.close();
  assert.equal(counts.closed, 1);
});

test('one label more, another plan, model or pattern is another training, and the one before is let go of first', async () => {
  const { kept, counts } = counted();
  await kept.run(input, {});
  const others: HeldRoundInput[] = [
    { ...input, units: unitsOf(1) },
    { ...input, plan: { ...input.plan, noiseMultiplier: 2 } },
    { ...input, localPatterns: ['bias'] },
    { ...input, rounds: 3 },
    { ...input, model: buildForwardModel({ kind: 'linear', features: 2, localIntercept: false }) },
    input,
  ];
  for (const [i, other] of others.entries()) {
    await kept.run(other, {}).catch(() => undefined);
    assert.equal(counts.opened, i + 2);
    assert.ok(counts.closed >= i + 1, 'at most one is kept');
  }
  assert.deepEqual(counts.units.slice(0, 2), [0, 1], 'each with its own patients');
  await kept.close();
});

test('what is kept does not follow the arrays of a message', async () => {
  const { kept, counts } = counted();
  const sent = rowsOf(0);
  await kept.run({ ...input, units: namedUnits(sent) }, {});
  const before = sent.features.slice();
  sent.features.fill(Number.NaN);
  await kept.run({ ...input, units: heldOf(0) }, {});
  assert.equal(counts.opened, 1);
  await kept.run({ ...input, units: heldOf(0), plan: { ...input.plan, steps: 5 } }, {});
  assert.deepEqual(counts.features.at(-1), before, 'another plan has the units that were sent');
  await kept.close();
});

test('after a round that failed nothing is kept', async () => {
  const { kept, counts } = counted();
  const refused = new Error('not written down');
  await assert.rejects(kept.run(input, { onDrawing: () => Promise.reject(refused) }), refused);
  assert.deepEqual([counts.opened, counts.closed], [1, 1]);
  await assert.rejects(kept.run({ ...input, units: heldOf(0) }, {}), /does not hold/);
  assert.equal((await kept.run(input, {})).steps, 4);
  await kept.close();
});

test('units are known by all that they hold, and others are never trained on in their place', async () => {
  const { kept, counts } = counted();
  const { featureCount, rowOffsets, features, labels } = rowsOf(0);
  const changed = (values: Float32Array) => values.map((value, i) => (i === 3 ? value + 1 : value));
  const others = [
    rowsOf(0),
    { featureCount, rowOffsets, features: changed(features), labels },
    { featureCount, rowOffsets, features, labels: changed(labels) },
    { featureCount, rowOffsets: rowOffsets.map((row) => (row === 3 ? 2 : row)), features, labels },
    { featureCount: 1, rowOffsets, features, labels },
  ].map(namedUnits);
  assert.equal(new Set(others.map(({ sha256 }) => sha256)).size, others.length);
  await kept.run(input, {});
  for (const { sha256 } of others.slice(1)) {
    await assert.rejects(kept.run({ ...input, units: { sha256, sent: undefined } }, {}), /does not hold/);
  }
  assert.equal(counts.opened, 1);
  await kept.close();
});
