// What exporters leave in their graphs besides weights and layers: which numbers are trained, and what is said of a
// graph that cannot be.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelSentence } from '../format/model-problem.ts';
import { decodeModel, encodeModel, type ModelProto } from '../format/onnx-schema.ts';
import { doubleTensor, floatTensor, int64Tensor } from '../format/tensor-data.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import {
  readForwardModel,
  UnsupportedModelError,
  withFrozen,
  withParameters,
} from '../model/forward-model.ts';
import { scoreRows } from '../runtime/score-rows.ts';
import { rowGradient } from '../testing/reference-gradients.ts';
import { runStep } from '../testing/run-step.ts';
import { type TinyModel, tinyModel } from '../testing/tiny-models.ts';

const shifted: TinyModel = {
  features: 3,
  weights: { w: [3, 2], offset: [2], v: [2, 1] },
  nodes: [
    { op: 'MatMul', from: ['x', 'w'], to: 'h' },
    { op: 'Add', from: ['h', 'offset'], to: 'moved' },
    { op: 'MatMul', from: ['moved', 'v'], to: 'logit' },
  ],
};

function changed(model: TinyModel, change: (model: ModelProto) => void): Uint8Array {
  const proto = decodeModel(tinyModel(model));
  change(proto);
  return encodeModel(proto);
}
const trainedNames = (bytes: Uint8Array) => readForwardModel(bytes).parameters.map(({ name }) => name);
const refusalsOf = (bytes: Uint8Array): readonly string[] => {
  try {
    readForwardModel(bytes);
  } catch (error) {
    assert.ok(error instanceof UnsupportedModelError);
    return error.problems.map(modelSentence);
  }
  return assert.fail('the model is refused');
};

