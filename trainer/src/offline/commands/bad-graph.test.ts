// Graphs that cannot be trained, tried through the commands: every line must name the node and the remedy.
import { describe, it } from 'node:test';
import { decodeModel, encodeModel, type ModelProto } from '@consilium/onnx-grad/testing/graph-parts';
import { tinyModel } from '@consilium/onnx-grad/testing/tiny-models';
import { dense, refuses, studyText, train, useGoodFiles, write } from './testing/refusals.ts';

useGoodFiles();

const WEIGHTS = { w0: [4, 3], w1: [3, 1] };
const between = (op: string, more: readonly string[] = []): Uint8Array =>
  tinyModel({
    features: 4,
    weights: { ...WEIGHTS, ...Object.fromEntries(more.map((name) => [name, [3]])) },
    nodes: [dense('x', 'w0', 'h'), { op, from: ['h', ...more], to: 'r' }, dense('r', 'w1', 'logit')],
  });
function plainWith(change: (model: ModelProto) => void): Uint8Array {
  const model = decodeModel(between('Relu'));
  change(model);
  return encodeModel(model);
}
const GRAPHS: Readonly<Record<string, readonly [graph: Uint8Array, ...said: RegExp[]]>> = {
  'an unsupported operator': [
    between('Hardmax'),
    /node make r \(Hardmax\): the operator is not supported: write the layer in supported ones/,
    /supported operators are Gemm, /,
  ],
  'batch normalisation': [
    between('BatchNormalization', ['scale', 'offset', 'mean', 'variance']),
    /node make r \(BatchNormalization\): it mixes patients.*: use GroupNormalization or LayerNormalization/,
  ],
  'an open axis beside the rows': [
    plainWith(({ graph }) => {
      graph.input[0]!.type!.tensorType!.shape!.dim[1] = { dimParam: 'features' };
    }),
    /input x must be float .*: axis 1 is open, export it with its extent/,
  ],
  'a shape that depends on patients': [
    tinyModel({
      features: 4,
      weights: WEIGHTS,
      nodes: [
        dense('x', 'w0', 'h'),
        { op: 'Cast', from: ['x'], to: 'target', attributes: { to: 7 } },
        { op: 'Reshape', from: ['h', 'target'], to: 'r' },
        dense('r', 'w1', 'logit'),
      ],
    }),
    /node make r \(Reshape\): its input target must be constant, not computed from data: export/,
  ],
  'weights that do not fit': [
    tinyModel({
      features: 4,
      weights: { w0: [5, 3], w1: [3, 1] },
      nodes: [dense('x', 'w0', 'h'), dense('h', 'w1', 'logit')],
    }),
    /node make h \(MatMul\): w0 has 5 rows for an input \[rows, 4\]/,
  ],
  'float16 weights': [
    plainWith(({ graph }) => {
      graph.initializer[0] = { ...graph.initializer[0]!, dataType: 10, rawData: new Uint8Array(24) };
    }),
    /node make h \(MatMul\): initialiser w0 must be float32: export the model in single precision\n/,
  ],
  'bfloat16 weights': [
    plainWith(({ graph }) => {
      graph.initializer[0] = { ...graph.initializer[0]!, dataType: 16, rawData: new Uint8Array(24) };
    }),
    /node make h \(MatMul\): initialiser w0 must be float32: export the model in single precision\n/,
  ],
  'float64 weights': [
    plainWith(({ graph }) => {
      graph.initializer[0] = { ...graph.initializer[0]!, dataType: 11, rawData: new Uint8Array(96) };
    }),
    /node make h \(MatMul\): initialiser w0 must be float32: export the model in single precision\n/,
  ],
  'weights that are no numbers': [
    plainWith(({ graph }) => {
      graph.initializer[1]!.rawData!.fill(255, 0, 4);
    }),
    /node make logit \(MatMul\): initialiser w1 has values that are not finite numbers: export it again/,
  ],
  'weights in another file': [
    plainWith(({ graph }) => {
      graph.initializer[0] = { ...graph.initializer[0]!, dataLocation: 1, rawData: new Uint8Array() };
    }),
    /initialiser w0 keeps its data in another file: embed it/,
  ],
  'fewer numbers than its weights have': [
    plainWith(({ graph }) => {
      graph.initializer[0]!.rawData = new Uint8Array(8);
    }),
    /initialiser w0 has 2 values for 12 elements/,
  ],
  'two inputs': [
    plainWith(({ graph }) => graph.input.push({ ...graph.input[0]!, name: 'mask' })),
    /it has 2 inputs, but one is wanted: x, mask: join them in the graph/,
  ],
  'a fixed number of rows': [
    plainWith(({ graph }) => {
      graph.input[0]!.type!.tensorType!.shape!.dim[0] = { dimValue: 1 };
    }),
    /input x takes 1 rows and no other number: export it with an open first axis/,
  ],
  'two outputs and no logit': [
    plainWith(({ graph }) => {
      const [output] = graph.output;
      graph.output = ['r', 'h'].map((name) => ({ ...output!, name }));
    }),
    /it has no output named logit among r, h: name the value before the sigmoid so/,
  ],
  'nothing to train': [
    tinyModel({ features: 4, weights: {}, nodes: [{ op: 'Tanh', from: ['x'], to: 'logit' }] }),
    /nothing in it can be trained/,
  ],
  'a recurrent layer': [
    between('LSTM', ['w', 'u']),
    /node make r \(LSTM\): recurrent layers are not supported: use Conv over time, or attention\n/,
  ],
  'an operator that its operator set does not have': [
    between('Gelu'),
    /ONNX Runtime does not run the graph: .*Gelu.*: export it to another operator set/,
  ],
  'a cut': [between('Relu').subarray(0, 150), /these bytes are not an ONNX model/],
  'two initialisers of one name': [
    plainWith(({ graph }) => graph.initializer.push({ ...graph.initializer[0]! })),
    /it has two initialisers named w0: give each a name of its own/,
  ],
  'a value that two nodes compute': [
    plainWith(({ graph }) => graph.node.push({ ...graph.node[1]!, name: 'again' })),
    /two of its nodes compute r: give each value a name of its own/,
  ],
  'a value that a node computes and a weight is': [
    plainWith(({ graph }) => graph.initializer.push({ ...graph.initializer[0]!, name: 'r' })),
    /a node computes r, which it has already: give each value a name of its own/,
  ],
  'other inputs than the dictionary’s': [
    tinyModel({ features: 3, weights: { w0: [3, 1] }, nodes: [dense('x', 'w0', 'logit')] }),
    /takes 3 values a row, the dictionary gives 4: age, age_missing, smoker, smoker_missing/,
  ],
  'bytes of something else': [Buffer.from('a text'), /these bytes are not an ONNX model/],
  'no bytes': [Buffer.from(''), /this ONNX model has no graph/],
};

describe('train refuses', () => {
  for (const [what, [graph, ...said]] of Object.entries(GRAPHS)) {
    it(`a graph with ${what}`, async () => {
      write('bad.onnx', graph);
      await refuses(train({ study: write('graph.yaml', studyText('{ onnx: bad.onnx }')) }), said);
    });
  }
});
