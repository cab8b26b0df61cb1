import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, buildStepGraph, readForwardModel } from '@consilium/onnx-grad';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { ClippedSum } from './clipped-sum.ts';
import { openShards } from './shard.ts';
import { overflowingPadding } from './testing/overflowing-padding.ts';
import { copyOf } from './tiled-sums.ts';
import { type LabelledRow, packUnits } from './training-units.ts';

const features = 6;
const model = readForwardModel(
  buildForwardModel({ kind: 'multilayer-perceptron', features, hidden: [8, 4], localIntercept: true }),
);
const next = testNumbers(5);
const row = (label: number): LabelledRow => ({ features: Array.from({ length: features }, next), label });
const good = Array.from({ length: 7 }, (_, i) => (i % 2 === 0 ? [row(1), row(0)] : [row(0)]));
const graph = buildStepGraph(model, {
  clipNormL2: 0.5,
  capacityUnits: 5,
  rowsPerUnit: 2,
  loss: 'binary-cross-entropy',
});

async function sumOf(
  units: readonly (readonly LabelledRow[])[],
  parameters = model.values,
  shards = 1,
): Promise<Float64Array> {
  const clipped = new ClippedSum([graph], packUnits(features, units), openShards([graph], shards));
  const batch = Uint32Array.from(units, (_, unit) => unit);
  const sum = Float64Array.from(copyOf(await clipped.sum(parameters, batch)));
  await clipped.close();
  return sum;
}

test('a batch does not change the sum of a later, smaller one, or of units of fewer rows', async () => {
  const units = packUnits(features, [
    ...good,
    [{ ...row(1), features: new Array<number>(features).fill(Number.NaN) }],
  ]);
  for (const shards of [1, 2]) {
    const sumAfter = async (...before: readonly number[][]) => {
      const clipped = new ClippedSum([graph], units, openShards([graph], shards));
      for (const batch of before) await clipped.sum(model.values, Uint32Array.from(batch));
      const sum = Float64Array.from(copyOf(await clipped.sum(model.values, Uint32Array.of(1, 7, 3))));
      await clipped.close();
      return sum;
    };
    const alone = await sumAfter();
    assert.ok(alone.some((value) => value !== 0));
    assert.deepEqual(await sumAfter([0, 2, 4, 6]), alone);
    assert.deepEqual(await sumAfter([0, 2, 4, 6, 0, 2, 4, 6, 2, 0, 4], [6, 4]), alone);
  }
});

const overflowing = { features: new Array<number>(features).fill(3e38), label: 0 };

test('a unit with a gradient that is not finite contributes nothing, and the others all they should', async () => {
  const expected = await sumOf(good);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const broken = [{ features: [bad, 1, 2, 3, 4, bad], label: 1 }, row(0)];
    assert.deepEqual(await sumOf([...good, broken]), expected);
  }
  // Finite features whose gradient overflows: found by the run itself.
  assert.deepEqual(await sumOf([...good, [overflowing]]), expected);
});

test('units that are not finite, alone or at every index, give zeros', async () => {
  const nan = [{ features: new Array<number>(features).fill(Number.NaN), label: 1 }];
  for (const units of [[nan], [nan, nan, nan], [[overflowing]], []]) {
    assert.ok((await sumOf(units)).every((value) => value === 0));
  }
});

test('parameters that are not finite give zeros and end', async () => {
  const broken = model.values.map((value, i) => (i % 3 === 0 ? Number.NaN : value));
  assert.ok((await sumOf(good, broken)).every((value) => value === 0));
});

test('parameters that leave padding units not finite give zeros, whether the batch fills a run or not', async () => {
  const { model: bytes, start, row: own } = overflowingPadding();
  const overflowing = readForwardModel(bytes);
  const capacityUnits = 3;
  const loss = 'binary-cross-entropy';
  for (const clipNormL2 of [0.5, 'input'] as const) {
    const graph = buildStepGraph(overflowing, { clipNormL2, capacityUnits, rowsPerUnit: 1, loss });
    for (const shards of [1, 2]) {
      const units = packUnits(5, new Array<LabelledRow[]>(2 * shards * capacityUnits).fill([own]));
      const clipped = new ClippedSum([graph], units, openShards([graph], shards));
      for (const count of [1, 3, 5, 6, 7, 12].filter((size) => size <= units.rowOffsets.length - 1)) {
        const batch = Uint32Array.from({ length: count }, (_, unit) => unit);
        const { sum, count: within } = graph.takesClipNorm
          ? await clipped.sumAndCount(start, batch, 0.5)
          : { sum: await clipped.sum(start, batch), count: 0 };
        assert.ok(
          copyOf(sum).every((value) => value === 0),
          `${count} units in ${shards} shards`,
        );
        assert.equal(within, 0);
      }
      await clipped.close();
    }
  }
});

test('several shards give the same sum, also where a unit is broken, and when there are more units than a run holds', async () => {
  const many = [...good, [overflowing], ...good, ...good];
  for (const units of [good, many, []]) {
    const expected = await sumOf(units);
    const actual = await sumOf(units, model.values, 2);
    assert.ok(actual.every((value, i) => Math.abs(value - expected[i]!) < 1e-12));
  }
});
