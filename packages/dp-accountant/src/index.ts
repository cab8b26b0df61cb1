// The public surface: Rényi and privacy-loss accounting of sampled Gaussian mechanisms.
export { calibrateNoiseByPld, type NoiseTarget } from './calibrate-by-pld.ts';
export { epsilonOfRdp, REPORT_ORDERS } from './epsilon-of-rdp.ts';
export type { Adjacency, GaussianSteps } from './gaussian-steps.ts';
export { deltaByPld, epsilonByPld } from './pld-epsilon.ts';
export { epsilonByRenyiSeries, rdpBySeries } from './renyi-series.ts';
export { rdpSampledGaussian, type SampledGaussian } from './sampled-gaussian.ts';
export type { BatchCap } from './truncated-sampling.ts';
