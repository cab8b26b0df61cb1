// What a plan without a ledger costs in privacy: its complete events, and ε by both accountants.
import {
  calibrateNoiseByPld,
  epsilonByPld,
  epsilonByRenyiSeries,
  type Pool,
  type PrivacyEvent,
} from '@consilium/chaincode/domain';

/** One kind of step, many times. */
export interface EventPlan {
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
  readonly steps: number;
}

export interface Epsilon {
  /** By Rényi costs (Mironov 2017; Canonne, Kamath and Steinke 2020, Prop. 12), an upper bound. */
  readonly epsilonRdp: number;
  /** By privacy loss distributions, tight and never below the truth. */
  readonly epsilonPld: number;
}

const DECIMALS = 15;

/** A number as events state it, with at most 15 decimals and no exponent. */
export const plainDecimal = (value: number): string => value.toFixed(DECIMALS).replace(/[.]?0+$/, '');

/** The number that an event can state exactly, at most 10^-15 away: what is run is what is charged. */
export const statable = (value: number): number => Number(plainDecimal(value));

/**
 * ε of steps of one kind at δ, under adding or removing one unit.
 *
 * The noise is discrete, with a standard deviation σ of at least 10^4 lattice steps in training and of 2 in scores: by
 * Poisson's summation its moments at any order, whole or not, and its losses differ from the Gaussian's by a factor
 * of 1 ± 4 exp(-2π²σ²), which no digit of a double shows.
 */
export function epsilonOfPlan({ noiseMultiplier, samplingRate, steps }: EventPlan, delta: number): Epsilon {
  const events = [{ noiseMultiplier, samplingRate, steps }];
  return { epsilonRdp: epsilonByRenyiSeries(events, delta), epsilonPld: epsilonByPld(events, delta) };
}

/**
 * The least noise multiplier (4 decimals) that keeps the target, by the tight accountant.
 *
 * @throws RangeError for a target that no noise reaches
 */
export const noiseFor = (plan: {
  readonly targetEpsilon: number;
  readonly delta: number;
  readonly samplingRate: number;
  readonly steps: number;
}): number => calibrateNoiseByPld(plan);

export function privacyEventOf(
  { noiseMultiplier, samplingRate, steps }: EventPlan,
  { unit, pool }: { readonly unit: PrivacyEvent['unit']; readonly pool: Pool },
): PrivacyEvent {
  return {
    mechanism: 'discrete-gaussian',
    noiseMultiplier: plainDecimal(noiseMultiplier),
    samplingRate: plainDecimal(samplingRate),
    steps,
    adjacency: 'add-or-remove-one',
    unit,
    pool,
  };
}
