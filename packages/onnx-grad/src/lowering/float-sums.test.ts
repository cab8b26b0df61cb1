import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementCount } from '../format/tensor-data.ts';
import { buildForwardModel } from '../model/build-forward-model.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { peerModel } from '../testing/peer-models.ts';
import { normL2, type ReferenceRow } from '../testing/reference-gradients.ts';
import { runStep } from '../testing/run-step.ts';
import { testNumbers } from '../testing/tiny-models.ts';
import { shapesOf } from '../testing/value-shapes.ts';
import { BLOCK_ROWS } from './block-sums.ts';
import { buildStepGraph } from './step-graph.ts';

const loss = 'binary-cross-entropy';
const wide = readForwardModel(
  buildForwardModel({
    kind: 'multilayer-perceptron',
    features: 300,
    hidden: [256, 8],
    localIntercept: false,
  }),
);
/** Two whole blocks, and one that is not. */
const units = 2 * BLOCK_ROWS + 17;
const options = { capacityUnits: units, rowsPerUnit: 1, loss } as const;

function rows(count: number, scaleOf: (unit: number) => number = () => 1): ReferenceRow[][] {
  const next = testNumbers(count);
  return Array.from({ length: count }, (_, unit) => [
    {
      features: Array.from({ length: wide.features }, () => Math.fround(next() * scaleOf(unit))),
      label: unit % 2,
    },
  ]);
}

test('a large dense layer is summed in float, small ones and those of a clip norm that varies in double', () => {
  const float = buildStepGraph(wide, { ...options, clipNormL2: 1 });
  assert.equal(float.sumType, 'float32');
  assert.equal(float.rounding.floatBlocks, 3);
  for (const clipNormL2 of ['input', 1e-30, 1e30] as const) {
    const double = buildStepGraph(wide, { ...options, clipNormL2 });
    assert.equal(double.sumType, 'float64');
    assert.equal(double.rounding.floatBlocks, undefined);
  }
  const several = buildStepGraph(wide, { ...options, capacityUnits: 9, rowsPerUnit: 2, clipNormL2: 1 });
  assert.equal(several.sumType, 'float64');
});

for (const [what, scaleOf] of [
  ['of one size', () => 1],
  ['from 2^-20 to 2^20', (unit: number) => 2 ** ((unit % 41) - 20)],
] as const) {
  test(`sums in float are as near to those in double as their proof says, for rows ${what}`, async () => {
    const clipNormL2 = 0.3;
    const run = { parameters: wide.values, units: rows(units, scaleOf) };
    const inBlocks = await runStep(buildStepGraph(wide, { ...options, clipNormL2 }), run);
    const inOrder = await runStep(buildStepGraph(wide, { ...options, clipNormL2, addsInOrder: true }), run);
    const double = await runStep(buildStepGraph(wide, { ...options, clipNormL2: 'input' }), {
      ...run,
      clipNormL2,
    });
    const b = double.clippedSum!.data;
    assert.ok(normL2(b) > clipNormL2);
    // Three roundings of a unit, those of its block, two additions and one rounding of what was in double.
    for (const { clippedSum } of [inBlocks, inOrder]) {
      const distance = normL2(Array.from(clippedSum!.data, (value, i) => value - b[i]!));
      assert.ok(distance <= 2 ** -24 * (BLOCK_ROWS + 1 + 6) * units * clipNormL2, `${distance}`);
    }
  });
}

test('norms and sums of stored gradients in float are as near to those in double as their proof says', async () => {
  const model = readForwardModel(peerModel('cnn28', 1).bytes);
  const capacityUnits = BLOCK_ROWS + 2;
  const clipNormL2 = 0.3;
  const next = testNumbers(12);
  const run = {
    parameters: model.values,
    units: Array.from({ length: capacityUnits }, (_, unit) => [
      { features: Array.from({ length: model.features }, () => next() * 2 ** (unit % 7)), label: unit % 10 },
    ]),
  };
  const common = { capacityUnits, rowsPerUnit: 1, loss: { kind: 'categorical-cross-entropy' } } as const;
  const graph = buildStepGraph(model, { ...common, clipNormL2 });
  assert.equal(graph.sumType, 'float32');
  assert.equal(graph.rounding.floatBlocks, 2);
  // Groups of at most 128 squares, but for the 512 of a dense layer's input and the 32 of its output.
  assert.ok(graph.rounding.normTerms < 548 * 2 ** 29);
  const float = await runStep(graph, run);
  const double = await runStep(buildStepGraph(model, { ...common, clipNormL2: 'input' }), {
    ...run,
    clipNormL2,
  });
  const [a, b] = [float.clippedSum!.data, double.clippedSum!.data];
  assert.ok(normL2(b) > clipNormL2);
  const distance = normL2(Array.from(a, (value, i) => value - b[i]!));
  const rho = 4 * graph.rounding.normTerms * 2 ** -53;
  const roundings = 2 ** -24 * (BLOCK_ROWS + 1 + 6) + rho;
  assert.ok(distance <= roundings * capacityUnits * clipNormL2, `${distance}`);
  // Without the floats' share the bound would not hold: it is not a bound for anything.
  assert.ok(distance > 2 ** -40 * clipNormL2, `${distance}`);
});

test('no product sums more rows in float than a block has, unless they are known to be added in order', async () => {
  const { nodes, shapes } = await shapesOf(buildStepGraph(wide, { ...options, clipNormL2: 1 }));
  const products = nodes.filter(
    ({ opType, output, attribute }) =>
      opType === 'Gemm' &&
      attribute.some(({ name, i }) => name === 'transA' && i === 1) &&
      elementCount(shapes.get(output[0]!)!) === 300 * 256,
  );
  assert.equal(products.length, 3);
  for (const { input } of products) {
    for (const name of input) assert.ok(shapes.get(name)![0]! <= BLOCK_ROWS, `${name} has too many rows`);
  }
});

test('memory grows with units times width: no value has units times a matrix elements', async () => {
  for (const capacityUnits of [units, 4 * units]) {
    const graph = buildStepGraph(wide, { ...options, capacityUnits, clipNormL2: 1 });
    const { shapes } = await shapesOf(graph);
    assert.ok(shapes.size > 50);
    for (const [name, shape] of shapes) {
      assert.ok(
        elementCount(shape) <= Math.max(capacityUnits * 300, wide.parameterCount),
        `${name}: ${shape}`,
      );
    }
  }
});

test('units beyond the limit of float weights, or that are no numbers, are recognised by their squares', async () => {
  const scaleOf = (unit: number) => [1, 1e12, 1e18, 1e25, Number.NaN][unit]!;
  const graph = buildStepGraph(wide, { ...options, capacityUnits: 6, clipNormL2: 1 });
  const { squares } = await runStep(graph, { parameters: wide.values, units: rows(5, scaleOf) });
  const usable = Array.from(squares!.data, (square) => square <= graph.largestSquare);
  assert.deepEqual(usable, [true, true, false, false, false, true]);
});
