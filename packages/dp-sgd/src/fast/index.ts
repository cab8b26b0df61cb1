// The fast engine: WebAssembly, threads, and many steps in one run. The only file of this folder that others import.
import type { StepEngine } from '../step-engine.ts';
import { openGaussian } from './open-gaussian.ts';
import { openNoise } from './open-noise.ts';
import { openRuns } from './open-runs.ts';
import { openStep } from './open-step.ts';

export const fastEngine: StepEngine = {
  openGaussian: (words, sigma) => openGaussian(words, sigma),
  openNoise,
  openStep,
  openRuns,
};
