// The tight accountant's public surface.
export { calibrateNoiseByPld, type NoiseTarget } from './calibrate-by-pld.ts';
export type { Adjacency, GaussianSteps } from './gaussian-steps.ts';
export { deltaByPld, epsilonByPld } from './pld-epsilon.ts';
export { epsilonByRenyiSeries, rdpBySeries } from './renyi-series.ts';
export type { BatchCap } from './truncated-sampling.ts';
