import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { calibrationOf, FEWEST_ROWS } from './calibration.ts';
import { wilsonInterval } from './intervals.ts';

/** Rows of one logit: so many of them with label 1. */
const group = (logit: number, positives: number, count: number) =>
  Array.from({ length: count }, (_, row) => ({ logit, label: row < positives ? 1 : 0 }));
const calibrate = (rows: readonly { logit: number; label: number }[], thresholds: readonly number[] = []) =>
  calibrationOf(
    rows.map(({ logit }) => logit),
    rows.map(({ label }) => label),
    thresholds,
  );
const logOdds = (share: number) => Math.log(share / (1 - share));
const near = (value: number | undefined, wanted: number, tolerance = 1e-7) =>
  assert.ok(Math.abs(value! - wanted) <= tolerance, `${value} is not ${wanted}`);

describe('calibration', () => {
  it('has the slope that two groups give in closed form, and its standard error', () => {
    const { slope } = calibrate([...group(-2, 30, 100), ...group(2, 60, 80)])!;
    near(slope!.value, (logOdds(0.75) - logOdds(0.3)) / 4);
    const variance = (1 / (100 * 0.3 * 0.7) + 1 / (80 * 0.75 * 0.25)) / 16;
    near(slope!.high - slope!.value, 1.959963984540054 * Math.sqrt(variance));
    near(slope!.value - slope!.low, 1.959963984540054 * Math.sqrt(variance));
  });

  it('has the intercept that one group gives in closed form, with the slope at 1', () => {
    const { intercept } = calibrate(group(1, 20, 80))!;
    near(intercept!.value, logOdds(0.25) - 1);
    near(intercept!.high - intercept!.value, 1.959963984540054 / Math.sqrt(80 * 0.25 * 0.75));
  });

  it('is 1 and 0 where probabilities are what happens, and shows ones that are too far out, or too high', () => {
    const honest = calibrate([...group(logOdds(0.2), 20, 100), ...group(logOdds(0.7), 70, 100)])!;
    near(honest.slope!.value, 1);
    near(honest.intercept!.value, 0);
    const bold = calibrate([...group(3 * logOdds(0.2), 20, 100), ...group(3 * logOdds(0.7), 70, 100)])!;
    near(bold.slope!.value, 1 / 3);
    const high = calibrate([...group(1 + logOdds(0.2), 20, 100), ...group(1 + logOdds(0.7), 70, 100)])!;
    near(high.intercept!.value, -1);
    near(high.slope!.value, 1);
  });

  it('has the Brier score and its baseline', () => {
    const { brier, brierBaseline, predicted, observed } = calibrate(group(0, 5, 20))!;
    near(brier.value, 0.25);
    near(brierBaseline, 0.25 * 0.75);
    near(predicted, 0.5);
    near(observed.value, 0.25);
    assert.ok(brier.low >= 0 && brier.low <= brier.value && brier.value <= brier.high);
  });

  it('counts who is named at a threshold: at least it is named', () => {
    const rows = [...group(logOdds(0.2), 3, 10), ...group(0, 6, 10), ...group(logOdds(0.9), 9, 10)];
    const [low, half, high] = calibrate(rows, [0.1, 0.5, 0.95])!.thresholds;
    near(low!.sensitivity!.value, 1);
    near(low!.specificity!.value, 0);
    near(half!.sensitivity!.value, 15 / 18);
    near(half!.specificity!.value, 7 / 12);
    near(half!.sensitivity!.low, wilsonInterval(15 / 18, 18).low);
    near(high!.sensitivity!.value, 0);
    near(high!.specificity!.value, 1);
  });

  it('has a curve in tenths, equal probabilities together, and no point of a few rows', () => {
    const spread = Array.from({ length: 200 }, (_, row) => ({ logit: row / 50 - 2, label: row % 2 }));
    const { curve } = calibrate(spread)!;
    assert.deepEqual(
      curve.map(({ count }) => count),
      Array.from({ length: 10 }, () => 20),
    );
    assert.deepEqual(
      calibrate([...group(-1, 1, 3), ...group(1, 20, 30)])!.curve.map(({ count }) => count),
      [33],
    );
    const tied = calibrate([...group(-1, 10, 40), ...group(1, 20, 30)])!.curve;
    assert.deepEqual(
      tied.map(({ count }) => count),
      [40, 30],
    );
    near(tied[0]!.observed.value, 0.25);
  });

  it('tells no slope where a threshold separates the labels, and nothing of one label or of a constant', () => {
    assert.equal(calibrate([...group(-1, 0, 20), ...group(1, 20, 20)])!.slope, null);
    const [none] = [calibrate(group(1, 0, 20), [0.5])!];
    assert.deepEqual([none.slope, none.intercept, none.thresholds[0]!.sensitivity], [null, null, null]);
    near(none.thresholds[0]!.specificity!.value, 0);
    const constant = calibrate(group(1, 10, 20))!;
    assert.equal(constant.slope, null);
    assert.notEqual(constant.intercept, null);
  });

  it('says nothing of fewer than ten rows, or of numbers that ran away', () => {
    assert.equal(calibrate(group(0, 4, FEWEST_ROWS - 1)), null);
    assert.equal(calibrate([...group(0, 4, 20), { logit: Number.NaN, label: 1 }]), null);
    assert.equal(calibrate([...group(0, 4, 20), { logit: Number.POSITIVE_INFINITY, label: 1 }]), null);
  });

  it('has intervals around its values and all rows in its curve, whatever the rows', () => {
    const row = fc.record({
      logit: fc.double({ min: -40, max: 40, noNaN: true }),
      label: fc.integer({ min: 0, max: 1 }),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: FEWEST_ROWS, maxLength: 150 }), (rows) => {
        const { curve, slope, intercept, brier, thresholds } = calibrate(rows, [0.5])!;
        assert.equal(
          curve.reduce((sum, { count }) => sum + count, 0),
          rows.length,
        );
        assert.ok(curve.every(({ count }) => count >= FEWEST_ROWS));
        const { sensitivity, specificity } = thresholds[0]!;
        for (const estimate of [slope, intercept, brier, sensitivity, specificity]) {
          if (estimate === null) continue;
          assert.ok(estimate.low <= estimate.value + 1e-12 && estimate.value <= estimate.high + 1e-12);
          assert.ok(Number.isFinite(estimate.low) && Number.isFinite(estimate.high));
        }
      }),
    );
  });
});