describe('the float initialisers that are trained are', () => {
  const noted = (notes: Readonly<Record<string, readonly [key: string, value: string]>>) =>
    changed(shifted, (model) => {
      model.producerName = 'pytorch';
      model.graph.valueInfo = Object.entries(notes).map(([name, [key, value]]) => ({
        name,
        type: {},
        metadataProps: [{ key, value }],
      }));
    });
  const kind = 'pkg.torch.export.graph_signature.InputSpec.kind';
  const origin = 'pkg.onnxscript.optimizer.folded_from';

  it('all of them, without information from an exporter', () => {
    assert.deepEqual(trainedNames(tinyModel(shifted)), ['w', 'offset', 'v']);
  });

  it('those that PyTorch notes as parameters, or as made of parameters, and no buffers', () => {
    const parameter = [kind, 'PARAMETER'] as const;
    const model = noted({ w: parameter, offset: [kind, 'BUFFER'], v: [origin, "['last.weight', 'val_1']"] });
    assert.deepEqual(trainedNames(model), ['w', 'v']);
    const folded = noted({ w: parameter, offset: [origin, "['h', 'val_1']"], v: parameter });
    assert.deepEqual(trainedNames(folded), ['w', 'v'], 'what is made of shapes is no weight');
  });

  it('no scale that an exporter adds where a normalisation has none of its own', () => {
    const plain: TinyModel = {
      features: 3,
      weights: { val_2: [3], v: [3, 1] },
      nodes: [
        { op: 'LayerNormalization', from: ['x', 'val_2'], to: 'h' },
        { op: 'MatMul', from: ['h', 'v'], to: 'logit' },
      ],
    };
    const exported = changed(plain, (model) => {
      model.producerName = 'pytorch';
      const [, v] = model.graph.initializer;
      model.graph.initializer = [floatTensor({ name: 'val_2', shape: [3] }, new Float32Array(3).fill(1)), v!];
      model.graph.valueInfo = [
        { name: 'v', type: {}, metadataProps: [{ key: kind, value: 'PARAMETER' }] },
        { name: 'val_2', type: {}, metadataProps: [{ key: origin, value: "['input', 'val_0', 'val_1']" }] },
      ];
    });
    assert.deepEqual(trainedNames(exported), ['v']);
  });

  it('no weight twice that the module has once: a copy that the exporter turned is refused', () => {
    const parameter = [kind, 'PARAMETER'] as const;
    const tied = (copy: string, notes: Parameters<typeof noted>[0]) => {
      const twice: TinyModel = {
        features: 3,
        weights: { w: [3, 2], [copy]: [2, 3], v: [3, 1] },
        nodes: [
          { op: 'MatMul', from: ['x', 'w'], to: 'h' },
          { op: 'MatMul', from: ['h', copy], to: 'back' },
          { op: 'MatMul', from: ['back', 'v'], to: 'logit' },
        ],
      };
      return changed(twice, (model) => {
        const [w] = model.graph.initializer;
        const { values } = readForwardModel(tinyModel(twice));
        const turned = Float32Array.from({ length: 6 }, (_, i) => values[(i % 3) * 2 + Math.floor(i / 3)]!);
        model.producerName = 'pytorch';
        model.graph.initializer = [w!, floatTensor({ name: copy, shape: [2, 3] }, turned)].concat(
          model.graph.initializer.slice(2),
        );
        model.graph.valueInfo = Object.entries(notes).map(([name, [key, value]]) => ({
          name,
          type: {},
          metadataProps: [{ key, value }],
        }));
      });
    };
    for (const bytes of [tied('t', { w: parameter, t: [origin, "['w']"] }), tied('onnx::MatMul_9', {})]) {
      const problems = refusalsOf(bytes);
      assert.equal(problems.length, 1);
      assert.match(problems[0]!, /initialiser (t|onnx::MatMul_9) is w transposed: one shared weight/);
    }
    const copied = tied('u', { w: parameter, u: parameter, v: parameter });
    assert.deepEqual(trainedNames(copied), ['w', 'u', 'v'], 'layers that begin equal are two');
  });

  it('none of the single numbers of tf2onnx, and only the weights of skl2onnx', () => {
    const epsilon = { ...shifted, weights: { ...shifted.weights, offset: [] } };
    assert.deepEqual(trainedNames(tinyModel(epsilon)), ['w', 'offset', 'v']);
    const keras = changed(epsilon, (model) => {
      model.producerName = 'tf2onnx';
    });
    assert.deepEqual(trainedNames(keras), ['w', 'v']);
    const scaled: TinyModel = {
      features: 3,
      weights: { Ad_Addcst: [3], coefficient: [3, 1] },
      nodes: [
        { op: 'Add', from: ['x', 'Ad_Addcst'], to: 'h' },
        { op: 'MatMul', from: ['h', 'coefficient'], to: 'logit' },
      ],
    };
    const sklearn = changed(scaled, (model) => {
      model.producerName = 'skl2onnx';
    });
    assert.deepEqual(trainedNames(sklearn), ['coefficient']);
  });

  it('no masks of zeros and minus infinities, which attention adds to its scores', () => {
    const masked: TinyModel = {
      ...shifted,
      nodes: [
        { op: 'MatMul', from: ['x', 'w'], to: 'h' },
        { op: 'Add', from: ['h', 'offset'], to: 'scores' },
        { op: 'Softmax', from: ['scores'], to: 'moved', attributes: { axis: 1 } },
        { op: 'MatMul', from: ['moved', 'v'], to: 'logit' },
      ],
    };
    const withMask = (values: readonly number[]) =>
      changed(masked, ({ graph }) => {
        graph.initializer[1] = floatTensor({ name: 'offset', shape: [2] }, values);
      });
    assert.deepEqual(trainedNames(withMask([0, Number.NEGATIVE_INFINITY])), ['w', 'v']);
    assert.deepEqual(trainedNames(withMask([0, 0])), ['w', 'offset', 'v']);
    assert.match(
      refusalsOf(withMask([1, Number.NEGATIVE_INFINITY])).join(),
      /not finite numbers: export it again/,
    );
  });

  it('those that are reshaped before they are used, in the shape that they are used in', async () => {
    const model: TinyModel = {
      ...shifted,
      weights: { w: [2, 3], offset: [2, 1], v: [2] },
      nodes: [
        { op: 'Reshape', from: ['w', 'three by two'], to: 'matrix' },
        { op: 'Squeeze', from: ['offset'], to: 'row' },
        { op: 'Unsqueeze', from: ['v', 'last'], to: 'column' },
        { op: 'MatMul', from: ['x', 'matrix'], to: 'h' },
        { op: 'Add', from: ['h', 'row'], to: 'moved' },
        { op: 'MatMul', from: ['moved', 'column'], to: 'logit' },
      ],
      extra: [int64Tensor('three by two', [3, -1]), int64Tensor('last', [-1])],
    };
    const viewed = readForwardModel(tinyModel(model));
    assert.deepEqual(
      viewed.parameters.map(({ name, shape }) => [name, shape]),
      [
        ['w', [3, 2]],
        ['offset', [2]],
        ['v', [2, 1]],
      ],
    );
    const row = { features: [0.5, -1, 2], label: 1 };
    const options = {
      clipNormL2: 1e6,
      capacityUnits: 1,
      rowsPerUnit: 1,
      loss: 'binary-cross-entropy',
    } as const;
    const { clippedSum } = await runStep(buildStepGraph(viewed, options), {
      parameters: viewed.values,
      units: [[row]],
    });
    const plain = readForwardModel(tinyModel(shifted));
    const expected = rowGradient(plain, viewed.values, row);
    expected.forEach((value, i) => {
      assert.ok(Math.abs(clippedSum!.data[i]! - value) < 1e-6);
    });
    const written = decodeModel(withParameters(tinyModel(model), viewed.values));
    assert.deepEqual(
      written.graph.initializer.map(({ dims }) => dims),
      [[2, 3], [2, 1], [2], [2], [1]],
      'the file keeps them as they were',
    );
  });
});

