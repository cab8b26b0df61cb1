import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { rdpSampledGaussian } from './sampled-gaussian.ts';
import { type SampledGaussianStep, TiltedStep } from './tilted-step.ts';

const STEPS: readonly SampledGaussianStep[] = [
  { noiseMultiplier: 0.5, samplingRate: 0.01 },
  { noiseMultiplier: 1, samplingRate: 0.2 },
  { noiseMultiplier: 3, samplingRate: 0.001 },
  { noiseMultiplier: 10, samplingRate: 0.9 },
];

const sumAt = ({ weights, losses }: TiltedStep, t: number) => ({
  re: weights.reduce((sum, w, k) => sum + w * Math.cos(t * losses[k]!), 0),
  im: weights.reduce((sum, w, k) => sum + w * Math.sin(t * losses[k]!), 0),
});

/** The same by Simpson's rule on so many points that its error is rounding. */
function plainly({ noiseMultiplier: sigma, samplingRate: q }: SampledGaussianStep, order: number, t: number) {
  const points = 400_000;
  const from = Math.min(0, order) - 12 * sigma;
  const width = Math.max(0, order) + 12 * sigma - from;
  let [total, re, im] = [0, 0, 0];
  for (let i = 0; i <= points; i++) {
    const x = from + (width * i) / points;
    const loss = Math.log1p(q * Math.expm1((2 * x - 1) / (2 * sigma * sigma)));
    const weight = (i % 2 === 1 ? 4 : 2) * Math.exp(order * loss - (x * x) / (2 * sigma * sigma));
    total += weight;
    re += weight * Math.cos(t * loss);
    im += weight * Math.sin(t * loss);
  }
  const moment = (total * width) / points / 3 / (sigma * Math.sqrt(2 * Math.PI));
  return { logMoment: Math.log(moment), re: re / total, im: im / total };
}

test('sums at any frequency up to the highest are those of a plain integral', () => {
  for (const step of STEPS) {
    for (const [direction, theta] of [
      ['remove', 2],
      ['add', 3],
    ] as const) {
      const order = direction === 'remove' ? 1 + theta : -theta;
      const highest = 40;
      const tilted = TiltedStep.of(step, { direction, theta })!.upTo(highest)!;
      assert.ok(tilted.error < 1e-12);
      for (const t of [0, 0.7, 11, highest]) {
        const exact = plainly(step, order, direction === 'remove' ? t : -t);
        const sum = sumAt(tilted, t);
        const about = `${JSON.stringify(step)} ${direction} at ${t}`;
        assert.ok(Math.hypot(sum.re - exact.re, sum.im - exact.im) < tilted.error + 1e-12, about);
        assert.ok(Math.abs(tilted.logMoment - exact.logMoment) < 1e-12, about);
      }
    }
  }
});

test('the moment at whole orders is the Rényi cost', () => {
  for (const step of STEPS) {
    for (const order of [2, 5, 12]) {
      const { logMoment } = TiltedStep.of(step, { direction: 'remove', theta: order - 1 })!;
      const exact = (order - 1) * rdpSampledGaussian({ ...step, order });
      assert.ok(Math.abs(logMoment - exact) <= 1e-12 * Math.max(1, exact));
    }
  }
});

test('nodes for low frequencies are too coarse for high ones, which would be noticed', () => {
  const step = { noiseMultiplier: 1, samplingRate: 0.2 };
  const coarse = TiltedStep.of(step, { direction: 'remove', theta: 2 })!;
  const exact = plainly(step, 3, 40);
  const sum = sumAt(coarse, 40);
  assert.ok(Math.hypot(sum.re - exact.re, sum.im - exact.im) > 1e-6);
  assert.ok(coarse.upTo(40)!.weights.length > 2 * coarse.weights.length);
});

test('the weight above an output falls from all to none', () => {
  const tilted = TiltedStep.of({ noiseMultiplier: 2, samplingRate: 0.1 }, { direction: 'remove', theta: 1 })!;
  assert.ok(Math.abs(tilted.weightAbove(-100) - 1) < 1e-12);
  assert.ok(tilted.weightAbove(0) < 1 && tilted.weightAbove(0) > tilted.weightAbove(3));
  assert.equal(tilted.weightAbove(1000), 0);
});

test('a tilt that takes too many nodes, or leaves the range of numbers, is refused', () => {
  const step = { noiseMultiplier: 1, samplingRate: 0.1 };
  assert.equal(TiltedStep.of(step, { direction: 'remove', theta: 1e5 }), undefined);
  assert.equal(TiltedStep.of(step, { direction: 'remove', theta: 2 })!.upTo(1e7), undefined);
});
