// What a unit contributes follows from its own rows, bit for bit, wherever in the batch they lie: the privacy bound
// (`dp-sgd/sensitivity.ts`) assumes it of every operator. Some of ONNX Runtime's own round the last few values of an
// array otherwise than the rest, and must not be used as they are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attributes, GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { elementCount } from '../format/tensor-data.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { exposeFactors } from '../lowering/unit-factors.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { findBlockedChannels } from '../probes/blocked-channels.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { stepInputs } from '../runtime/step-tensors.ts';
import { buildOperatorModel, OPERATOR_CASES, type OpCase, one } from '../testing/operator-cases.ts';
import { testNumbers } from '../testing/tiny-models.ts';

/** Odd, so that few arrays fill a processor's vectors to the last. */
const ROWS = 43;

const bytesOf = (values: ArrayBufferView) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** Row r of the input has index (r + by) % rows. */
function rotated(
  x: Float32Array,
  { by, rows }: { readonly by: number; readonly rows: number },
): Float32Array {
  const shifted = new Float32Array(x.length);
  const cut = x.length - (by * x.length) / rows;
  shifted.set(x.subarray(cut));
  shifted.set(x.subarray(0, cut), x.length - cut);
  return shifted;
}

async function assertInvariant(
  opCase: OpCase,
  { seed, rows = ROWS, blockedChannels = 0 }: { seed: number; rows?: number; blockedChannels?: number },
): Promise<void> {
  const { bytes, x } = buildOperatorModel(opCase, { seed, rows });
  const model = readForwardModel(bytes);
  const graph = buildStepGraph(model, {
    clipNormL2: 1,
    capacityUnits: rows,
    rowsPerUnit: 1,
    loss: { kind: 'squared-error' },
    blockedChannels,
  });
  const { bytes: exposed, names } = exposeFactors(graph);
  assert.ok(names.length > 0);
  const session = await openSession(exposed, { threads: 1 });
  const column = (value: number) => new Float32Array(rows).fill(value);
  const run = async (by: number) => {
    const inputs = stepInputs(graph, {
      x: rotated(x, { by, rows }),
      y: column(-1),
      mask: column(1),
      rowSquares: Float64Array.from(column(1)),
      parameters: model.values,
    });
    return session.run(inputs, { outputs: names });
  };
  const expected = await run(0);
  for (let by = 1; by < rows; by++) {
    const outputs = await run(by);
    for (const name of names) {
      const turned = rotated(expected[name]!.data as Float32Array, { by, rows });
      assert.ok(bytesOf(turned).equals(bytesOf(outputs[name]!.data)), `${name}, ${by} indices on`);
    }
  }
  await session.close();
}

const window = { kernel_shape: [3, 2], pads: [1, 0, 1, 1], strides: [1, 2] };
const conv = (channels: number, group: number, filters = 4): OpCase => ({
  inputShape: [channels, 5, 7],
  weights: { w: [filters, channels / group, ...window.kernel_shape], b: [filters] },
  nodes: [{ op: 'Conv', from: ['h', 'w', 'b'], to: 'y', attributes: { ...window, group } }],
});
const { nodes: convolutions } = readForwardModel(buildOperatorModel(conv(2, 1), { seed: 1, rows: 1 }).bytes);
const CASES: Readonly<Record<string, OpCase>> = {
  ...OPERATOR_CASES,
  'Conv of few channels': conv(2, 1),
  'Conv of groups': conv(4, 2),
  'Conv of many channels': conv(9, 1),
  MaxPool: one('MaxPool', window, { inputShape: [2, 5, 7] }),
  AveragePool: one('AveragePool', window, { inputShape: [2, 5, 7] }),
};
for (const [name, opCase] of Object.entries(CASES)) {
  test(`${name}: a row contributes the same bits at every index`, async () => {
    for (const seed of [1, 2]) await assertInvariant(opCase, { seed });
  });
}

test('Conv in blocks of channels: a row contributes the same bits at every index', async (t) => {
  const blockedChannels = await findBlockedChannels({ nodes: convolutions });
  if (blockedChannels === 0) {
    t.skip('not run: this machine has no blocked convolution');
    return;
  }
  // Of rows that are no whole blocks too, which the blocked operator would not take.
  for (const rows of [5, ROWS, 48]) {
    for (const channels of [1, 3, blockedChannels, 2 * blockedChannels]) {
      const blocks = channels === 1 ? 1 : 2;
      await assertInvariant(conv(channels, 1, blocks * blockedChannels), { seed: 1, rows, blockedChannels });
    }
  }
});

const EXTREMES = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  1e-45,
  3e38,
  -3e38,
  89,
  -104,
];
const ATTRIBUTES: Readonly<Record<string, Attributes>> = {
  Softmax: { axis: 1 },
  HardSigmoid: { alpha: { float: 2 ** 127 }, beta: { float: 0 } },
};
const MAX_AND_MIN: readonly (readonly [op: string, against: string])[] = [
  ['Max', 'after'],
  ['Max', 'before'],
  ['Min', 'after'],
  ['Min', 'before'],
];
const ALONE = ['Sigmoid', 'Tanh', 'Exp', 'Erf', 'Relu', 'HardSigmoid', 'Softmax'].map(
  (op) => [op, undefined] as const,
);
for (const [op, against] of [...ALONE, ...MAX_AND_MIN]) {
  test(`${op} computes the same for extreme values at every index${against ? `, ${against} others` : ''}`, async () => {
    const width = op === 'Softmax' ? 3 : 1;
    const writer = new GraphWriter();
    const type = { elementType: 'float', shape: [ROWS, width] } as const;
    const other = against && writer.floats(type.shape, new Float32Array(ROWS).fill(0.25));
    const inputs = other ? (against === 'after' ? [other, 'x'] : ['x', other]) : ['x'];
    writer.emitAs('out', op, inputs, ATTRIBUTES[op]);
    const bytes = writer.finish({
      name: 'op',
      inputs: [valueInfo('x', type)],
      outputs: [valueInfo('out', type)],
    });
    const session = await openSession(bytes, { threads: 1 });
    const next = testNumbers(9);
    for (const extreme of EXTREMES) {
      const made = new Set<string>();
      for (let index = 0; index < ROWS; index++) {
        const data = Float32Array.from({ length: elementCount(type.shape) }, next);
        data[index * width] = extreme;
        data.fill(-1, index * width + 1, (index + 1) * width);
        const { out } = await session.run({ x: { type: 'float32', shape: type.shape, data } });
        made.add(`${[...out!.data.subarray(index * width, (index + 1) * width)]}`);
      }
      assert.equal(made.size, 1, `${extreme}: ${[...made].join(' or ')}`);
    }
    await session.close();
  });
}
