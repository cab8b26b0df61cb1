import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { modelSentence } from '../format/model-problem.ts';
import { decodeModel, encodeModel, OnnxFormatError } from '../format/onnx-schema.ts';
import { int64Tensor } from '../format/tensor-data.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { predictProbabilities } from '../runtime/predict.ts';
import { referenceLogit } from '../testing/reference-gradients.ts';
import { TINY_MODELS, type TinyModel, tinyModel } from '../testing/tiny-models.ts';
import { buildForwardModel } from './build-forward-model.ts';
import { readForwardModel, UnsupportedModelError, withParameters } from './forward-model.ts';
import { joinParameters, partitionParameters, pick } from './local-parameters.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const perceptron = {
  kind: 'multilayer-perceptron',
  features: 5,
  hidden: [4, 3],
  localIntercept: true,
  metadata: { study: 'example', encoding: 'v1' },
} as const;

test('a built model names its parameters and lays them out one after the other', () => {
  const { parameters, parameterCount, metadata, features } = readForwardModel(buildForwardModel(perceptron));
  assert.deepEqual(
    parameters.map(({ name, shape, offset }) => [name, shape, offset]),
    [
      ['weight0', [5, 4], 0],
      ['bias0', [4], 20],
      ['weight1', [4, 3], 24],
      ['bias1', [3], 36],
      ['weight2', [3, 1], 39],
      ['bias2', [1], 42],
      ['local.intercept', [1], 43],
    ],
  );
  assert.equal(parameterCount, 44);
  assert.equal(features, 5);
  assert.deepEqual(metadata, { encoding: 'v1', study: 'example' });
});

test('a built model is the same bytes on every machine', () => {
  assert.equal(
    sha256(buildForwardModel(perceptron)),
    '8e6d78fd65c72e9a76b7544544507c6f53a1e024d0704778df3af31ad256e394',
  );
  const regression = { kind: 'logistic-regression', features: 13, localIntercept: false } as const;
  assert.equal(
    sha256(buildForwardModel(regression)),
    'c2db9e6fa07b8a8affdcd520efc689a6f44bf7d25130965b9f702f2586f6ed48',
  );
});

test('initial weights depend on the seed, stay within their bound and lie on the lattice of 2^-20', () => {
  const { values } = readForwardModel(buildForwardModel(perceptron));
  const other = readForwardModel(buildForwardModel({ ...perceptron, seed: 'another' })).values;
  assert.notDeepEqual(values, other);
  const first = values.subarray(0, 20);
  assert.ok(first.every((weight) => Math.abs(weight) <= Math.sqrt(6 / 5) && weight !== 0));
  assert.ok(values.every((weight) => Number.isInteger(weight * 2 ** 20)));
  assert.ok(values.subarray(20, 24).every((bias) => bias === 0));
});

test('a built model runs in ONNX Runtime and gives logits and probabilities', async () => {
  const bytes = buildForwardModel(perceptron);
  const model = readForwardModel(bytes);
  const rows = [
    [1, 2, 3, 4, 5],
    [-1, 0.5, 0, 0, 2],
  ];
  const session = await openSession(bytes, { threads: 1 });
  const data = Float32Array.from(rows.flat());
  const { logit, probability } = await session.run({ x: { type: 'float32', shape: [2, 5], data } });
  await session.close();
  rows.forEach((row, i) => {
    const expected = referenceLogit(model, model.values, row);
    assert.ok(Math.abs(logit!.data[i]! - expected) < 1e-5);
    assert.ok(Math.abs(probability!.data[i]! - 1 / (1 + Math.exp(-expected))) < 1e-6);
  });
  const scores = await predictProbabilities(bytes, data);
  scores.forEach((score, i) => {
    assert.ok(Math.abs(score - probability!.data[i]!) < 1e-6);
  });
  assert.equal((await predictProbabilities(bytes, new Float32Array())).length, 0);
});

test('parameters put into a model are read back, and give the same bytes each time', () => {
  const bytes = buildForwardModel(perceptron);
  const values = Float64Array.from({ length: 44 }, (_, i) => i / 8 - 2);
  const changed = withParameters(bytes, values);
  assert.deepEqual(readForwardModel(changed).values, Float32Array.from(values));
  assert.deepEqual(withParameters(bytes, values), changed);
  assert.deepEqual(withParameters(changed, readForwardModel(bytes).values), bytes);
  assert.throws(() => withParameters(bytes, new Float64Array(43)), /as many values/);
  assert.throws(() => withParameters(bytes, new Float64Array(44).fill(Number.NaN)), OnnxFormatError);
});

