import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IR_VERSION, OPSET_VERSION, toAttributes, valueInfo } from '../format/graph-writer.ts';
import { encodeModel } from '../format/onnx-schema.ts';
import { elementCount, floatTensor } from '../format/tensor-data.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { runStep } from '../testing/run-step.ts';
import { testNumbers } from '../testing/tiny-models.ts';

interface Axis {
  readonly extent: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

const CHANNELS = 2;
const outputOf = ({ extent, kernel, stride, dilation, before, after }: Axis): number =>
  Math.floor((extent + before + after - (kernel - 1) * dilation - 1) / stride) + 1;

/** logit = MaxPool(x + s) · w + b, where s is trained: its gradient is that of the pool's input. */
function poolModel(axes: readonly Axis[], weights: Float32Array): Uint8Array {
  const inputShape = [CHANNELS, ...axes.map(({ extent }) => extent)];
  const pool = {
    kernel_shape: axes.map(({ kernel }) => kernel),
    strides: axes.map(({ stride }) => stride),
    dilations: axes.map(({ dilation }) => dilation),
    pads: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)],
  };
  const nodes = [
    ['Add', ['x', 's'], 'h', {}],
    ['MaxPool', ['h'], 'y', pool],
    ['Flatten', ['y'], 'flat', {}],
    ['Gemm', ['flat', 'w', 'b'], 'logit', {}],
  ] as const;
  return encodeModel({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    graph: {
      name: 'pool',
      node: nodes.map(([opType, input, output, attributes]) => ({
        name: opType,
        opType,
        input: [...input],
        output: [output],
        attribute: toAttributes(attributes),
      })),
      initializer: [
        floatTensor({ name: 's', shape: [1, ...inputShape] }, new Float32Array(elementCount(inputShape))),
        floatTensor({ name: 'w', shape: [weights.length, 1] }, weights),
        floatTensor({ name: 'b', shape: [1] }, [0]),
      ],
      input: [valueInfo('x', { elementType: 'float', shape: ['rows', ...inputShape] })],
      output: [valueInfo('logit', { elementType: 'float', shape: ['rows', 1] })],
    },
    metadataProps: [],
  });
}

/** For each window of a plane, the flat position of its first largest value, row by row. */
function positionsOf(plane: ArrayLike<number>, axes: readonly Axis[]): number[] {
  const [outer, inner] = axes.length === 2 ? axes : [undefined, axes[0]!];
  const positions: number[] = [];
  const along = (axis: Axis | undefined, at: number) =>
    axis === undefined
      ? [0]
      : Array.from(
          { length: axis.kernel },
          (_, k) => at * axis.stride - axis.before + k * axis.dilation,
        ).filter((position) => position >= 0 && position < axis.extent);
  for (let i = 0; i < (outer ? outputOf(outer) : 1); i++) {
    for (let j = 0; j < outputOf(inner!); j++) {
      const window = along(outer, i).flatMap((row) =>
        along(inner, j).map((column) => row * inner!.extent + column),
      );
      positions.push(window.reduce((best, position) => (plane[position]! > plane[best]! ? position : best)));
    }
  }
  return positions;
}

const small = (min: number, max: number) => fc.integer({ min, max });
const axis = fc
  .record({ kernel: small(1, 3), stride: small(1, 3), dilation: small(1, 2), more: small(0, 4) })
  .chain((given) =>
    fc.record({ before: small(0, given.kernel - 1), after: small(0, given.kernel - 1) }).map(
      (pads): Axis => ({
        ...given,
        ...pads,
        extent: (given.kernel - 1) * given.dilation + 1 + given.more,
      }),
    ),
  );

async function inputGradient(axes: readonly Axis[], rows: readonly Float32Array[], weights: Float32Array) {
  const model = readForwardModel(poolModel(axes, weights));
  const options = { clipNormL2: 1e9, capacityUnits: rows.length, rowsPerUnit: 1 };
  const graph = buildStepGraph(model, { ...options, loss: { kind: 'squared-error' } });
  const units = rows.map((features) => [{ features: [...features], label: -1 }]);
  const { clippedSum, squares } = await runStep(graph, { parameters: model.values, units });
  const sum = clippedSum!.data as Float64Array;
  const bias = model.parameters.find(({ name }) => name === 'b')!;
  return { ofInput: sum.subarray(0, model.features), ofLogit: sum[bias.offset]!, squares: squares!.data };
}

test('of several largest values in a window the first one, row by row, takes the gradient', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(axis, { minLength: 1, maxLength: 2 }), small(1, 99), async (axes, seed) => {
      const next = testNumbers(seed);
      const planeSize = elementCount(axes.map(({ extent }) => extent));
      const outputs = elementCount(axes.map(outputOf));
      const weights = Float32Array.from({ length: CHANNELS * outputs }, next);
      // Three different values only, so that nearly every window has ties.
      const x = Float32Array.from({ length: CHANNELS * planeSize }, () => Math.round(next() * 1.49));
      const { ofInput, ofLogit } = await inputGradient(axes, [x], weights);
      const expected = new Float64Array(x.length);
      for (let channel = 0; channel < CHANNELS; channel++) {
        const start = channel * planeSize;
        positionsOf(x.subarray(start, start + planeSize), axes).forEach((position, i) => {
          expected[start + position]! += weights[channel * outputs + i]! * ofLogit;
        });
      }
      expected.forEach((value, i) => {
        assert.ok(Math.abs(value - ofInput[i]!) <= 1e-5 * (1 + Math.abs(value)), `${value} at ${i}`);
      });
    }),
    { numRuns: 40 },
  );
});

test('infinite values and NaN in one row leave the gradients of the rows beside it as they are', async () => {
  const plane = { kernel: 2, stride: 1, dilation: 1, before: 0, after: 0 };
  const axes = [
    { ...plane, extent: 4 },
    { ...plane, extent: 3 },
  ];
  const next = testNumbers(5);
  const weights = Float32Array.from({ length: CHANNELS * 6 }, next);
  const row = () => Float32Array.from({ length: CHANNELS * 12 }, next);
  const probe = row();
  const beside = await inputGradient(axes, [row(), probe, row()], weights);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const { squares } = await inputGradient(axes, [row().fill(bad), probe, row().fill(bad)], weights);
    assert.equal(squares[1], beside.squares[1]);
    assert.ok(!Number.isFinite(squares[0]) && !Number.isFinite(squares[2]));
  }
});
