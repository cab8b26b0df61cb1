import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForwardModel } from '@consilium/onnx-grad';
import { tinyModel } from '@consilium/onnx-grad/testing/tiny-models';
import { graphEngineInProcess } from '../containment/graph-engine.ts';
import { TrainerError } from '../errors.ts';
import { StudyModels } from './fetched-graphs.ts';

const through = (op: string): Uint8Array =>
  tinyModel({
    features: 4,
    weights: { w0: [4, 3], w1: [3, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'w0'], to: 'h' },
      { op, from: ['h'], to: 'r' },
      { op: 'MatMul', from: ['r', 'w1'], to: 'logit' },
    ],
  });

function modelsOf(graph: Uint8Array) {
  let fetched = 0;
  const exchange = {
    async fetch() {
      fetched++;
      return graph;
    },
  };
  const models = new StudyModels(exchange, graphEngineInProcess);
  const { parameterCount: parameters } = readForwardModel(graph);
  const model = { graph: {} as never, inputs: 4, parameters, localParameters: [] };
  return { load: () => models.of({ model }), fetched: () => fetched };
}

test('a study’s graph that ONNX Runtime does not run is refused when it is loaded, and never kept', async () => {
  // Gelu came with operator set 20; this file says 17.
  const { load, fetched } = modelsOf(through('Gelu'));
  const isRefusal = (error: unknown) =>
    error instanceof TrainerError &&
    error.code === 'TRAINER_MODEL_INVALID' &&
    /ONNX Runtime does not run the graph: .*Gelu.*: export it to another operator set/.test(error.detail);
  await assert.rejects(load(), isRefusal);
  await assert.rejects(load(), isRefusal);
  assert.equal(fetched(), 2);
});

test('one that it runs is fetched once', async () => {
  const { load, fetched } = modelsOf(through('Tanh'));
  assert.equal(await load(), await load());
  assert.equal(fetched(), 1);
});

test('one that ends in the exp of a count is refused, since studies on the ledger learn classes', async () => {
  const nodes = [
    { op: 'MatMul', from: ['x', 'w'], to: 'sum' },
    { op: 'Exp', from: ['sum'], to: 'logit' },
  ];
  const { load } = modelsOf(tinyModel({ features: 4, weights: { w: [4, 1] }, nodes }));
  await assert.rejects(load(), /node make logit \(Exp\): the graph ends in it.*: export the value before it/);
});
