import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { epsilonByPld } from '@consilium/dp-accountant';
import fc from 'fast-check';
import { compareDecimals } from '../decimal.ts';
import { UNBOUNDED_GAUSSIAN } from './gaussian-cost.ts';
import { epsilonFromGaussian, fitsGaussian, millsRatio } from './gaussian-epsilon.ts';
import { expBounds, LOG_BITS } from './upper-float.ts';

const BITS = 160n;
const units = (square: number): string => BigInt(Math.ceil(square * 1e18)).toString();
const fixed = (x: number): bigint => BigInt(Math.round(x * 2 ** 40)) << (BITS - 40n);

test("Mills' ratio lies within its bounds, which are narrow, where series and fraction meet too", () => {
  // Φ(−x)/φ(x) to 20 digits, by mpmath 1.3.0 at 60 digits.
  const known: readonly (readonly [number, string])[] = [
    [0, '1.25331413731550025121'],
    [1, '0.65567954241879847154'],
    [3, '0.30459029871010329573'],
    [5, '0.19280810471531576488'],
    [10, '0.09902859647173192140'],
    [40, '0.02498440420572057115'],
  ];
  for (const [x, digits] of known) {
    const { low, high } = millsRatio(fixed(x));
    const value = (BigInt(digits.replace('.', '')) << BITS) / 10n ** 20n;
    const slack = (1n << BITS) / 10n ** 19n;
    assert.ok(low <= value + slack && high >= value - slack, `${x}`);
    assert.ok(low <= high && high - low < (1n << BITS) / 10n ** 24n, `${x}`);
  }
  const [before, after] = [millsRatio(fixed(5) - 1n), millsRatio(fixed(5))];
  assert.ok(before.high >= after.low && after.high >= before.low - 1n);
});

test('exponentials lie within their bounds', () => {
  for (const x of [0, 0.5, 0.7, 1, 20, 300]) {
    const value = BigInt(Math.round(x * 2 ** 40)) << (LOG_BITS - 40n);
    const { low, high } = expBounds({ low: value, high: value });
    assert.ok(low <= high && (high - low) << 200n < high);
    const [float, scale] = [Math.exp(Math.round(x * 2 ** 40) / 2 ** 40), 2 ** 60];
    const found = Number(low >> (LOG_BITS - 60n)) / scale;
    assert.ok(Math.abs(found / float - 1) < 1e-12, `${x}: ${found} and ${float}`);
  }
});

// Each is mpmath's ε at 60 digits, rounded up to six decimals.
test('recorded ε of Gaussian sums do not move: every peer must print these digits', () => {
  assert.equal(epsilonFromGaussian(units(0.06), '0.00001'), '0.905837');
  assert.equal(epsilonFromGaussian(units(1), '0.00001'), '4.377179');
  assert.equal(epsilonFromGaussian(units(3), '0.000000000000001'), '14.880174');
});

test('no cost costs nothing, what δ alone bears costs 0, and what is unbounded says so', () => {
  assert.equal(epsilonFromGaussian('0', '0.00001'), '0');
  // 2Φ(μ/2) − 1 ≤ δ for μ below √(2π) δ = 2.5e-5.
  assert.equal(epsilonFromGaussian(units(2.4e-5 ** 2), '0.00001'), '0');
  assert.notEqual(epsilonFromGaussian(units(2.6e-5 ** 2), '0.00001'), '0');
  assert.equal(epsilonFromGaussian(UNBOUNDED_GAUSSIAN.toString(), '0.00001'), '999999999');
  assert.equal(epsilonFromGaussian((UNBOUNDED_GAUSSIAN - 1n).toString(), '0.00001'), '999999999');
  assert.throws(() => epsilonFromGaussian('1', '0'), RangeError);
  assert.throws(() => epsilonFromGaussian('1', '1'), RangeError);
});

test('ε is never below the Gaussian’s by the tight accountant’s measure, and a few millionths above at most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom('0.01', '0.00001', '0.0000001', '0.000000000001'),
      (hundredths, delta) => {
        const mu = hundredths / 100;
        const ours = Number(epsilonFromGaussian(units(mu * mu), delta));
        const exact = epsilonByPld([{ noiseMultiplier: 1 / mu, samplingRate: 1, steps: 1 }], Number(delta));
        assert.ok(ours >= exact - 1e-9, `μ ${mu} δ ${delta}: ${ours} below ${exact}`);
        assert.ok(ours <= Math.max(exact, mu * mu * 0.5) + 2e-6, `μ ${mu} δ ${delta}: ${ours}, ${exact}`);
      },
    ),
    { numRuns: 60, seed: 11 },
  );
});

test('ε grows with the sum and shrinks with δ', () => {
  const sums = [1e-6, 1e-4, 0.01, 0.0101, 0.3, 2, 50, 1000].map(units);
  const list = sums.map((sum) => Number(epsilonFromGaussian(sum, '0.00001')));
  assert.deepEqual(
    list,
    list.toSorted((a, b) => a - b),
  );
  for (const sum of sums) {
    assert.ok(Number(epsilonFromGaussian(sum, '0.0000001')) >= Number(epsilonFromGaussian(sum, '0.00001')));
  }
});

test('a sum fits an ε exactly where its own ε is at most that', () => {
  const delta = '0.00001';
  const fits = (sum: string, epsilon: string) => fitsGaussian(BigInt(sum), { epsilon, delta });
  for (const square of [1e-12, 0.001, 0.25, 1, 9, 400]) {
    const sum = units(square);
    const epsilon = epsilonFromGaussian(sum, delta);
    const less = (Number(epsilon) - 0.000001).toFixed(6);
    assert.ok(fits(sum, epsilon), `${square}`);
    if (Number(epsilon) > 0) assert.ok(!fits(sum, less), `${square} in ${less} of ${epsilon}`);
    for (const other of ['0', '0.5', '8', '100000', '999999999']) {
      assert.equal(fits(sum, other), compareDecimals(epsilon, other) <= 0, `${square} in ${other}`);
    }
  }
  assert.ok(fits('0', '0'));
  assert.ok(!fits(UNBOUNDED_GAUSSIAN.toString(), '8'));
  assert.ok(fits(UNBOUNDED_GAUSSIAN.toString(), '999999999'));
  assert.throws(() => fitsGaussian(1n, { epsilon: '8', delta: '1' }), RangeError);
});
