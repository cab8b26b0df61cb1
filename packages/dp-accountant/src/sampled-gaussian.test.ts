import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { rdpSampledGaussian, type SampledGaussian } from './sampled-gaussian.ts';
import { accountantVectors } from './testing/accountant-vectors.ts';

type Rdp = (mechanism: SampledGaussian) => number;

/** Values of our own: closed forms where there are any, numerical integration of the definition elsewhere. */
const RECORDED: readonly (SampledGaussian & { rdp: number })[] = [
  { noiseMultiplier: 2, samplingRate: 1, order: 8, rdp: 1 },
  { noiseMultiplier: 4, samplingRate: 1, order: 1.5, rdp: 0.046875 },
  { noiseMultiplier: 1, samplingRate: 0.01, order: 2, rdp: Math.log1p(0.0001 * (Math.E - 1)) },
  { noiseMultiplier: 3, samplingRate: 1e-9, order: 2, rdp: 1e-18 * Math.expm1(1 / 9) },
  { noiseMultiplier: 0.5, samplingRate: 0.001, order: 1.1, rdp: 2.3858455984200442e-5 },
  { noiseMultiplier: 0.7, samplingRate: 0.01, order: 1.1, rdp: 0.0003284378774982814 },
  { noiseMultiplier: 1, samplingRate: 0.1, order: 1.1, rdp: 0.008098568468072762 },
  { noiseMultiplier: 4, samplingRate: 0.5, order: 10.9, rdp: 0.10132240363728245 },
  { noiseMultiplier: 10, samplingRate: 0.99, order: 1.1, rdp: 0.005390606048237895 },
];

const worstError = (rdp: Rdp, values: readonly (SampledGaussian & { rdp: number })[]): number =>
  Math.max(...values.map((value) => Math.abs(rdp(value) / value.rdp - 1)));

test('recorded values of the definition are met to 1e-9', () => {
  assert.ok(worstError(rdpSampledGaussian, RECORDED) < 1e-9);
});

const MUTANTS: Readonly<Record<string, Rdp>> = {
  'σ larger by 2%': (m) => rdpSampledGaussian({ ...m, noiseMultiplier: m.noiseMultiplier * 1.02 }),
  'σ smaller by 2%': (m) => rdpSampledGaussian({ ...m, noiseMultiplier: m.noiseMultiplier / 1.02 }),
  'sampling forgotten': (m) => rdpSampledGaussian({ ...m, samplingRate: 1 }),
  'q where q² belongs': (m) => rdpSampledGaussian({ ...m, samplingRate: Math.sqrt(m.samplingRate) }),
  'q² α/(2σ²), the approximation': (m) => (m.samplingRate ** 2 * m.order) / (2 * m.noiseMultiplier ** 2),
  'order off by one': (m) => rdpSampledGaussian({ ...m, order: m.order + 1 }),
  'variance for deviation': (m) => rdpSampledGaussian({ ...m, noiseMultiplier: m.noiseMultiplier ** 2 }),
  'α instead of α−1 below the logarithm': (m) => (rdpSampledGaussian(m) * (m.order - 1)) / m.order,
};

for (const [name, mutant] of Object.entries(MUTANTS)) {
  test(`a wrong accountant is noticed: ${name}`, () => {
    assert.ok(worstError(mutant, RECORDED) > 1e-3);
  });
}

const vectors = accountantVectors();

test('dp-accounting gives the same costs at whole orders, to 1e-9', () => {
  let compared = 0;
  for (const { sigma, q, order, rdp } of vectors.rdp_unit) {
    if (!Number.isInteger(order) || rdp === null) continue;
    const ours = rdpSampledGaussian({ noiseMultiplier: sigma, samplingRate: q, order });
    assert.ok(Math.abs(ours / rdp - 1) < 1e-9, `σ ${sigma}, q ${q}, α ${order}: ${ours} and ${rdp}`);
    compared++;
  }
  assert.ok(compared > 20);
});

