import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildForwardModel, buildStepGraph, readForwardModel } from '../onnx/index.ts';
import { ClippedSum } from './clipped-sum.ts';
import { MAXIMUM_SIGMA } from './discrete-gaussian.ts';
import { calibrateNoise } from './sensitivity.ts';
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
