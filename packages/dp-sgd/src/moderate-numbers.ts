// The range that a plan's numbers are to lie in, so that no product of a few of them leaves the range or the precision of
// a double: `calibrateNoise` counts roundings relative to a number, and takes underflow for impossible.

/** Numbers beyond are of no use in training. */
export const isModerate = (value: number): boolean => value >= 1e-30 && value <= 1e30;

export const MODERATE = 'from 1e-30 to 1e30';
