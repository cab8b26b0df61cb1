import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, buildStepGraph, readForwardModel, type StepGraph } from '@consilium/onnx-grad';
import { decodeModel, encodeModel, int64Tensor } from '@consilium/onnx-grad/testing/graph-parts';
import { isOutOfMemory } from '../out-of-memory.ts';
import { createParameters } from '../shard.ts';
import { allocateShared, openShardThread, ShardFailedError } from './shard-thread.ts';

const model = readForwardModel(
  buildForwardModel({ kind: 'logistic-regression', features: 1, localIntercept: false }),
);
const whole = buildStepGraph(model, {
  clipNormL2: 1,
  capacityUnits: 1,
  rowsPerUnit: 1,
  loss: { kind: 'binary-cross-entropy' },
});

/** The step, with a value of more bytes than any machine's addresses before the first sum. */
function stepWithHugeValue(): StepGraph {
  const model = decodeModel(whole.bytes);
  const sum = whole.sums[0]!.name;
  const node = model.graph.node.map((own) => ({
    ...own,
    output: own.output.map((name) => (name === sum ? 'small' : name)),
  }));
  const extents = int64Tensor('extents', [2 ** 23, 2 ** 23]);
  const append = (opType: string, input: string[], output: string) =>
    node.push({ name: opType, opType, input, output: [output], attribute: [] });
  append('Expand', ['small', extents.name], 'huge');
  append('ReduceMax', ['huge'], sum);
  return {
    ...whole,
    bytes: encodeModel({
      ...model,
      graph: { ...model.graph, node, initializer: [...model.graph.initializer, extents] },
    }),
  };
}

async function failureOf(step: StepGraph): Promise<ShardFailedError> {
  const graphs = [step];
  const shard = openShardThread(graphs, { parameters: createParameters(graphs, allocateShared) });
  try {
    await shard.start(0);
    await shard.finish();
  } catch (error) {
    assert.ok(error instanceof ShardFailedError);
    return error;
  } finally {
    await shard.close();
  }
  return assert.fail('the shard fails');
}

test('a shard whose thread has no memory for a run says so, as a run on the calling thread does', async () => {
  const failure = await failureOf(stepWithHugeValue());
  assert.ok(isOutOfMemory(failure), String(failure.cause));
});

test('a shard whose thread fails otherwise hands over what it failed with', async () => {
  const failure = await failureOf({ ...whole, bytes: Buffer.from('no graph') });
  assert.ok(failure.cause instanceof Error);
  assert.match(failure.cause.message, /protobuf|graph/i);
  assert.ok(!isOutOfMemory(failure));
});

test('a shard runs again and again, and closes', async () => {
  const graphs = [whole];
  const parameters = createParameters(graphs, allocateShared);
  const shard = openShardThread(graphs, { parameters });
  const { x, y, mask, rowSquares, sum } = shard.buffers;
  for (const array of [x, mask, rowSquares]) array[0] = 1;
  for (const label of [0, 1]) {
    y[0] = label;
    await shard.start(0);
    await shard.finish();
    assert.equal(sum[0]! > 0, label === 0);
  }
  await shard.close();
});
