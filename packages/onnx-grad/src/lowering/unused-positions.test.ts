import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IR_VERSION, OPSET_VERSION, toAttributes, valueInfo } from '../format/graph-writer.ts';
import { encodeModel } from '../format/onnx-schema.ts';
import { elementCount, floatTensor, int64Tensor } from '../format/tensor-data.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { peerModel } from '../testing/peer-models.ts';
import { normL2 } from '../testing/reference-gradients.ts';
import { runStep } from '../testing/run-step.ts';
import { testNumbers } from '../testing/tiny-models.ts';
import { buildStepGraph } from './step-graph.ts';
import { withoutUnusedPositions } from './unused-positions.ts';

const small = (min: number, max: number) => fc.integer({ min, max });
const windows = fc.array(fc.record({ kernel: small(1, 3), stride: small(1, 3), pad: small(0, 1) }), {
  minLength: 3,
  maxLength: 3,
});
const EXTENT = 20;
const FEATURES = 2 * EXTENT;

/** Conv, Relu, MaxPool and Conv along one axis; with `isOpaque`, a Slice of everything before the last reads it all. */
function chain(given: readonly { kernel: number; stride: number; pad: number }[], isOpaque: boolean) {
  const next = testNumbers(4);
  const sized = given.map((own) => ({ ...own, pad: Math.min(own.pad, own.kernel - 1) }));
  const [first, pool, last] = sized.map(({ kernel, stride, pad }) => ({
    kernel_shape: [kernel],
    strides: [stride],
    pads: [pad, pad],
  }));
  const outputs = sized.reduce(
    (extent, { kernel, stride, pad }) => Math.floor((extent + 2 * pad - kernel) / stride) + 1,
    EXTENT,
  );
  if (outputs < 1) return undefined;
  const shapes = { v: [3, 2, sized[0]!.kernel], w: [2, 3, sized[2]!.kernel], u: [2 * outputs, 1] };
  const nodes = [
    ['Conv', ['x', 'v'], 'a', first!],
    ['Relu', ['a'], 'b', {}],
    ['MaxPool', ['b'], 'c', pool!],
    ...(isOpaque ? ([['Slice', ['c', 'start', 'end', 'axis'], 'd', {}]] as const) : []),
    ['Conv', [isOpaque ? 'd' : 'c', 'w'], 'e', last!],
    ['Flatten', ['e'], 'f', {}],
    ['MatMul', ['f', 'u'], 'logit', {}],
  ] as const;
  const bytes = encodeModel({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    graph: {
      name: 'chain',
      node: nodes.map(([opType, input, output, attributes]) => ({
        name: output,
        opType,
        input: [...input],
        output: [output],
        attribute: toAttributes(attributes),
      })),
      initializer: [
        ...Object.entries(shapes).map(([name, shape]) =>
          floatTensor({ name, shape }, Float32Array.from({ length: elementCount(shape) }, next)),
        ),
        ...Object.entries({ start: 0, end: 1000, axis: 2 }).map(([name, value]) =>
          int64Tensor(name, [value]),
        ),
      ],
      input: [valueInfo('x', { elementType: 'float', shape: ['rows', 2, EXTENT] })],
      output: [valueInfo('logit', { elementType: 'float', shape: ['rows', 1] })],
    },
    metadataProps: [],
  });
  const units = [1, 0, 1].map((label) => [{ features: Array.from({ length: FEATURES }, next), label }]);
  return { model: readForwardModel(bytes), units };
}

const options = {
  clipNormL2: 1e6,
  capacityUnits: 3,
  rowsPerUnit: 1,
  loss: { kind: 'squared-error' },
} as const;

test('gradients are those of the model that computes all positions', async () => {
  await fc.assert(
    fc.asyncProperty(windows, async (given) => {
      const [own, whole] = [chain(given, false), chain(given, true)];
      fc.pre(own !== undefined && whole !== undefined);
      const sums = [];
      for (const { model, units } of [own, whole]) {
        const { clippedSum } = await runStep(buildStepGraph(model, options), {
          parameters: model.values,
          units,
        });
        sums.push(Array.from(clippedSum!.data));
      }
      const [actual, expected] = sums as [number[], number[]];
      const difference = normL2(actual.map((value, i) => value - expected[i]!));
      assert.ok(difference <= 1e-5 * normL2(expected), `off by ${difference} of ${normL2(expected)}`);
    }),
    { numRuns: 40 },
  );
});

test('positions that strides leave out are not computed', () => {
  const model = readForwardModel(peerModel('cnn28', 1).bytes);
  const shapesOf = ({ nodes, shapeOf }: typeof model) =>
    nodes.slice(0, 5).map(({ output }) => shapeOf(output)[3]);
  assert.deepEqual(shapesOf(model), [14, 14, 13, 5, 5]);
  assert.deepEqual(shapesOf(withoutUnusedPositions(model)), [13, 13, 12, 5, 5]);
});