it('a value of which only the shape is used is not computed', async () => {
  const model: TinyModel = {
    features: 4,
    weights: { w: [4, 1], filter: [1, 1, 3] },
    nodes: [
      { op: 'Unsqueeze', from: ['x', 'middle'], to: 'sequence' },
      { op: 'Conv', from: ['sequence', 'filter'], to: 'convolved' },
      { op: 'Shape', from: ['convolved'], to: 'shape' },
      { op: 'Gather', from: ['shape', 'last'], to: 'count' },
      { op: 'Cast', from: ['count'], to: 'number', attributes: { to: 1 } },
      { op: 'MatMul', from: ['x', 'w'], to: 'h' },
      { op: 'Mul', from: ['h', 'number'], to: 'logit' },
    ],
    extra: [int64Tensor('middle', [1]), int64Tensor('last', [2])],
  };
  const forward = readForwardModel(withFrozen(tinyModel(model), ['filter']));
  assert.deepEqual(
    forward.nodes.map(({ opType }) => opType),
    ['MatMul', 'Mul'],
  );
  const loss = { kind: 'squared-error' } as const;
  const options = { clipNormL2: 1e6, capacityUnits: 1, rowsPerUnit: 1, loss };
  const graph = buildStepGraph(forward, options);
  const units = [[{ features: [0, 0, 0, 0.5], label: 1 }]];
  const { clippedSum } = await runStep(graph, { parameters: forward.values, units });
  // y = 2 w x, of two convolved positions.
  const y = forward.values[3]!;
  assert.ok(Math.abs(clippedSum!.data[3]! - 2 * (y - 1)) < 1e-6);
});

it('a split is trained through as slices', async () => {
  const model: TinyModel = {
    features: 2,
    weights: { w: [2, 5], v: [2, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'w'], to: 'h' },
      { op: 'Split', from: ['h', 'sizes'], to: 'a', attributes: { axis: -1 } },
      { op: 'Mul', from: ['a', 'b'], to: 'gated' },
      { op: 'MatMul', from: ['gated', 'v'], to: 'logit' },
    ],
    extra: [int64Tensor('sizes', [2, 1, 2])],
  };
  const bytes = changed(model, ({ graph }) => {
    graph.node[1]!.output = ['a', 'unused', 'b'];
  });
  const { values } = readForwardModel(bytes);
  const loss = { kind: 'squared-error' } as const;
  const options = { clipNormL2: 1e6, capacityUnits: 1, rowsPerUnit: 1, loss };
  const graph = buildStepGraph(readForwardModel(bytes), options);
  const x = [0.75, -0.5];
  const lossAt = (at: ArrayLike<number>) => {
    const h = Array.from({ length: 5 }, (_, j) => x[0]! * at[j]! + x[1]! * at[5 + j]!);
    return (h[0]! * h[3]! * at[10]! + h[1]! * h[4]! * at[11]! - 1) ** 2;
  };
  const { clippedSum } = await runStep(graph, {
    parameters: values,
    units: [[{ features: x, label: 1 }]],
  });
  values.forEach((_, i) => {
    const moved = (by: number) => lossAt(Float64Array.from(values).with(i, values[i]! + by));
    assert.ok(Math.abs(clippedSum!.data[i]! - (moved(1e-5) - moved(-1e-5)) / 2e-5) < 1e-4, `value ${i}`);
  });
});