test('parameters are divided by name into shared and local ones, and joined again', () => {
  const model = readForwardModel(buildForwardModel(perceptron));
  const partition = partitionParameters(model, ['local.*', 'bias0']);
  assert.deepEqual(
    partition.local.map(({ name }) => name),
    ['bias0', 'local.intercept'],
  );
  const values = Float64Array.from({ length: 44 }, (_, i) => i);
  const parts = {
    shared: pick(values, partition.sharedIndices),
    local: pick(values, partition.localIndices),
  };
  assert.deepEqual([...parts.local], [20, 21, 22, 23, 43]);
  assert.deepEqual(joinParameters(partition, parts), values);
  assert.equal(partitionParameters(model, []).local.length, 0);
});

test('models are read whether their numbers are raw bytes or a list', () => {
  const bytes = tinyModel(TINY_MODELS.Relu!);
  const model = decodeModel(bytes);
  const { values, parameters } = readForwardModel(bytes);
  for (const tensor of model.graph.initializer) {
    const { offset, size } = parameters.find(({ name }) => name === tensor.name)!;
    tensor.floatData = [...values.subarray(offset, offset + size)];
    delete tensor.rawData;
  }
  assert.deepEqual(readForwardModel(encodeModel(model)).values, values);
});

test('bytes that are not an ONNX model are refused', () => {
  assert.throws(() => readForwardModel(new Uint8Array()), OnnxFormatError);
  assert.throws(() => readForwardModel(new TextEncoder().encode('not a model at all')), OnnxFormatError);
  const cut = buildForwardModel(perceptron).subarray(0, 100);
  assert.throws(() => readForwardModel(cut), OnnxFormatError);
});

const dense = (more: Partial<TinyModel>): TinyModel => ({
  features: 3,
  weights: { w: [3, 1], b: [1] },
  nodes: [{ op: 'Gemm', from: ['x', 'w', 'b'], to: 'logit' }],
  ...more,
});
const through = (op: string, attributes = {}): TinyModel =>
  dense({
    nodes: [
      { op, from: ['x'], to: 'h', attributes },
      { op: 'Gemm', from: ['h', 'w', 'b'], to: 'logit' },
    ],
  });

const REFUSED: readonly [what: string, model: TinyModel, why: RegExp][] = [
  ['an operator without a rule', through('Cosh'), /node make h \(Cosh\): the operator is not supported/],
  [
    'batch normalisation',
    through('BatchNormalization'),
    /BatchNormalization\): it mixes patients.*use GroupNorm/,
  ],
  ['a flatten of the batch axis', through('Flatten', { axis: 0 }), /axis must be 1/],
  [
    'a transposed batch',
    dense({ nodes: [{ op: 'Gemm', from: ['x', 'w', 'b'], to: 'logit', attributes: { transA: 1 } }] }),
    /transA would mix rows/,
  ],
  ['weights that do not fit', dense({ weights: { w: [4, 1], b: [1] } }), /takes 4 values for .* width 3/],
  ['a bias that does not fit', dense({ weights: { w: [3, 1], b: [2] } }), /b must have 1 values/],
  [
    'data times data',
    dense({
      nodes: [{ op: 'MatMul', from: ['x', 'x'], to: 'logit' }],
    }),
    /nothing in it can be trained/,
  ],
  [
    'weights that are not float32',
    dense({ weights: { b: [1] }, extra: [int64Tensor('w', [1, 2, 3])] }),
    /initialiser w must be float32/,
  ],
  [
    'a reshape of rows',
    dense({
      weights: { w: [3, 1] },
      nodes: [
        { op: 'Reshape', from: ['x', 'target'], to: 'h' },
        { op: 'MatMul', from: ['h', 'w'], to: 'logit' },
      ],
      extra: [int64Tensor('target', [2, -1])],
    }),
    /would mix rows/,
  ],
  ['a branch', through('If'), /If\): control flow is not supported/],
  ['a recurrent layer', through('LSTM'), /LSTM\): recurrent layers are not supported: use Conv/],
  ['a slice of rows', through('Slice', { starts: [1], ends: [2], axes: [0] }), /takes some rows only/],
  [
    'a transpose of rows',
    through('Transpose', { perm: [1, 0] }),
    /along axis 1, where the rows are, and would mix them/,
  ],
  ['a mean over rows', through('ReduceMean', { axes: [0] }), /would mix rows/],
  ['a softmax over rows', through('Softmax', { axis: 0 }), /would mix rows/],
  [
    'an output of another name',
    dense({ nodes: [{ op: 'Gemm', from: ['x', 'w', 'b'], to: 'score' }] }),
    /nothing in it can be trained/,
  ],
  [
    'an offset for each row',
    dense({
      weights: { w: [3, 1], b: [7, 1] },
      nodes: [
        { op: 'MatMul', from: ['x', 'w'], to: 'h' },
        { op: 'Add', from: ['h', 'b'], to: 'logit' },
      ],
    }),
    /the same for every row/,
  ],
  [
    'a value that is used before it is computed',
    dense({ nodes: [{ op: 'Gemm', from: ['later', 'w', 'b'], to: 'logit' }] }),
    /later is not computed before it/,
  ],
];
for (const [what, model, why] of REFUSED) {
  test(`${what} is refused, with the node and the reason`, () => {
    assert.throws(
      () => readForwardModel(tinyModel(model)),
      (error) => error instanceof UnsupportedModelError && why.test(error.message),
    );
  });
}

