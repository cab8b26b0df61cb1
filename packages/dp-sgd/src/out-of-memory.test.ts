import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSession } from '@consilium/onnx-grad';
import { GraphWriter, valueInfo } from '@consilium/onnx-grad/testing/graph-parts';
import { isOutOfMemory } from './out-of-memory.ts';

/** More bytes than any machine's addresses. */
const BEYOND = 2 ** 46;

const thrownBy = async (act: () => unknown): Promise<unknown> => {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return assert.fail('it throws');
};

test('arrays that are too large are recognised by the message of Node', async () => {
  assert.ok(isOutOfMemory(await thrownBy(() => new Float64Array(BEYOND))));
  assert.ok(isOutOfMemory(await thrownBy(() => new SharedArrayBuffer(BEYOND))));
});

test('a value of a graph that is too large is recognised by the message of ONNX Runtime', async () => {
  const writer = new GraphWriter();
  const shape = [2 ** 23, 2 ** 23];
  const output = writer.emit('Expand', ['x', writer.int64s(shape)]);
  const bytes = writer.finish({
    name: 'huge',
    inputs: [valueInfo('x', { elementType: 'float', shape: [1] })],
    outputs: [valueInfo(output, { elementType: 'float', shape })],
  });
  const session = await openSession(bytes, { threads: 1 });
  const x = { type: 'float32', shape: [1], data: new Float32Array(1) } as const;
  assert.ok(isOutOfMemory(await thrownBy(() => session.run({ x }))));
  await session.close();
});

test('a worker whose heap is full is recognised by its code', () => {
  const full = Object.assign(new Error('Worker terminated due to reaching memory limit'), {
    code: 'ERR_WORKER_OUT_OF_MEMORY',
  });
  assert.ok(isOutOfMemory(new Error('the training worker failed', { cause: full })));
});

test('other errors are not taken for it', () => {
  assert.ok(!isOutOfMemory(new Error('the runtime refuses the graph', { cause: new RangeError('of 5') })));
  assert.ok(!isOutOfMemory('Array buffer allocation failed'));
});
