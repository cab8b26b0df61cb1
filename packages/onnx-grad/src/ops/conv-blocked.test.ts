import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IR_VERSION, OPSET_VERSION, toAttributes, valueInfo } from '../format/graph-writer.ts';
import { decodeModel, encodeModel } from '../format/onnx-schema.ts';
import { elementCount, floatTensor } from '../format/tensor-data.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { findBlockedChannels } from '../probes/blocked-channels.ts';
import { normL2 } from '../testing/reference-gradients.ts';
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

const outputOf = ({ extent, kernel, stride, dilation, before, after }: Axis): number =>
  Math.floor((extent + before + after - (kernel - 1) * dilation - 1) / stride) + 1;

/** logit = tanh(Conv(x + s)) · v, where s is trained: its gradient is that of the convolution's input. */
function convolutionModel(
  axes: readonly Axis[],
  { channels, filters, seed }: { readonly channels: number; readonly filters: number; readonly seed: number },
) {
  const next = testNumbers(seed);
  const inputShape = [channels, ...axes.map(({ extent }) => extent)];
  const outputs = filters * elementCount(axes.map(outputOf));
  const shapes = {
    s: [1, ...inputShape],
    w: [filters, channels, ...axes.map(({ kernel }) => kernel)],
    b: [filters],
    v: [outputs, 1],
  };
  const window = {
    kernel_shape: axes.map(({ kernel }) => kernel),
    strides: axes.map(({ stride }) => stride),
    dilations: axes.map(({ dilation }) => dilation),
    pads: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)],
  };
  const nodes = [
    ['Add', ['x', 's'], 'h', {}],
    ['Conv', ['h', 'w', 'b'], 'c', window],
    ['Tanh', ['c'], 't', {}],
    ['Flatten', ['t'], 'flat', {}],
    ['MatMul', ['flat', 'v'], 'logit', {}],
  ] as const;
  const bytes = encodeModel({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    graph: {
      name: 'convolution',
      node: nodes.map(([opType, input, output, attributes]) => ({
        name: output,
        opType,
        input: [...input],
        output: [output],
        attribute: toAttributes(attributes),
      })),
      initializer: Object.entries(shapes).map(([name, shape]) =>
        floatTensor({ name, shape }, Float32Array.from({ length: elementCount(shape) }, next)),
      ),
      input: [valueInfo('x', { elementType: 'float', shape: ['rows', ...inputShape] })],
      output: [valueInfo('logit', { elementType: 'float', shape: ['rows', 1] })],
    },
    metadataProps: [],
  });
  const units = Array.from({ length: 3 }, () => [
    { features: Array.from({ length: elementCount(inputShape) }, next), label: 1 },
  ]);
  return { model: readForwardModel(bytes), units };
}

const small = (min: number, max: number) => fc.integer({ min, max });
const axis = fc.record({
  kernel: small(1, 4),
  stride: small(1, 3),
  dilation: small(1, 2),
  before: small(0, 2),
  after: small(0, 2),
  more: small(0, 4),
});
const withExtent = (own: Omit<Axis, 'extent'> & { readonly more: number }): Axis => ({
  ...own,
  before: Math.min(own.before, own.kernel - 1),
  after: Math.min(own.after, own.kernel - 1),
  extent: (own.kernel - 1) * own.dilation + 1 + own.more,
});

const options = {
  clipNormL2: 1e6,
  capacityUnits: 3,
  rowsPerUnit: 1,
  loss: { kind: 'squared-error' },
} as const;
const isInBlocks = (bytes: Uint8Array): boolean =>
  decodeModel(bytes).graph.node.some(({ domain }) => domain === 'com.microsoft.nchwc');

test('a convolution in blocks has the gradients of the ordinary one', async (t) => {
  const blockedChannels = await findBlockedChannels({ nodes: convolutionNodes });
  if (blockedChannels === 0) {
    t.skip('not run: this machine has no blocked convolution');
    return;
  }
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(axis, axis),
      fc.oneof(small(1, 3), fc.constantFrom(blockedChannels, 2 * blockedChannels)),
      small(1, 2),
      small(1, 99),
      async (given, channels, blocks, seed) => {
        const axes = given.map(withExtent);
        const isOneTap = axes.every(({ kernel }) => kernel === 1);
        fc.pre(channels < blockedChannels || !isOneTap);
        const filters = blocks * blockedChannels;
        const { model, units } = convolutionModel(axes, { channels, filters, seed });
        const blocked = buildStepGraph(model, { ...options, blockedChannels });
        const ordinary = buildStepGraph(model, options);
        assert.ok(isInBlocks(blocked.bytes) && !isInBlocks(ordinary.bytes));
        const [actual, expected] = [
          (await runStep(blocked, { parameters: model.values, units })).clippedSum!.data,
          (await runStep(ordinary, { parameters: model.values, units })).clippedSum!.data,
        ];
        const difference = normL2(Array.from(actual, (value, i) => value - expected[i]!));
        assert.ok(difference <= 1e-5 * normL2(expected), `off by ${difference} of ${normL2(expected)}`);
      },
    ),
    { numRuns: 40 },
  );
});

const convolutionNodes = convolutionModel(
  [withExtent({ kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, more: 0 })],
  { channels: 1, filters: 1, seed: 1 },
).model.nodes;

test('models without convolutions ask for no blocks, and graphs for any machine have none', async () => {
  assert.equal(await findBlockedChannels({ nodes: [] }), 0);
  const blockedChannels = await findBlockedChannels({ nodes: convolutionNodes });
  assert.ok([0, 8, 16].includes(blockedChannels));
  const flat = { kernel: 2, stride: 1, dilation: 1, before: 0, after: 0, more: 3 };
  for (const [axes, channels, filters] of [
    [[flat], 1, 16],
    [[flat, flat], 1, 12],
  ] as const) {
    const { model } = convolutionModel(axes.map(withExtent), { channels, filters, seed: 1 });
    assert.ok(!isInBlocks(buildStepGraph(model, { ...options, blockedChannels: 16 }).bytes));
  }
});

test('windows that see nothing but padding are refused by name', () => {
  const unseen = { extent: 1, kernel: 1, stride: 3, dilation: 1, before: 1, after: 1 };
  const seen = { ...unseen, stride: 1 };
  assert.throws(
    () => convolutionModel([unseen, seen], { channels: 1, filters: 8, seed: 1 }),
    /c \(Conv\).*nothing but padding/s,
  );
  assert.doesNotThrow(() => convolutionModel([seen, seen], { channels: 1, filters: 8, seed: 1 }));
});
