// Noise for a step: long vectors come from a thread of their own. Randomness other than the system's stays on the
// calling thread.
import { secureRandomness } from '../randomness.ts';
import type { NoiseSource, StepEngine } from '../step-engine.ts';
import { startNoise, WORTH_A_WORKER } from './noise-ahead.ts';
import { openGaussian } from './open-gaussian.ts';

const SAMPLES_AT_ONCE = 512;

export function openNoise({
  sigma,
  count,
  words,
  randomness,
}: Parameters<StepEngine['openNoise']>[0]): NoiseSource {
  if (randomness === secureRandomness && count >= WORTH_A_WORKER) return startNoise({ sigma, count });
  const gaussian = openGaussian(words, sigma);
  // Several short vectors are drawn at once, since a call costs more than a short vector.
  const samples = new Float64Array(Math.ceil(SAMPLES_AT_ONCE / count) * count);
  let next = samples.length;
  const draw = () => {
    if (next === samples.length) {
      gaussian.fill(samples);
      next = 0;
    }
    next += count;
    return samples.subarray(next - count, next);
  };
  return { draw, close: async () => undefined };
}
