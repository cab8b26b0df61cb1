// fast-check, whose properties run longer: what longer-properties.js puts in its place.
import real from 'fast-check';

export * from 'fast-check';

const RUNS_BY_DEFAULT = 100;
const factor = Number(process.env.PROPERTY_RUNS ?? 1);
if (!(factor > 0)) throw new Error('PROPERTY_RUNS must be a positive number');
if (process.env.SEED && !/^-?\d{1,10}$/.test(process.env.SEED))
  throw new Error('SEED must be a whole number');
const seed = process.env.SEED ? { seed: Number(process.env.SEED) } : {};

const longer = (given = {}) => ({
  ...given,
  numRuns: Math.ceil((given.numRuns ?? real.readConfigureGlobal()?.numRuns ?? RUNS_BY_DEFAULT) * factor),
  ...seed,
});

export const assert = (property, given) => real.assert(property, longer(given));
export const check = (property, given) => real.check(property, longer(given));
export default { ...real, assert, check };
