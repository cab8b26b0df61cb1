// The plain engine: everything on the calling thread, one step after the other, with the sampler as it was published.
// It is what the fast engine is compared with, and what to read first.
import { DiscreteGaussian } from './discrete-gaussian.ts';
import { openShards } from './shard.ts';
import type { StepEngine } from './step-engine.ts';

/**
 * Steps on the calling thread, without WebAssembly: the plain reading of the mechanism, equal to the fast engine to
 * the bit.
 */
export const plainEngine: StepEngine = {
  openGaussian: (words, sigma) => new DiscreteGaussian(words, sigma),
  openNoise({ sigma, count, words }) {
    const gaussian = new DiscreteGaussian(words, sigma);
    const samples = new Float64Array(count);
    return {
      draw() {
        gaussian.fill(samples);
        return samples;
      },
      close: async () => undefined,
    };
  },
  openStep: ({ graphs, layout }) => openShards(graphs, layout.shards),
  openRuns: async () => undefined,
};
