import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, buildStepGraph, readForwardModel, type StepGraph } from '@consilium/onnx-grad';
import { addsUnitsInOrder } from '@consilium/onnx-grad/step';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import fc from 'fast-check';
import { ClippedSum } from './clipped-sum.ts';
import { MAXIMUM_SIGMA } from './discrete-gaussian.ts';
import { calibrateNoise, floatRounding } from './sensitivity.ts';
import { openShards } from './shard.ts';
import { sequenceModel } from './testing/sequence-model.ts';
import { copyOf } from './tiled-sums.ts';
import { MAXIMUM_NOISE_MULTIPLIER, TrainingInputError } from './training-plan.ts';
import { type LabelledRow, packUnits } from './training-units.ts';

const features = 3;
const model = readForwardModel(
  buildForwardModel({
    kind: 'multilayer-perceptron',
    features,
    hidden: [4],
    activation: 'tanh',
    localIntercept: true,
  }),
);
const rowsPerUnit = 3;
const capacityUnits = 4;

const anyFloat = fc.oneof(
  fc.float({ noNaN: false }),
  fc.float({ min: -8, max: 8 }),
  fc.constantFrom(0, -0, 1e38, -1e38, 1e-40, 1e6),
);
const row: fc.Arbitrary<LabelledRow> = fc.record({
  features: fc.array(anyFloat, { minLength: features, maxLength: features }),
  label: fc.constantFrom(0, 1),
});
const unit = fc.array(row, { maxLength: rowsPerUnit });

test('no patient, however extreme, moves the integers by more than the bound', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(unit, { maxLength: 9 }),
      unit,
      fc.nat(),
      fc.constantFrom(1e-3, 1, 250),
      fc.float({ min: -50, max: 50, noNaN: true }),
      async (others, one, index, clipNormL2, spread) => {
        const graph = buildStepGraph(model, {
          clipNormL2,
          capacityUnits,
          rowsPerUnit,
          loss: 'binary-cross-entropy',
        });
        const { latticePerUnit, sensitivity } = calibrateNoise({
          clipNormL2,
          noiseMultiplier: 1,
          parameterCount: model.parameterCount,
          rounding: graph.rounding,
        });
        const parameters = model.values.map((value) => value * spread);
        const integersOf = async (rows: readonly (readonly LabelledRow[])[]) => {
          const clipped = new ClippedSum([graph], packUnits(features, rows));
          const batch = Uint32Array.from(rows, (_, index) => index);
          const sum = copyOf(await clipped.sum(parameters, batch));
          await clipped.close();
          return sum.map((value) => Math.round(value * latticePerUnit));
        };
        const without = await integersOf(others);
        const present = await integersOf(others.toSpliced(index % (others.length + 1), 0, one));
        const moved = Math.hypot(...without.map((value, i) => value - present[i]!));
        assert.ok(Number.isFinite(moved) && moved <= sensitivity, `${moved} of ${sensitivity}`);
      },
    ),
    { numRuns: 150 },
  );
});

const calibration = {
  clipNormL2: 2,
  noiseMultiplier: 1.1,
  parameterCount: 10_000,
  rounding: { normTerms: 200, cancellationGuard: 1, sumTerms: 256 },
};

test('the bound counts the clip norm and the rounding of every coordinate, and little else', () => {
  const { sensitivity, sigma, latticePerUnit } = calibrateNoise(calibration);
  assert.equal(latticePerUnit, 2 ** 19);
  assert.ok(sensitivity > 2 ** 20 + 100);
  assert.ok(sensitivity < 2 ** 20 + 110);
  assert.ok(Number.isInteger(sigma) && sigma >= 1.1 * sensitivity && sigma < 1.1 * sensitivity + 2);
});

test('rounding costs more where rows of one patient may cancel, and more in larger batches', () => {
  const base = calibrateNoise(calibration).sensitivity;
  const guarded = { ...calibration, rounding: { ...calibration.rounding, cancellationGuard: 2 ** -5 } };
  assert.ok(calibrateNoise(guarded).sensitivity > base);
  const larger = { ...calibration, rounding: { ...calibration.rounding, sumTerms: 4096 } };
  assert.ok(calibrateNoise(larger).sensitivity > base);
});

test('rounding that would come near the clip norm is refused, with its cause and the remedy', () => {
  const refused = (rounding: Partial<typeof calibration.rounding>, says: RegExp) => {
    const given = { ...calibration, rounding: { ...calibration.rounding, ...rounding } };
    assert.throws(
      () => calibrateNoise(given),
      (error: Error) => error instanceof TrainingInputError && says.test(error.message),
    );
  };
  const guarded = { cancellationGuard: 2 ** -5 };
  refused(
    { ...guarded, sumTerms: 2 ** 20 },
    /rowsPerRun: .* are 1048576, and with more than \d+ .*smaller rowsPerRun/,
  );
  refused({ normTerms: 2 ** 24 }, /sequences are too long, or its layers too wide/);
  const most = {
    ...calibration,
    rounding: { ...calibration.rounding, ...guarded, sumTerms: 2 ** 20 - 2 ** 12 },
  };
  assert.ok(calibrateNoise(most).sensitivity < 1.04 * 2 ** 20);
});

test('a sequence of hundreds of positions is within the bounds, where their number counted squared before', () => {
  const positions = 200;
  const bytes = sequenceModel({ positions, width: 300 });
  const graph = buildStepGraph(readForwardModel(bytes), {
    clipNormL2: 1,
    capacityUnits: 4,
    rowsPerUnit: 1,
    loss: 'binary-cross-entropy',
  });
  const { sensitivity } = calibrateNoise({ ...calibration, rounding: graph.rounding });
  assert.ok(sensitivity < 1.01 * 2 ** 20, `${sensitivity / 2 ** 20}`);
});

