import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildForwardModel,
  openScoring,
  rawOutputs,
  readForwardModel,
  withParameters,
} from '@consilium/onnx-grad';
import { KeptScoring, type ScoreTask } from './kept-scoring.ts';
import { namedFeatures } from './row-digests.ts';

const graph = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: 3,
  hidden: [4],
  localIntercept: false,
});
const { values } = readForwardModel(graph);
const rows = (first: number, count = 7) => Float32Array.from({ length: 3 * count }, (_, i) => first + i / 10);
const moved = (by: number) => Float64Array.from(values, (value) => value + by);
const task = (features: Float32Array, by = 0): ScoreTask => ({
  kind: 'outputs',
  graph,
  values: moved(by),
  rows: namedFeatures(features),
});
const held = (own: ScoreTask): ScoreTask => ({ ...own, rows: { ...own.rows, sent: undefined } });

function counted() {
  const counts = { opened: 0, closed: 0 };
  const kept = new KeptScoring(async (onnx) => {
    counts.opened++;
    const scoring = await openScoring(onnx);
    const close = async () => {
      counts.closed++;
      await scoring.close();
    };
    return { ...scoring, close };
  });
  return { kept, counts };
}

test('scores of one graph load it once, and are those of a file with the same values, bit for bit', async () => {
  const { kept, counts } = counted();
  for (const by of [0, 1, -0.25, 0]) {
    for (const features of [rows(0), rows(5, 300), new Float32Array()]) {
      const outputs = await kept.outputs(task(features, by));
      assert.deepEqual(outputs, await rawOutputs(withParameters(graph, moved(by)), features));
    }
  }
  assert.deepEqual(counts, { opened: 1, closed: 0 });
  await kept.close();
  assert.equal(counts.closed, 1);
});

test('rows that were sent are scored again by their digest, and others never in their place', async () => {
  const { kept } = counted();
  const first = await kept.outputs(task(rows(0)));
  assert.deepEqual(await kept.outputs(held(task(rows(0)))), first);
  const moved = await kept.outputs(held(task(rows(0), 1)));
  assert.notDeepEqual(moved, first);
  await kept.outputs(task(rows(5)));
  await assert.rejects(kept.outputs(held(task(rows(0)))), /does not hold/);
  await kept.close();
});

test('more rows than a process that scores has room for are not held', async () => {
  const { kept } = counted();
  const wide = buildForwardModel({ kind: 'logistic-regression', features: 2 ** 16, localIntercept: false });
  const many: ScoreTask = {
    kind: 'outputs',
    graph: wide,
    values: new Float64Array(2 ** 16 + 1),
    rows: namedFeatures(new Float32Array(2 ** 24 + 2 ** 16)),
  };
  assert.equal((await kept.outputs(many)).values.length, 257);
  await assert.rejects(kept.outputs(held(many)), /does not hold/);
  await kept.close();
});

test('another graph is loaded in the place of the one before, and after a failure nothing is kept', async () => {
  const { kept, counts } = counted();
  await kept.outputs(task(rows(0)));
  const other = buildForwardModel({ kind: 'logistic-regression', features: 3, localIntercept: false });
  await kept.outputs({ ...task(rows(0)), graph: other, values: new Float64Array(4) });
  assert.deepEqual(counts, { opened: 2, closed: 1 });
  await assert.rejects(kept.outputs({ ...task(rows(0)), graph: other }));
  assert.deepEqual(counts, { opened: 2, closed: 2 });
  await assert.rejects(kept.outputs(held(task(rows(0)))), /does not hold/);
  await kept.close();
});
