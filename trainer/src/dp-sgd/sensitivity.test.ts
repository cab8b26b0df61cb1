import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildForwardModel, buildStepGraph, readForwardModel } from '../onnx/index.ts';
import { testNumbers } from '../onnx/testing/tiny-models.ts';
import { ClippedSum } from './clipped-sum.ts';
import { MAXIMUM_SIGMA } from './discrete-gaussian.ts';
import { calibrateNoise, floatRounding } from './sensitivity.ts';
import { MAXIMUM_NOISE_MULTIPLIER } from './training-plan.ts';
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
      async (others, one, place, clipNormL2, spread) => {
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
          const clipped = await ClippedSum.open(graph, packUnits(features, rows), model);
          const sum = await clipped.sum(
            parameters,
            Uint32Array.from(rows, (_, index) => index),
          );
          await clipped.close();
          return sum.map((value) => Math.round(value * latticePerUnit));
        };
        const without = await integersOf(others);
        const present = await integersOf(others.toSpliced(place % (others.length + 1), 0, one));
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

test('every noise multiplier that a plan may have gives noise that the sampler can draw', () => {
  for (const noiseMultiplier of [1e-12, 0.3, MAXIMUM_NOISE_MULTIPLIER]) {
    const { sigma } = calibrateNoise({ ...calibration, noiseMultiplier, parameterCount: 1e8 });
    assert.ok(Number.isInteger(sigma) && sigma >= 1 && sigma <= MAXIMUM_SIGMA);
  }
});

test('sums in float cost less than a hundredth of the clip norm, and are paid for', () => {
  const base = calibrateNoise(calibration).sensitivity;
  for (const floatBlocks of [1, 3, 10, 32]) {
    const rounding = { ...calibration.rounding, floatBlocks };
    const more = calibrateNoise({ ...calibration, rounding }).sensitivity - base;
    // Two blocks of 128 units, each off by up to 128 · 129 roundings of 2^-24 C, in both worlds.
    assert.ok(more >= 4 * 128 * 129 * 2 ** -24 * 2 ** 20 && more < 0.01 * 2 ** 20, `${more}`);
  }
  assert.equal(floatRounding({}), 0);
});

const wide = readForwardModel(
  buildForwardModel({ kind: 'multilayer-perceptron', features: 300, hidden: [256], localIntercept: false }),
);

test('with sums in float, no patient moves the integers of any paired order by more than the bound', async () => {
  const next = testNumbers(8);
  const count = 200;
  const hardly = Array.from({ length: wide.features }, () => 2 ** -12 * next());
  const unitOf = (kind: number): LabelledRow[] => {
    const features = Array.from({ length: wide.features }, () => next() * 10 ** (4 * kind));
    return [{ features: kind === 0 ? hardly : features, label: next() > 0 ? 1 : 0 }];
  };
  const graph = buildStepGraph(wide, {
    clipNormL2: 0.1,
    capacityUnits: 150,
    rowsPerUnit: 1,
    loss: 'binary-cross-entropy',
  });
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
  const clipped = await ClippedSum.open(graph, units, wide);
  const integersOf = async (order: Uint32Array) => {
    const sum = await clipped.sum(wide.values, order);
    return Float64Array.from(sum, (value) => Math.round(value * latticePerUnit));
  };
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const present = await integersOf(order);
  let far = 0;
  for (const place of [0, 1, 2, 127, 128, 149, 150, 198, 199]) {
    // The last unit takes the place of the one that is not there.
    const paired = order.with(place, order[count - 1]!).subarray(0, count - 1);
    const without = await integersOf(paired);
    const moved = Math.sqrt(without.reduce((sum, value, i) => sum + (value - present[i]!) ** 2, 0));
    if (moved > 2 ** 19) far += 1;
    assert.ok(moved <= sensitivity, `${moved} of ${sensitivity}`);
  }
  await clipped.close();
  assert.ok(far >= 3);
});