test('all unsupported operators are named at once', () => {
  const model = dense({
    nodes: [
      { op: 'Cosh', from: ['x'], to: 'h' },
      { op: 'Sinh', from: ['h'], to: 'i' },
      { op: 'Gemm', from: ['i', 'w', 'b'], to: 'logit' },
    ],
  });
  const { problems, message, remedy, total } = refusalOf(tinyModel(model));
  const remedyOfOne = 'write the layer in supported ones';
  const part = (node: string, operator: string) => ({
    field: `node ${node} (${operator})`,
    text: ': the operator is not supported',
    remedy: remedyOfOne,
    node,
    operator,
  });
  assert.deepEqual(problems, [part('make h', 'Cosh'), part('make i', 'Sinh')]);
  assert.equal(total, 2);
  assert.match(remedy ?? '', /^supported operators are Gemm, /);
  assert.equal(
    message,
    `this model cannot be trained: ${[...problems.map(modelSentence), remedy].join('; ')}`,
  );
});

test('a refusal names the input, the initialiser or the whole graph, and the remedy apart from what is wrong', () => {
  const half = changed(({ graph }) => {
    graph.input[0]!.type!.tensorType!.elemType = 10;
  });
  const input = refusalOf(half);
  assert.deepEqual(input.problems, [
    {
      field: 'input x',
      text: 'must be float32 [rows, features], not float16',
      remedy: 'export the model in single precision',
    },
  ]);
  const twice = refusalOf(changed(({ graph }) => graph.initializer.push(graph.initializer[0]!)));
  assert.deepEqual(
    twice.problems.map(({ field, remedy }) => [field, remedy]),
    [['graph', 'give each a name of its own']],
  );
});

test('of very many problems, fifty are listed and all are counted', () => {
  const many = Array.from({ length: 60 }, (_, i) => ({ op: 'Cosh', from: [`h${i}`], to: `h${i + 1}` }));
  const model = dense({
    nodes: [
      { op: 'Relu', from: ['x'], to: 'h0' },
      ...many.map((node) => ({ ...node, from: ['h0'] })),
      { op: 'Concat', from: many.map(({ to }) => to), to: 'i', attributes: { axis: 1 } },
      { op: 'Gemm', from: ['i', 'w', 'b'], to: 'logit' },
    ],
  });
  const { problems, total, message } = refusalOf(tinyModel(model));
  assert.deepEqual([problems.length, total], [50, 60]);
  assert.match(message, /; and 10 more; supported operators are /);
});

function refusalOf(bytes: Uint8Array): UnsupportedModelError {
  try {
    readForwardModel(bytes);
  } catch (error) {
    assert.ok(error instanceof UnsupportedModelError, String(error));
    return error;
  }
  return assert.fail('the model is refused');
}

function changed(change: (model: ReturnType<typeof decodeModel>) => void): Uint8Array {
  const model = decodeModel(buildForwardModel(perceptron));
  change(model);
  return encodeModel(model);
}

test('an input with an open axis beside the rows, or without any, is refused', () => {
  for (const dim of [[{ dimParam: 'rows' }, { dimParam: 'width' }], [{ dimParam: 'rows' }]]) {
    const bytes = changed(({ graph }) => {
      graph.input[0]!.type!.tensorType!.shape = { dim };
    });
    assert.throws(() => readForwardModel(bytes), /input x must be float .* of fixed extent/);
  }
});

test('an input of another type is refused with its type and the remedy', () => {
  const refusals = [
    {
      elemType: 10,
      refusal: /input x must be float32 \[rows, features\], not float16: export .* single precision/,
    },
    { elemType: 11, refusal: /not float64: export the model in single precision/ },
    { elemType: 7, refusal: /input x must be float32 \[rows, features\]: a Cast in the graph/ },
  ];
  for (const { elemType, refusal } of refusals) {
    const bytes = changed(({ graph }) => {
      graph.input[0]!.type!.tensorType!.elemType = elemType;
    });
    assert.throws(() => readForwardModel(bytes), refusal);
  }
});

test('float16 weights are refused by name', () => {
  const bytes = changed(({ graph }) => {
    graph.initializer[0]!.dataType = 10;
  });
  assert.throws(() => readForwardModel(bytes), /node dense0 \(Gemm\): initialiser weight0 must be float32/);
});

test('a model with several float outputs and none named logit is refused', () => {
  const bytes = changed(({ graph }) => {
    graph.output[0]!.name = 'hidden0';
  });
  assert.throws(() => readForwardModel(bytes), /no output named logit among hidden0, probability/);
});

test('the logit is found before the final sigmoid of the only output', () => {
  const bytes = changed(({ graph }) => {
    graph.output.shift();
  });
  assert.equal(readForwardModel(bytes).logit, 'logit');
});