it('a constant matrix, such as that of a PCA, passes gradients on and has none', async () => {
  const model: TinyModel = {
    features: 2,
    weights: { coefficient: [2, 2], transform_matrix: [2, 2], coefficient1: [2, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'coefficient'], to: 'h' },
      { op: 'MatMul', from: ['h', 'transform_matrix'], to: 't' },
      { op: 'MatMul', from: ['t', 'coefficient1'], to: 'logit' },
    ],
  };
  const bytes = changed(model, (proto) => {
    proto.producerName = 'skl2onnx';
  });
  const all = readForwardModel(tinyModel(model)).values;
  const forward = readForwardModel(bytes);
  assert.deepEqual(trainedNames(bytes), ['coefficient', 'coefficient1']);
  const loss = { kind: 'squared-error' } as const;
  const row = { features: [0.75, -0.5], label: 1 };
  const gradientOf = async (one: typeof forward) => {
    const graph = buildStepGraph(one, { clipNormL2: 1e6, capacityUnits: 1, rowsPerUnit: 1, loss });
    return [...(await runStep(graph, { parameters: one.values, units: [[row]] })).clippedSum!.data];
  };
  const expected = await gradientOf(readForwardModel(tinyModel(model)));
  assert.deepEqual([...forward.values], [...all.slice(0, 4), ...all.slice(8)]);
  const wanted = [...expected.slice(0, 4), ...expected.slice(8)];
  (await gradientOf(forward)).forEach((value, i) => {
    assert.ok(Math.abs(value - wanted[i]!) < 1e-6);
  });
});

it('a dropout that was exported for training has no effect in the model written', async () => {
  const model: TinyModel = {
    features: 2,
    weights: { w: [2, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'w'], to: 'h' },
      { op: 'Dropout', from: ['h', '', 'is training'], to: 'logit' },
    ],
    extra: [{ name: 'is training', dims: [], dataType: 9, rawData: Uint8Array.of(1) }],
  };
  const bytes = tinyModel(model);
  const { values } = readForwardModel(bytes);
  const scores = await scoreRows(withParameters(bytes, values), Float32Array.of(1, 0));
  assert.ok(Math.abs(scores[0]! - 1 / (1 + Math.exp(-values[0]!))) < 1e-6);
  const [written] = decodeModel(withParameters(bytes, values)).graph.node.filter(
    ({ opType }) => opType === 'Dropout',
  );
  assert.deepEqual(written!.input, ['h', '']);
});