// At order 1.1 dp-accounting's truncated series is up to 20% above the definition (or undefined); where both
// sides of a fractional order are well conditioned the values agree.
test('dp-accounting is never below us at fractional orders, and equal at 10.9', () => {
  for (const { sigma, q, order, rdp } of vectors.rdp_unit) {
    if (Number.isInteger(order) || rdp === null) continue;
    const ours = rdpSampledGaussian({ noiseMultiplier: sigma, samplingRate: q, order });
    assert.ok(ours <= rdp * (1 + 1e-9), `σ ${sigma}, q ${q}, α ${order}: ${ours} and ${rdp}`);
    if (order > 2) assert.ok(ours >= rdp * (1 - 2e-6), `σ ${sigma}, q ${q}, α ${order}: ${ours} and ${rdp}`);
  }
});

const mechanism = fc.record({
  noiseMultiplier: fc.double({ min: 0.3, max: 50, noNaN: true }),
  samplingRate: fc.double({ min: 1e-6, max: 1, noNaN: true }),
  order: fc.oneof(fc.integer({ min: 2, max: 300 }), fc.double({ min: 1.05, max: 30, noNaN: true })),
});
const atLeast = (a: number, b: number) => a >= b * (1 - 1e-9) - 1e-300;

test('cost grows with order and sampling rate, and falls with noise', () => {
  fc.assert(
    fc.property(mechanism, fc.double({ min: 1.01, max: 3, noNaN: true }), (m, factor) => {
      const cost = rdpSampledGaussian(m);
      assert.ok(atLeast(rdpSampledGaussian({ ...m, order: m.order * factor }), cost));
      assert.ok(atLeast(cost, rdpSampledGaussian({ ...m, noiseMultiplier: m.noiseMultiplier * factor })));
      assert.ok(atLeast(cost, rdpSampledGaussian({ ...m, samplingRate: m.samplingRate / factor })));
      assert.ok(atLeast(rdpSampledGaussian({ ...m, samplingRate: 1 }), cost));
    }),
  );
});

test('whole and fractional orders meet, though they are computed in different ways', () => {
  fc.assert(
    fc.property(mechanism, fc.integer({ min: 2, max: 30 }), (m, order) => {
      const whole = rdpSampledGaussian({ ...m, order });
      const beside = rdpSampledGaussian({ ...m, order: order + 1e-9 });
      assert.ok(Math.abs(beside / whole - 1) < 1e-5, `${whole} and ${beside}`);
    }),
  );
});

test('extremes: no sampling costs nothing, no noise costs everything, tiny and huge values stay finite', () => {
  assert.equal(rdpSampledGaussian({ noiseMultiplier: 1, samplingRate: 0, order: 2 }), 0);
  assert.equal(
    rdpSampledGaussian({ noiseMultiplier: 0, samplingRate: 0.1, order: 2 }),
    Number.POSITIVE_INFINITY,
  );
  for (const noiseMultiplier of [0.01, 0.3, 1, 1e3, 1e6]) {
    for (const samplingRate of [1e-12, 1e-6, 0.5, 1 - 1e-9]) {
      for (const order of [1.02, 2, 10.5, 512, 1024]) {
        const cost = rdpSampledGaussian({ noiseMultiplier, samplingRate, order });
        assert.ok(Number.isFinite(cost) && cost >= 0, `${noiseMultiplier} ${samplingRate} ${order}: ${cost}`);
      }
    }
  }
});

test('what is no mechanism is refused', () => {
  const fine = { noiseMultiplier: 1, samplingRate: 0.1, order: 2 };
  assert.throws(() => rdpSampledGaussian({ ...fine, order: 1 }), RangeError);
  assert.throws(() => rdpSampledGaussian({ ...fine, samplingRate: 1.1 }), RangeError);
  assert.throws(() => rdpSampledGaussian({ ...fine, noiseMultiplier: -1 }), RangeError);
  assert.throws(() => rdpSampledGaussian({ ...fine, noiseMultiplier: Number.NaN }), RangeError);
});
