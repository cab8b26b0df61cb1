// The range for the numbers of a plan. Within it, no product of a few numbers leaves the range or the precision of a
// double: `calibrateNoise` counts relative roundings, and assumes that nothing underflows.

/** Whether a number lies in that range. Training needs none outside of it. */
export const isModerate = (value: number): boolean => value >= 1e-30 && value <= 1e30;

export const MODERATE = 'from 1e-30 to 1e30';
