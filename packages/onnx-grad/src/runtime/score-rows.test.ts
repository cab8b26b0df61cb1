import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildForwardModel } from '../model/build-forward-model.ts';
import { readForwardModel, withParameters } from '../model/forward-model.ts';
import { openSession } from './onnx-runtime.ts';
import { predictProbabilities } from './predict.ts';
import { scoreRows } from './score-rows.ts';

const FIXTURES = new URL('../../../src/testing/fixtures/', import.meta.url);
const rowsOf = (width: number, count = 5): Float32Array[] =>
  Array.from({ length: count }, (_, i) =>
    Float32Array.from({ length: width }, (_, j) => Math.sin(1 + 3 * i + 7 * j)),
  );
const close = (actual: ArrayLike<number>, wanted: ArrayLike<number>) => {
  assert.equal(actual.length, wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    assert.ok(Math.abs(actual[i]! - wanted[i]!) < 1e-5, `${i}: ${actual[i]} is not ${wanted[i]}`);
  }
};
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

test('a built model scores the same on this thread and in a worker', async () => {
  const graph = buildForwardModel({
    kind: 'multilayer-perceptron',
    features: 4,
    hidden: [3],
    localIntercept: true,
  });
  const rows = rowsOf(4);
  const flat = Float32Array.from(rows.flatMap((row) => [...row]));
  close(await scoreRows(graph, flat), await predictProbabilities(graph, flat));
  assert.equal((await scoreRows(graph, new Float32Array())).length, 0);
});

/** What the exported graph itself says, as the probability of label 1. */
const EXPORTED: Readonly<Record<string, (row: ArrayLike<number>) => number>> = {
  'torch-script-mlp.onnx': (row) => sigmoid(row[0]!),
  'torch-dynamo-mlp-sigmoid.onnx': (row) => row[0]!,
  'sklearn-logistic-regression.onnx': (row) => row[1]!,
};

for (const [file, probability] of Object.entries(EXPORTED)) {
  test(`${file} scores as its own output says`, async () => {
    const graph = readFileSync(new URL(file, FIXTURES));
    const { values, features, input, inputShape, outputs } = readForwardModel(graph);
    assert.ok(outputs <= 2);
    const rows = rowsOf(features);
    const session = await openSession(graph, { threads: 1 });
    const data = Float32Array.from(rows.flatMap((row) => [...row]));
    const answer = await session.run({
      [input]: { type: 'float32', shape: [rows.length, ...inputShape], data },
    });
    await session.close();
    const output = Object.values(answer).find(({ type }) => type === 'float32')!;
    const width = output.data.length / rows.length;
    const wanted = rows.map((_, i) => probability(output.data.slice(i * width, (i + 1) * width)));
    close(await scoreRows(withParameters(graph, values), data), wanted);
  });
}
