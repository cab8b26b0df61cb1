import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForwardModel } from '@consilium/onnx-grad';
import { tinyModel } from '@consilium/onnx-grad/testing/tiny-models';
import { graphEngineInProcess } from '../containment/graph-engine.ts';
import { TrainerError } from '../errors.ts';
import { modelCardOf } from '../http/local-models.ts';
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

const TIED = tinyModel({
  features: 4,
  weights: { w0: [4, 4], w1: [4, 1] },
  nodes: [
    { op: 'MatMul', from: ['x', 'w0'], to: 'a' },
    { op: 'MatMul', from: ['a', 'w0'], to: 'b' },
    { op: 'MatMul', from: ['b', 'w1'], to: 'logit' },
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
  const said: string[] = [];
  const log = { warn: (_: object, note: string) => void said.push(note) };
  const models = new StudyModels(exchange, graphEngineInProcess, log as never);
  const { parameterCount: parameters } = readForwardModel(graph);
  const model = { graph: {} as never, inputs: 4, parameters, localParameters: [] };
  const study = { studyId: 'study', model };
  const ledger = {
    getStudy: async (id: string) => (id === 'study' ? study : undefined),
    listConsents: async () => [],
  };
  const card = (id = 'study') => modelCardOf({ ledger, models } as never, id);
  return { load: () => models.of({ model }), fetched: () => fetched, said, card };
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

test('weights that several nodes use are named when it is loaded, and on its card, with the remedy', async () => {
  const { load, said, card } = modelsOf(TIED);
  const note =
    /^weight w0 is used by nodes make a and make b: trained as one\. If they .* different values.* --graph-out FILE/;
  await load();
  await load();
  assert.equal(said.length, 1);
  assert.match(said[0]!, note);
  const { notes, inputs, outputs, parameters } = await card();
  assert.deepEqual([notes, inputs, outputs, parameters], [said, 4, 1, 20]);
  await assert.rejects(card('another'), { code: 'TRAINER_STUDY_NOT_FOUND' });
});

test('nothing is said of weights that one node uses', async () => {
  const { load, said, card } = modelsOf(through('Tanh'));
  await load();
  assert.deepEqual([said, (await card()).notes], [[], []]);
});

test('one that ends in the exp of a count is refused, since studies on the ledger learn classes', async () => {
  const nodes = [
    { op: 'MatMul', from: ['x', 'w'], to: 'sum' },
    { op: 'Exp', from: ['sum'], to: 'logit' },
  ];
  const { load } = modelsOf(tinyModel({ features: 4, weights: { w: [4, 1] }, nodes }));
  await assert.rejects(load(), /node make logit \(Exp\): the graph ends in it.*: export the value before it/);
});