test('every noise multiplier that a plan may have gives noise that the sampler can draw', () => {
  for (const noiseMultiplier of [1e-12, 0.3, MAXIMUM_NOISE_MULTIPLIER]) {
    const { sigma } = calibrateNoise({ ...calibration, noiseMultiplier, parameterCount: 1e8 });
    assert.ok(Number.isInteger(sigma) && sigma >= 1 && sigma <= MAXIMUM_SIGMA);
  }
});

test('sums in float cost about a hundredth of the clip norm at most, and are paid for', () => {
  const base = calibrateNoise(calibration).sensitivity;
  for (const floatBlocks of [1, 3, 10, 32]) {
    const costOf = (addsInOrder: boolean) => {
      const rounding = { ...calibration.rounding, floatBlocks, addsInOrder };
      return calibrateNoise({ ...calibration, rounding }).sensitivity - base;
    };
    // Two blocks of 128 units, each off by up to 128 · 129 roundings of 2^-24 C, in both worlds.
    const more = costOf(false);
    assert.ok(more >= 4 * 128 * 129 * 2 ** -24 * 2 ** 20 && more < 0.01 * 2 ** 20, `${more}`);
    // Half as many where their order is known, and those of all sums of blocks after the first.
    const inOrder = costOf(true);
    const least = 2 * (128 * 131 + (floatBlocks * (floatBlocks + 1) * 128) / 2) * 2 ** -24 * 2 ** 20;
    assert.ok(inOrder >= least && inOrder < 0.0125 * 2 ** 20, `${inOrder}`);
  }
  assert.equal(floatRounding({}), 0);
});

const wide = readForwardModel(
  buildForwardModel({ kind: 'multilayer-perceptron', features: 300, hidden: [256], localIntercept: false }),
);

const floatGraph = (capacityUnits: number, addsInOrder = false) =>
  buildStepGraph(wide, {
    clipNormL2: 0.1,
    capacityUnits,
    rowsPerUnit: 1,
    loss: 'binary-cross-entropy',
    addsInOrder,
  });

/** Whether paired orders of a batch keep to the bound, by the sums of graphs on shards. */
async function checkPairs(count: number, graphs: readonly StepGraph[], shards: number): Promise<void> {
  const next = testNumbers(8);
  const hardly = Array.from({ length: wide.features }, () => 2 ** -12 * next());
  const unitOf = (kind: number): LabelledRow[] => {
    const features = Array.from({ length: wide.features }, () => next() * 10 ** (4 * kind));
    return [{ features: kind === 0 ? hardly : features, label: next() > 0 ? 1 : 0 }];
  };
  const graph = graphs.at(-1)!;
  assert.equal(graph.sumType, 'float32');
  const { latticePerUnit, sensitivity } = calibrateNoise({
    clipNormL2: 0.1,
    noiseMultiplier: 1,
    parameterCount: wide.parameterCount,
    rounding: graph.rounding,
  });
  const units = packUnits(
    wide.features,
    Array.from({ length: count }, (_, i) => unitOf(i % 3)),
  );
  const clipped = new ClippedSum(graphs, units, openShards(graphs, shards));
  const integersOf = async (order: Uint32Array) => {
    const sum = await clipped.sum(wide.values, order);
    return Float64Array.from(copyOf(sum), (value) => Math.round(value * latticePerUnit));
  };
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const present = await integersOf(order);
  let far = 0;
  for (const index of [0, 1, 2, 127, 128, 149, 150, count - 2, count - 1]) {
    // The last unit takes the index of the one that is missing.
    const paired = order.with(index, order[count - 1]!).subarray(0, count - 1);
    const without = await integersOf(paired);
    const moved = Math.sqrt(without.reduce((sum, value, i) => sum + (value - present[i]!) ** 2, 0));
    if (moved > 2 ** 19) far += 1;
    assert.ok(moved <= sensitivity, `${moved} of ${sensitivity}`);
  }
  await clipped.close();
  assert.ok(far >= 3);
}

test('with sums in float, no patient moves the integers of any paired order by more than the bound', async () => {
  await checkPairs(200, [floatGraph(150)], 1);
});

const largest = floatGraph(290, true);
const skip = !(await addsUnitsInOrder(largest, 1)) && 'this machine adds rows in another order';

test('nor with sums in order, in shards and graphs of several sizes, of which only one batch may take the larger', {
  skip,
}, async () => {
  // 300 units and a padding unit are more than two shards of 150 hold.
  await checkPairs(300, [floatGraph(140, true), floatGraph(150, true), largest], 2);
  await checkPairs(590, [floatGraph(6, true), largest], 2);
});

test('the size of the graph that takes a sum in order does not change a bit of it', { skip }, async () => {
  const next = testNumbers(9);
  const rows = Array.from({ length: 280 }, (): LabelledRow[] => [
    { features: Array.from({ length: wide.features }, next), label: 1 },
  ]);
  const units = packUnits(wide.features, rows);
  const inSizes = new ClippedSum([floatGraph(150, true), floatGraph(271, true), largest], units);
  const inLargest = new ClippedSum([largest], units);
  for (const count of [0, 1, 128, 129, 140, 149, 150, 270, 271]) {
    const batch = Uint32Array.from({ length: count }, (_, i) => i);
    const [a, b] = [await inSizes.sum(wide.values, batch), await inLargest.sum(wide.values, batch)];
    assert.deepEqual(copyOf(a), copyOf(b), `${count} units`);
  }
  await inSizes.close();
  await inLargest.close();
});
