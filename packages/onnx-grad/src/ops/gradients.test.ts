// Every operator's gradient against finite differences of ONNX Runtime's own forward pass. Each model is
// h = x · s, y = operator(h), logit = mean(y²), with a trainable s of the input's shape: what is compared is the
// gradient of s, which passes through the operator, and of the operator's own parameters.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { int64Tensor } from '../format/tensor-data.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { buildOperatorModel, OPERATOR_CASES, type OpCase, one } from '../testing/operator-cases.ts';
import { normL2 } from '../testing/reference-gradients.ts';
import { runStep } from '../testing/run-step.ts';

const ROWS = 3;

/** Compares the gradient of Σ_rows (logit - label)² with differences. */
async function compare(opCase: OpCase, seed: number): Promise<void> {
  const { bytes, open, x } = buildOperatorModel(opCase, { seed, rows: ROWS });
  const model = readForwardModel(bytes);
  const graph = buildStepGraph(model, {
    clipNormL2: 1e6,
    capacityUnits: ROWS,
    rowsPerUnit: 1,
    loss: { kind: 'squared-error' },
  });
  const label = -1;
  const units = Array.from({ length: ROWS }, (_, r) => {
    const own = x.subarray(r * model.features, (r + 1) * model.features);
    return [{ features: [...own], label }];
  });
  const { clippedSum } = await runStep(graph, { parameters: model.values, units });
  const session = await openSession(open, { threads: 1 });
  const loss = async (values: Float32Array): Promise<number> => {
    const feeds = Object.fromEntries(
      // A weight that is trained in another shape or order is fed in its own.
      model.parameters.map((parameter) => [
        parameter.name,
        {
          type: 'float32' as const,
          shape: opCase.weights?.[parameter.name] ?? parameter.shape,
          data: model.inFileOrder(
            parameter,
            values.slice(parameter.offset, parameter.offset + parameter.size),
          ),
        },
      ]),
    );
    const shape = [ROWS, ...model.inputShape];
    const { logit } = await session.run({ x: { type: 'float32', shape, data: x }, ...feeds });
    return Array.from(logit!.data).reduce((total, value) => total + (value - label) ** 2, 0);
  };
  const here = await loss(model.values);
  const compared: number[] = [];
  const differences: number[] = [];
  const step = 2 ** -8;
  for (let i = 0; i < model.parameterCount; i++) {
    const at = async (distance: number) => {
      const moved = Float32Array.from(model.values);
      moved[i] = model.values[i]! + distance;
      const real = moved[i]! - model.values[i]!;
      return ((await loss(moved)) - here) / real;
    };
    const [far, near] = [
      [await at(-2 * step), await at(2 * step)],
      [await at(-step), await at(step)],
    ];
    const slope = (pair: number[]) => (pair[0]! + pair[1]!) / 2;
    // Beside a kink the slopes on its two sides differ by more than curvature explains.
    const bend = Math.abs(near[1]! - near[0]!) - 0.55 * Math.abs(far[1]! - far[0]!);
    const change = Math.abs(slope(far) - slope(near));
    if (Math.max(bend, change) > 1e-3 * (1 + Math.abs(slope(near)))) continue;
    compared.push(i);
    differences.push((4 * slope(near) - slope(far)) / 3 - (clippedSum!.data[i] as number));
  }
  await session.close();
  assert.ok(compared.length >= 0.6 * model.parameterCount, `${compared.length} of ${model.parameterCount}`);
  const scale = normL2(clippedSum!.data);
  assert.ok(normL2(differences) <= 2e-3 * (1 + scale), `off by ${normL2(differences)} of ${scale}`);
}

for (const [name, opCase] of Object.entries(OPERATOR_CASES)) {
  test(`${name}: the gradient agrees with finite differences`, async () => {
    for (const seed of [1, 2, 3]) await compare(opCase, seed);
  });
}

const small = (min: number, max: number) => fc.integer({ min, max });
/** Kernel, stride, dilation and pads of one spatial axis, and an extent that the kernel fits into. */
const axis = fc
  .record({
    kernel: small(1, 3),
    stride: small(1, 3),
    dilation: small(1, 2),
    before: small(0, 2),
    after: small(0, 2),
    more: small(0, 3),
  })
  .map((given) => {
    // A pool's padding is smaller than its kernel.
    const [before, after] = [
      Math.min(given.before, given.kernel - 1),
      Math.min(given.after, given.kernel - 1),
    ];
    return { ...given, before, after, extent: (given.kernel - 1) * given.dilation + 1 + given.more };
  });
const space = fc.array(axis, { minLength: 1, maxLength: 2 });
const windowOf = (
  axes: readonly { kernel: number; stride: number; dilation: number; before: number; after: number }[],
) => ({
  kernel_shape: axes.map(({ kernel }) => kernel),
  strides: axes.map(({ stride }) => stride),
  pads: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)],
});

for (const [channels, few, numRuns] of [
  [fc.integer({ min: 1, max: 2 }), 'few channels and groups', 40],
  [fc.integer({ min: 8, max: 9 }), 'many channels', 15],
] as const) {
  test(`Conv of ${few}: the gradient agrees for any window, in one and two dimensions`, async () => {
    await fc.assert(
      fc.asyncProperty(
        space,
        small(1, 2),
        channels,
        small(1, 2),
        small(1, 99),
        async (axes, groups, perGroup, filters, seed) => {
          const group = perGroup < 8 ? groups : 1;
          const attributes = { ...windowOf(axes), group, dilations: axes.map(({ dilation }) => dilation) };
          await compare(
            {
              inputShape: [group * perGroup, ...axes.map(({ extent }) => extent)],
              weights: { w: [group * filters, perGroup, ...attributes.kernel_shape], b: [group * filters] },
              nodes: [{ op: 'Conv', from: ['h', 'w', 'b'], to: 'y', attributes }],
            },
            seed,
          );
        },
      ),
      { numRuns },
    );
  });
}

