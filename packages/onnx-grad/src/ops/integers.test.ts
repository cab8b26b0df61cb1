// What our integers of data are, and why they are not the runtime's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { emitConditions, emitIndices, emitIntegers } from './integers.ts';

async function valuesOf(data: readonly number[], emit: (writer: GraphWriter) => string): Promise<number[]> {
  const writer = new GraphWriter();
  writer.emitAs('y', 'Cast', [emit(writer)], { to: 11 });
  const shape = [data.length];
  const session = await openSession(
    writer.finish({
      name: 'integers',
      inputs: [valueInfo('x', { elementType: 'float', shape })],
      outputs: [valueInfo('y', { elementType: 'double', shape })],
    }),
    { threads: 1 },
  );
  try {
    const { y } = await session.run({ x: { type: 'float32', shape, data: Float32Array.from(data) } });
    return Array.from(y!.data);
  } finally {
    await session.close();
  }
}

const NUMBERS = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  3e38,
  -3e38,
  0,
  1.9,
  -1.9,
  3,
];
const [LOW, HIGH] = [-(2 ** 31), 2 ** 31];

test('the integer of a number is the number without its fraction, 0 for NaN, and the border beyond the range', async () => {
  const integers = await valuesOf(NUMBERS, (writer) => emitIntegers(writer, 'x'));
  assert.deepEqual(integers, [0, HIGH, LOW, HIGH, LOW, 0, 1, -1, 3]);
});

test('the condition of a number is whether it differs from 0', async () => {
  const held = await valuesOf([...NUMBERS, -0, 1e-45], (writer) =>
    emitConditions(writer, 'x', writer.float(0)),
  );
  assert.deepEqual(held, [1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1]);
});

test('an index beyond its axis is the nearest of the axis', async () => {
  const indices = await valuesOf([-(2 ** 40), -1, 0, 3.5, 6, 7, 2 ** 31, 2 ** 32, 3e38], (writer) =>
    emitIndices(writer, emitIntegers(writer, 'x'), 7),
  );
  assert.deepEqual(indices, [0, 0, 0, 3, 6, 6, 6, 6, 6]);
});
