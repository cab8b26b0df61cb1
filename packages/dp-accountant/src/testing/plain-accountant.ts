// A second accountant for tests: no tilt, no Chernoff bound, a window wide enough for everything. With faults
// to choose from, to see that the tests would notice them.
import type { LossPair } from '../loss-pair.ts';
import { RealFft } from '../real-fft.ts';

/** All losses of `steps` steps by direct convolution: O(steps · n²), for tiny cases. */
export function convolve(masses: Float64Array, steps: number): Float64Array {
  let total = Float64Array.of(1);
  for (let step = 0; step < steps; step++) {
    const next = new Float64Array(total.length + masses.length - 1);
    total.forEach((a, i) => {
      masses.forEach((b, j) => {
        next[i + j]! += a * b;
      });
    });
    total = next;
  }
  return total;
}

/** The same modulo `length`, by one plain transform. */
export function convolveCircularly(masses: Float64Array, steps: number, length: number): Float64Array {
  const fft = new RealFft(length);
  const folded = new Float64Array(length);
  masses.forEach((mass, i) => {
    folded[i % length]! += mass;
  });
  const { re, im } = fft.forward(folded);
  for (let j = 0; j < re.length; j++) {
    const size = Math.hypot(re[j]!, im[j]!) ** steps;
    const angle = Math.atan2(im[j]!, re[j]!) * steps;
    re[j] = size * Math.cos(angle);
    im[j] = size * Math.sin(angle);
  }
  return fft.inverse({ re, im });
}

export interface PlainPld {
  readonly interval: number;
  readonly lowest: number;
  readonly masses: Float64Array;
  readonly infinity: number;
}

/** The composition in direction remove. */
export const composePlainly = (pair: LossPair, steps: number): PlainPld => ({
  interval: pair.interval,
  lowest: pair.lowest * steps,
  masses: convolve(pair.masses, steps),
  infinity: steps * pair.infinityRemove,
});

/** The other direction of a composition. */
export const mirror = (pld: PlainPld, infinity: number): PlainPld => ({
  interval: pld.interval,
  lowest: -(pld.lowest + pld.masses.length - 1),
  masses: pld.masses.map((mass, i) => mass * Math.exp(-(pld.lowest + i) * pld.interval)).reverse(),
  infinity,
});

export function deltaPlainly({ interval, lowest, masses, infinity }: PlainPld, epsilon: number): number {
  let delta = infinity;
  masses.forEach((mass, i) => {
    const loss = (lowest + i) * interval;
    if (loss > epsilon) delta += mass * -Math.expm1(epsilon - loss);
  });
  return delta;
}

export function epsilonPlainly(pld: PlainPld, delta: number): number {
  let low = 0;
  let high = Math.max(1, (pld.lowest + pld.masses.length) * pld.interval);
  if (deltaPlainly(pld, 0) <= delta) return 0;
  if (deltaPlainly(pld, high) > delta) return Number.POSITIVE_INFINITY;
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (deltaPlainly(pld, middle) > delta) low = middle;
    else high = middle;
  }
  return high;
}