for (const channels of [2, 8]) {
  test(`Conv: weights over ${channels} channels that two of them share have one gradient`, async () => {
    const attributes = { kernel_shape: [2], pads: [1, 0] };
    await compare(
      {
        inputShape: [channels, 3],
        weights: { w: [channels, channels, 2] },
        nodes: [
          { op: 'Conv', from: ['h', 'w'], to: 'a', attributes },
          { op: 'Tanh', from: ['a'], to: 'b' },
          { op: 'Conv', from: ['b', 'w'], to: 'y', attributes },
        ],
      },
      3,
    );
  });
}

test('Conv, Relu and MaxPool in a row, and a sum of two ways through them: the gradient agrees', async () => {
  const window = { kernel_shape: [2, 2], strides: [1, 1] };
  const same = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  for (const seed of [1, 2]) {
    await compare(
      {
        inputShape: [8, 4, 4],
        weights: { w: [8, 8, 3, 3], b: [8], v: [3, 8, 2, 2] },
        nodes: [
          { op: 'Conv', from: ['h', 'w', 'b'], to: 'c', attributes: same },
          { op: 'Relu', from: ['c'], to: 'r' },
          { op: 'Add', from: ['r', 'h'], to: 'sum' },
          { op: 'MaxPool', from: ['sum'], to: 'p', attributes: window },
          { op: 'Conv', from: ['p', 'v'], to: 'y', attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
        ],
      },
      seed,
    );
  }
});

for (const [op, withDilation] of [
  ['MaxPool', true],
  ['AveragePool', false],
] as const) {
  test(`${op}: the gradient agrees for any window, overlapping or not`, async () => {
    await fc.assert(
      fc.asyncProperty(space, small(0, 1), small(1, 99), async (axes, countPads, seed) => {
        const own = withDilation
          ? { dilations: axes.map(({ dilation }) => dilation) }
          : { count_include_pad: countPads };
        await compare(
          one(op, { ...windowOf(axes), ...own }, { inputShape: [2, ...axes.map(({ extent }) => extent)] }),
          seed,
        );
      }),
      { numRuns: 30 },
    );
  });
}

test('Slice: the gradient agrees for any start, end and step', async () => {
  await fc.assert(
    fc.asyncProperty(
      small(-5, 4),
      small(1, 9),
      small(1, 3),
      small(1, 99),
      async (start, length, step, seed) => {
        const first = start < 0 ? start + 5 : start;
        await compare(
          {
            inputShape: [2, 5],
            nodes: [{ op: 'Slice', from: ['h', 'starts', 'ends', 'axes', 'steps'], to: 'y' }],
            constants: [
              int64Tensor('starts', [start]),
              int64Tensor('ends', [first + length]),
              int64Tensor('axes', [2]),
              int64Tensor('steps', [step]),
            ],
          },
          seed,
        );
      },
    ),
    { numRuns: 25 },
  );
});

/** Values of rows with three more axes, among which the rows are moved and folded, and taken back. */
const moves = fc.record({
  perm: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }),
  fold: fc.constantFrom('none' as const, 'before' as const, 'after' as const),
  op: fc.constantFrom('Tanh', 'Softmax', 'Mul', 'ReduceMean'),
  seed: small(1, 99),
});

test('rows that are moved, and folded with what lies beside them, are followed wherever they go', async () => {
  await fc.assert(
    fc.asyncProperty(moves, async ({ perm, fold, op, seed }) => {
      const extents = [-1, 2, 3, 4];
      const shape = perm.map((axis) => extents[axis]!);
      const rows = shape.indexOf(-1);
      const neighbour = fold === 'before' ? rows - 1 : rows + 1;
      const isFolded = fold !== 'none' && neighbour >= 0 && neighbour < 4;
      const folded = isFolded ? shape.toSpliced(neighbour, 1) : shape;
      const beside = [0, 1, 2, 3].filter((axis) => axis < folded.length && folded[axis] !== -1);
      const axis = beside.at(seed % beside.length)!;
      const after = folded.slice(folded.indexOf(-1) + 1);
      const attributes = op === 'Softmax' ? { axis } : op === 'ReduceMean' ? { axes: [axis] } : {};
      const then = op === 'ReduceMean' ? [{ op: 'Mul', from: ['b', 'd'], to: 'm' }] : [];
      await compare(
        {
          inputShape: extents.slice(1),
          weights: { w: after },
          nodes: [
            { op: 'Transpose', from: ['h'], to: 'a', attributes: { perm } },
            { op: 'Reshape', from: ['a', 'folded'], to: 'b' },
            { op: 'Mul', from: ['b', 'w'], to: 'c' },
            op === 'Mul' ? { op, from: ['c', 'b'], to: 'd' } : { op, from: ['c'], to: 'd', attributes },
            ...then,
            { op: 'Reshape', from: [then.length > 0 ? 'm' : 'd', 'apart'], to: 'e' },
            {
              op: 'Transpose',
              from: ['e'],
              to: 'y',
              attributes: { perm: [0, 1, 2, 3].map((i) => perm.indexOf(i)) },
            },
          ],
          constants: [int64Tensor('folded', folded), int64Tensor('apart', shape)],
        },
        seed,
      );
    }),
    { numRuns: 60 },
  );
});