describe('a graph is refused', () => {
  const through = (op: string, more: Partial<TinyModel> = {}): TinyModel => ({
    features: 3,
    weights: { w: [3, 3], v: [3, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'w'], to: 'h' },
      { op, from: ['h'], to: 'r' },
      { op: 'MatMul', from: ['r', 'v'], to: 'logit' },
    ],
    ...more,
  });

  it('for a recurrent layer alone, not for what leads to it', () => {
    const model: TinyModel = {
      features: 3,
      weights: { v: [3, 1] },
      nodes: [
        { op: 'Shape', from: ['x'], to: 'size' },
        { op: 'ConstantOfShape', from: ['size'], to: 'state' },
        { op: 'Transpose', from: ['x'], to: 'turned', attributes: { perm: [1, 0] } },
        { op: 'GRU', from: ['turned', 'state'], to: 'r' },
        { op: 'MatMul', from: ['r', 'v'], to: 'logit' },
      ],
    };
    assert.deepEqual(refusalsOf(tinyModel(model)), [
      'node make r (GRU): recurrent layers are not supported: use Conv over time, or attention',
    ]);
  });

  it('once for an operator with several outputs, whichever is read', () => {
    const bytes = changed(through('TopK'), ({ graph }) => {
      graph.node[1]!.output = ['first', 'r'];
    });
    const [problem, ...rest] = refusalsOf(bytes);
    assert.match(problem!, /node make r \(TopK\): the operator is not supported/);
    assert.deepEqual(rest, []);
  });

  it('for a further output of an operator that has only its first', () => {
    const weights = { w: [3, 3], scale: [3], v: [3, 1] };
    const bytes = changed(through('LayerNormalization', { weights }), ({ graph }) => {
      graph.node[1] = { ...graph.node[1]!, input: ['h', 'scale'], output: ['first', 'r'] };
    });
    assert.match(
      refusalsOf(bytes).join(),
      /input r is a further output of node make r, of which only the first/,
    );
  });

  it('for weights that only lead to a rounded value', () => {
    const model: TinyModel = {
      features: 3,
      weights: { w: [3, 3], v: [3, 1] },
      nodes: [
        { op: 'MatMul', from: ['x', 'w'], to: 'h' },
        { op: 'Cast', from: ['h'], to: 'codes', attributes: { to: 7 } },
        { op: 'Cast', from: ['codes'], to: 'r', attributes: { to: 1 } },
        { op: 'MatMul', from: ['r', 'v'], to: 'logit' },
      ],
    };
    assert.match(refusalsOf(tinyModel(model)).join(), /initialiser w has no gradient, .*rounded/);
  });

  it('for a value that depends on how many rows there are', () => {
    const model: TinyModel = {
      features: 3,
      weights: { w: [3, 1] },
      nodes: [
        { op: 'Shape', from: ['x'], to: 'shape' },
        { op: 'Gather', from: ['shape', 'first'], to: 'count' },
        { op: 'Cast', from: ['count'], to: 'number', attributes: { to: 1 } },
        { op: 'Mul', from: ['x', 'number'], to: 'h' },
        { op: 'MatMul', from: ['h', 'w'], to: 'logit' },
      ],
      extra: [int64Tensor('first', [0])],
    };
    assert.match(
      refusalsOf(tinyModel(model)).join(),
      /node make h \(Mul\): its input number depends on the number/,
    );
  });

  it('for an operator that is read on constants alone, where it works on data', () => {
    assert.match(
      refusalsOf(tinyModel(through('Trilu'))).join(),
      /node make r \(Trilu\): it is read on constants alone, such as shapes and masks/,
    );
  });

  it('for a number of rows that cannot be changed, with the remedy', () => {
    const bytes = changed(shifted, ({ graph }) => {
      graph.input[0]!.type!.tensorType!.shape!.dim[0] = { dimValue: 2 };
    });
    assert.match(
      refusalsOf(bytes).join(),
      /input x takes 2 rows and no other number: export it with an open first/,
    );
  });

  it('for a second input, by the names of both', () => {
    const bytes = changed(shifted, ({ graph }) => {
      graph.input.push({ ...graph.input[0]!, name: 'mask' });
    });
    assert.match(refusalsOf(bytes).join(), /it has 2 inputs, but one is wanted: x, mask: join them/);
  });

  it('for weights in bfloat16, float16 and float64, by name and node', () => {
    for (const dataType of [10, 16]) {
      const half = floatTensor({ name: 'w', shape: [3, 2] }, new Float32Array(6));
      const bytes = changed(shifted, ({ graph }) => {
        graph.initializer[0] = { ...half, dataType, rawData: new Uint8Array(12) };
      });
      assert.match(refusalsOf(bytes).join(), /node make h \(MatMul\): initialiser w must be float32: export/);
    }
    const bytes = changed(shifted, ({ graph }) => {
      graph.initializer[0] = doubleTensor({ name: 'w', shape: [3, 2] }, new Float64Array(6));
    });
    assert.match(
      refusalsOf(bytes).join(),
      /initialiser w must be float32: export the model in single precision/,
    );
  });

  it('for what scikit-learn puts before or beside a linear model, and is no weight', () => {
    const ml = (model: ModelProto) => {
      model.graph.node[1] = { ...model.graph.node[1]!, domain: 'ai.onnx.ml' };
    };
    const [problem] = refusalsOf(changed(through('Normalizer'), ml));
    assert.match(problem!, /node make r \(ai\.onnx\.ml\.Normalizer\): the operator is not supported/);
  });
});

it('probabilities that scikit-learn maps to classes are read before the map', () => {
  const model: TinyModel = {
    features: 3,
    weights: { coefficient: [3, 1], intercepts: [1, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'coefficient'], to: 'product' },
      { op: 'Add', from: ['product', 'intercepts'], to: 'sum' },
      { op: 'Sigmoid', from: ['sum'], to: 'probability' },
      { op: 'ZipMap', from: ['probability'], to: 'output_probability' },
    ],
  };
  const bytes = changed(model, ({ graph }) => {
    graph.node[3]!.domain = 'ai.onnx.ml';
    graph.output = [{ name: 'output_probability', type: {} }];
  });
  const { logit, outputs } = readForwardModel(bytes);
  assert.deepEqual([logit, outputs], ['sum', 1]);
});
