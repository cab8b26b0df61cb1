import assert from 'node:assert/strict';
import { test } from 'node:test';
import { farthestMove, moveBoundsOf } from './finite-runs.ts';

const meanPerStep = 1 / (2 ** 20 * 32);
const given = { units: 40, sigma: 1.1 * 2 ** 20, meanPerStep, momentum: 0.9 };

test('no steps move a parameter farther than the bound, for the largest sums and noise', () => {
  const rates = Float64Array.from({ length: 50 }, (_, i) => 0.3 / (i + 1));
  for (const corrections of [
    {},
    { shift: Float64Array.of(-2, 1) },
    { pull: Float64Array.of(0.5), base: Float64Array.of(-7) },
  ]) {
    const bounds = moveBoundsOf({ ...given, corrections });
    const bound = farthestMove(bounds, { largest: 3, velocity: 0.2, rates });
    const [shift = 0] = corrections.shift ?? [];
    const [pull = 0] = corrections.pull ?? [];
    const [base = 0] = corrections.base ?? [];
    let [theta, velocity] = [3, 0.2];
    for (const rate of rates) {
      const mean = meanPerStep * (-(2 ** 20) * given.units - 40 * given.sigma);
      velocity = given.momentum * velocity + mean + shift + pull * (theta - base);
      theta -= rate * velocity;
      assert.ok(Math.abs(theta - 3) <= bound);
    }
    assert.ok(Math.abs(theta - 3) > bound / 100, 'the bound is one for this');
  }
});

test('parameters that are no numbers have no bound', () => {
  const bounds = moveBoundsOf({
    ...given,
    corrections: { pull: Float64Array.of(1), base: Float64Array.of(0) },
  });
  const bound = farthestMove(bounds, { largest: Number.NaN, velocity: 0, rates: Float64Array.of(1) });
  assert.ok(Number.isNaN(bound));
});
