import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { probeNumbers } from '../probes/probe-rows.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { emitProduct } from './row-products.ts';

const next = probeNumbers(5);
const numbers = (count: number) => Float32Array.from({ length: count }, next);

/** How many different answers equal rows get. */
async function answers(
  [rows, inner, outer]: readonly [number, number, number],
  emit: (writer: GraphWriter) => string,
): Promise<number> {
  const writer = new GraphWriter();
  writer.emitAs('y', 'Identity', [emit(writer)]);
  const float = (name: string, shape: readonly number[]) => valueInfo(name, { elementType: 'float', shape });
  const session = await openSession(
    writer.finish({
      name: 'product',
      inputs: [float('x', [rows, inner]), float('w', [inner, outer]), float('b', [outer])],
      outputs: [float('y', [rows, outer])],
    }),
    { threads: 1 },
  );
  const row = numbers(inner);
  const x = new Float32Array(rows * inner);
  for (let i = 0; i < rows; i++) x.set(row, i * inner);
  const { y } = await session.run({
    x: { type: 'float32', shape: [rows, inner], data: x },
    w: { type: 'float32', shape: [inner, outer], data: numbers(inner * outer) },
    b: { type: 'float32', shape: [outer], data: numbers(outer) },
  });
  await session.close();
  return new Set(Array.from({ length: rows }, (_, i) => `${y!.data.subarray(i * outer, (i + 1) * outer)}`))
    .size;
}

test('equal rows have equal products, however many they are, by columns and by matrices', async () => {
  for (const rows of [1, 2, 3, 7, 43, 64, 131]) {
    for (const inner of [1, 3, 5, 8, 13, 64, 130, 700]) {
      for (const outer of [1, 2, 3, 17, 33]) {
        for (const offset of [undefined, 'b']) {
          const sizes = [rows, inner, outer] as const;
          const emit = (writer: GraphWriter) =>
            emitProduct(writer, { rows: 'x', weight: 'w', inner, outer, isTransposed: false, offset });
          assert.equal(await answers(sizes, emit), 1, sizes.join(' x '));
        }
      }
    }
  }
});

test('by a column without the detour, some processors round the last rows differently', async (t) => {
  for (const inner of [5, 8, 13, 64]) {
    if ((await answers([43, inner, 1], (writer) => writer.emit('Gemm', ['x', 'w']))) > 1) return;
  }
  t.skip('not run: this machine does not');
});
