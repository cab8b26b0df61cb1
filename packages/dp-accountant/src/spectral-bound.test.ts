import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { SpectralBound } from './spectral-bound.ts';
import { TiltedStep } from './tilted-step.ts';

const FREQUENCIES = Array.from({ length: 200 }, (_, i) => 0.01 * 1.06 ** i);
/** |φ| of the uniform law on [0, 1], whose density has a jump of 1 at either end. */
const uniform = (t: number): number => Math.abs(Math.sin(t / 2) / (t / 2));
const holds = (bound: SpectralBound): boolean =>
  FREQUENCIES.every((t) => uniform(t) <= Math.exp(bound.logAt(t)) * (1 + 1e-12));

test('the uniform law is below its bound, which falls and is below 1 at every frequency', () => {
  const bound = new SpectralBound([{ mass: 1, variation: 2 }]);
  assert.ok(holds(bound));
  let last = 0;
  for (const t of FREQUENCIES) {
    const log = bound.logAt(t);
    assert.ok(log < 0 && log <= last);
    last = log;
  }
  assert.ok(Math.abs(Math.exp(bound.logAt(100)) - 0.02) < 1e-12);
});

test('a part bounds what it leaves out by its mass', () => {
  const half = { mass: 0.5, variation: 1 };
  assert.ok(holds(new SpectralBound([half])));
  assert.ok(new SpectralBound([half]).logAt(1000) > Math.log(0.5));
});

test('a bound from too little variation, or too much mass, is noticed', () => {
  assert.equal(holds(new SpectralBound([{ mass: 1, variation: 1 }])), false);
  assert.equal(holds(new SpectralBound([{ mass: 1, variation: 1.9 }])), false);
  assert.equal(holds(new SpectralBound([{ mass: 0.99, variation: 1 }])), false);
});

test("a tilted step's spectrum is below its bound", () => {
  const kind = fc.record({
    noiseMultiplier: fc.double({ min: 0.4, max: 20, noNaN: true }),
    samplingRate: fc.double({ min: Math.log(1e-4), max: -0.01, noNaN: true }).map(Math.exp),
  });
  const tilt = fc.record({
    direction: fc.constantFrom('remove', 'add' as const),
    theta: fc.double({ min: 0.2, max: 20, noNaN: true }),
  });
  let compared = 0;
  fc.assert(
    fc.property(kind, tilt, (step, { direction, theta }) => {
      const coarse = TiltedStep.of(step, { direction: direction as 'remove' | 'add', theta });
      const bound = coarse?.spectralBound();
      if (coarse === undefined || bound === undefined) return;
      const spread = Math.sqrt(coarse.weights.reduce((sum, w, k) => sum + w * coarse.losses[k]! ** 2, 0));
      for (const scale of [0.05, 0.3, 1, 3, 10]) {
        const t = scale / spread;
        const fine = coarse.upTo(t);
        if (fine === undefined) continue;
        const re = fine.weights.reduce((sum, w, k) => sum + w * Math.cos(t * fine.losses[k]!), 0);
        const im = fine.weights.reduce((sum, w, k) => sum + w * Math.sin(t * fine.losses[k]!), 0);
        const limit = Math.exp(bound.logAt(t)) + 2 * fine.error;
        assert.ok(Math.hypot(re, im) <= limit, `${JSON.stringify(step)} ${direction} ${theta} at ${t}`);
        compared++;
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(compared > 100);
});
