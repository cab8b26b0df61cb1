import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { epsilonOfRdp, REPORT_ORDERS } from './epsilon-of-rdp.ts';
import { epsilonByRenyiSeries, rdpBySeries } from './renyi-series.ts';
import { rdpSampledGaussian } from './sampled-gaussian.ts';

/** dp-accounting 0.6.0: noise multiplier, sampling rate, order, cost; null where its series does not end. */
const RECORDED: readonly (readonly [number, number, number, number | null])[] = [
  [10, 0.5, 1.5, null],
  [10, 0.5, 2.3, 0.010740163787494702],
  [10, 0.5, 10.9, 0.013988392947556919],
  [5, 0.3, 1.1, 0.023298606518695694],
  [5, 0.3, 3, 0.005546942983741204],
  [1, 0.1, 2.3, 0.02102857991801851],
  [1, 0.1, 10.9, 2.9153295564869475],
  [0.7, 0.05, 1.5, 0.011807423371806835],
  [0.7, 0.05, 5.3, 1.719690850599432],
];

test('the costs are those that dp-accounting gives, to 1e-9', () => {
  for (const [noiseMultiplier, samplingRate, order, recorded] of RECORDED) {
    const cost = rdpBySeries({ noiseMultiplier, samplingRate, steps: 1 }, order);
    if (recorded === null) assert.equal(cost, Number.POSITIVE_INFINITY);
    else assert.ok(Math.abs(cost / recorded - 1) < 1e-9, `${cost} beside ${recorded}`);
  }
});

test('the series is never below the exact cost, so its ε is a bound', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.4, max: 10, noNaN: true }),
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 5000 }),
      (noiseMultiplier, samplingRate, steps) => {
        const event = { noiseMultiplier, samplingRate, steps };
        const exact = REPORT_ORDERS.map((order) => steps * rdpSampledGaussian({ ...event, order }));
        const epsilon = epsilonByRenyiSeries([event], 1e-6);
        assert.ok(epsilon >= epsilonOfRdp(REPORT_ORDERS, exact, 1e-6) * (1 - 1e-9));
      },
    ),
    { numRuns: 15 },
  );
});

test('nothing costs 0, no noise costs everything, and a δ outside (0, 1) is refused', () => {
  assert.equal(epsilonByRenyiSeries([], 1e-5), 0);
  assert.equal(epsilonByRenyiSeries([{ noiseMultiplier: 1, samplingRate: 0, steps: 9 }], 1e-5), 0);
  const bare = { noiseMultiplier: 0, samplingRate: 0.5, steps: 1 };
  assert.equal(epsilonByRenyiSeries([bare], 1e-5), Number.POSITIVE_INFINITY);
  assert.throws(() => epsilonByRenyiSeries([], 1), RangeError);
});
