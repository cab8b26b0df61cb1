// The noise that a plan needs for a target ε, by the tight accountant.
import type { Adjacency, GaussianSteps } from './gaussian-steps.ts';
import { epsilonByPld } from './pld-epsilon.ts';
import type { BatchCap } from './truncated-sampling.ts';

const DECIMALS = 4;
const HIGHEST = 1e7;

/**
 * A budget that a plan must keep, and the plan without its noise: ε and δ of the whole plan, sampling rate in (0, 1],
 * steps.
 */
export interface NoiseTarget {
  readonly targetEpsilon: number;
  readonly delta: number;
  readonly samplingRate: number;
  readonly steps: number;
  readonly batchCap?: BatchCap;
  readonly adjacency?: Adjacency;
  /** Other events that count towards the target, at fixed noise. */
  readonly besides?: readonly GaussianSteps[];
}

/**
 * The smallest noise multiplier of 4 decimals at which `epsilonByPld` is at most the target.
 *
 * Bisection over whole ten-thousandths, since ε falls with noise. The answer itself is checked: a plan with it keeps
 * the target, and one ten-thousandth less does not.
 *
 * Edge case: a plan of no steps or of sampling rate 0 needs the smallest noise multiplier, 0.0001.
 *
 * @throws RangeError for a target that is not above 0 or that no noise multiplier up to 10⁷ reaches.
 */
export function calibrateNoiseByPld(target: NoiseTarget): number {
  const { targetEpsilon, delta, besides = [], ...plan } = target;
  if (!(targetEpsilon > 0)) throw new RangeError('targetEpsilon must be above 0');
  const unit = 10 ** DECIMALS;
  const met = (units: number): boolean => {
    const event: GaussianSteps = { noiseMultiplier: units / unit, ...plan };
    return epsilonByPld([...besides, event], delta) <= targetEpsilon;
  };
  let low = unit / 2;
  let high = unit;
  while (low > 0 && met(low)) [low, high] = [Math.floor(low / 2), low];
  while (!met(high)) {
    [low, high] = [high, 2 * high];
    if (high > HIGHEST * unit) {
      throw new RangeError(`no noise multiplier up to ${HIGHEST} reaches an epsilon of ${targetEpsilon}`);
    }
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (met(middle)) high = middle;
    else low = middle;
  }
  return high / unit;
}
