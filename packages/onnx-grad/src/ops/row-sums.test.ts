import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { elementCount } from '../format/tensor-data.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { testNumbers } from '../testing/tiny-models.ts';
import { emitRowMean, emitRowSum } from './row-sums.ts';

const ROWS = 47;
const CASES: readonly [sizes: readonly number[], axes: readonly number[]][] = [
  [[7], [1]],
  [[5, 7], [2]],
  [[5, 7], [1]],
  [
    [5, 7],
    [1, 2],
  ],
  [
    [3, 5, 7],
    [1, 3],
  ],
  [[9, 1], [1]],
  [[4, 25], [2]],
  [[512], [1]],
];

for (const [own, axes] of CASES) {
  test(`sums of rows [${own}] over axes ${axes} are right, and the same bits at every index`, async () => {
    const sizes = [ROWS, ...own];
    const writer = new GraphWriter();
    const sum = emitRowSum(writer, { value: 'x', sizes, axes });
    const mean = emitRowMean(writer, { value: 'x', sizes, axes });
    const kept = sizes.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const bytes = writer.finish({
      name: 'sums',
      inputs: [valueInfo('x', { elementType: 'float', shape: sizes })],
      outputs: [sum, mean].map((name) => valueInfo(name, { elementType: 'float', shape: kept })),
    });
    const session = await openSession(bytes, { threads: 2 });
    const next = testNumbers(3);
    const width = elementCount(own);
    const probe = Float32Array.from({ length: width }, next);
    let expected: Float32Array | undefined;
    for (let index = 0; index < ROWS; index++) {
      const data = Float32Array.from({ length: ROWS * width }, next);
      data.set(probe, index * width);
      const outputs = await session.run({ x: { type: 'float32', shape: sizes, data } });
      const results = [sum, mean].flatMap((name) => {
        const all = outputs[name]!.data as Float32Array;
        const each = all.length / ROWS;
        return [...all.subarray(index * each, (index + 1) * each)];
      });
      expected ??= Float32Array.from(results);
      assert.deepEqual(Float32Array.from(results), expected, `at index ${index}`);
    }
    const total = probe.reduce((a, b) => a + b, 0);
    const count = expected!.length / 2;
    const summed = expected!.subarray(0, count).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(summed - total) < 1e-4);
    const perMean = width / count;
    assert.ok(Math.abs(expected!.subarray(count).reduce((a, b) => a + b, 0) * perMean - total) < 1e-4);
    await session.close();
  });
}
