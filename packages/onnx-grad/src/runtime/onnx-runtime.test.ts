import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { COPY_SPARING_OUTPUT } from './given-arrays.ts';
import { OnnxRuntimeError, openSession, type TensorValue } from './onnx-runtime.ts';

const COUNT = 2 ** 18;

/** twice = x + x, where x is at least 1 long. */
function doubling({ sparesCopies }: { readonly sparesCopies: boolean }): Uint8Array {
  const writer = new GraphWriter();
  if (sparesCopies) writer.emitAs(COPY_SPARING_OUTPUT, 'SequenceEmpty', []);
  writer.emitAs('twice', 'Add', ['x', 'x']);
  return writer.finish({
    name: 'doubling',
    inputs: [valueInfo('x', { elementType: 'float', shape: ['count'] })],
    outputs: [
      ...(sparesCopies ? [{ name: COPY_SPARING_OUTPUT }] : []),
      valueInfo('twice', { elementType: 'float', shape: ['count'] }),
    ],
  });
}

const column = (data: Float32Array): TensorValue => ({ type: 'float32', shape: [data.length], data });

/** Whether any of a few runs over given arrays allocates as much again as its output has. */
async function doesCopy(bytes: Uint8Array): Promise<boolean> {
  const session = await openSession(bytes, { threads: 1 });
  const [x, twice] = [new Float32Array(COUNT), new Float32Array(COUNT)];
  const run = session.prepare({ x: column(x) }, { twice: column(twice) });
  const allocated: number[] = [];
  for (const value of [1, 2, 3, 4, 5]) {
    x.fill(value);
    const before = process.memoryUsage().arrayBuffers;
    await run();
    allocated.push(process.memoryUsage().arrayBuffers - before);
    assert.ok(twice.every((result) => result === 2 * value));
  }
  await session.close();
  return allocated.some((more) => more >= twice.byteLength);
}

test('a prepared run writes into the arrays given, and into no others where the graph spares copies', async () => {
  assert.equal(await doesCopy(doubling({ sparesCopies: true })), false);
});

test('otherwise the binding does copy: if this fails, the workaround is no longer needed', async () => {
  assert.equal(await doesCopy(doubling({ sparesCopies: false })), true);
});

test('a run that fails is reported as failed, also without copies', async () => {
  const session = await openSession(doubling({ sparesCopies: true }), { threads: 1 });
  const run = session.prepare({ x: column(new Float32Array(2)) }, { twice: column(new Float32Array(3)) });
  await assert.rejects(run(), OnnxRuntimeError);
  await session.close();
});

test('a graph that spares copies gives its other outputs where arrays are asked for', async () => {
  const session = await openSession(doubling({ sparesCopies: true }), { threads: 1 });
  const { twice, ...others } = await session.run({ x: column(Float32Array.of(1, 2)) });
  assert.deepEqual([...twice!.data], [2, 4]);
  assert.deepEqual(others, {});
  await session.close();
});
