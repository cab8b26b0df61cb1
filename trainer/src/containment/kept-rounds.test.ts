import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRounds, packUnits, type RoundInput } from '@consilium/dp-sgd';
import { buildForwardModel } from '@consilium/onnx-grad';
import { KeptRounds } from './kept-rounds.ts';

const graphOf = (features: number) =>
  buildForwardModel({ kind: 'logistic-regression', features, localIntercept: false });
const unitsOf = (label: number) =>
  packUnits(
    2,
    Array.from({ length: 30 }, (_, i) => [{ features: [i % 2, 1], label: i === 7 ? label : i % 2 }]),
  );
const input: RoundInput = {
  model: graphOf(2),
  parameters: [0, 0, 0],
  units: unitsOf(0),
  localPatterns: [],
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
  const counts = { opened: 0, closed: 0, units: [] as number[] };
  const kept = new KeptRounds(async (setting, environment) => {
    counts.opened++;
    counts.units.push(setting.units.labels[7]!);
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
  const second = await kept.run({ ...input, units: unitsOf(0), parameters: [1, 2, 3] }, {});
  const third = await kept.run(input, {});
  assert.deepEqual([counts.opened, counts.closed], [1, 0]);
  assert.notDeepEqual(first.sharedDelta, third.sharedDelta);
  assert.notDeepEqual(second.sharedDelta, third.sharedDelta);
  await kept.close();
  assert.equal(counts.closed, 1);
});

test('one label more, another plan, model or pattern is another training, and the one before is let go of first', async () => {
  const { kept, counts } = counted();
  await kept.run(input, {});
  const others: RoundInput[] = [
    { ...input, units: unitsOf(1) },
    { ...input, plan: { ...input.plan, noiseMultiplier: 2 } },
    { ...input, localPatterns: ['bias'] },
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
  const units = unitsOf(0);
  await kept.run({ ...input, units }, {});
  units.features.fill(Number.NaN);
  await kept.run(input, {});
  assert.equal(counts.opened, 1);
  await kept.close();
});

test('after a round that failed nothing is kept', async () => {
  const { kept, counts } = counted();
  const refused = new Error('not written down');
  await assert.rejects(kept.run(input, { onDrawing: () => Promise.reject(refused) }), refused);
  assert.deepEqual([counts.opened, counts.closed], [1, 1]);
  assert.equal((await kept.run(input, {})).steps, 4);
  await kept.close();
});
