// What a plan without a ledger costs in privacy: its complete events, and ε by both accountants.
import {
  calibrateNoiseMultiplier,
  epsilonOfRdp,
  type Pool,
  type PrivacyEvent,
  REPORT_ORDERS,
  rdpSampledGaussian,
} from '@consilium/chaincode/domain';
import { accountant } from '../account/accountant.ts';

/** One kind of step, many times. */
export interface EventPlan {
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
  readonly steps: number;
}

export interface Epsilon {
  /** By Rényi costs (Mironov 2017; Canonne, Kamath and Steinke 2020, Prop. 12), an upper bound. */
  readonly epsilonRdp: number;
  /** By privacy loss distributions, tight and never below the truth; null where that accountant is not at hand. */
  readonly epsilonPld: number | null;
}

const DECIMALS = 15;

/** A number as events state it, with at most 15 decimals and no exponent. */
export const plainDecimal = (value: number): string => value.toFixed(DECIMALS).replace(/[.]?0+$/, '');

/** The number that an event can state exactly, at most 10^-15 away: what is run is what is charged. */
export const statable = (value: number): number => Number(plainDecimal(value));

/**
 * ε of steps of one kind at δ, under adding or removing one unit.
 *
 * The noise is discrete, with a standard deviation of at least 10^4 lattice steps: every Rényi order, whole or not,
 * and the whole loss distribution differ from the Gaussian's by less than e^(-10^8), which no digit shows.
 */
export function epsilonOfPlan({ noiseMultiplier, samplingRate, steps }: EventPlan, delta: number): Epsilon {
  const events = [{ noiseMultiplier, samplingRate, steps }];
  if (accountant !== undefined) {
    return {
      epsilonRdp: accountant.epsilonByRenyiSeries(events, delta),
      epsilonPld: accountant.epsilonByPld(events, delta),
    };
  }
  const costs = REPORT_ORDERS.map(
    (order) => steps * rdpSampledGaussian({ noiseMultiplier, samplingRate, order }),
  );
  return { epsilonRdp: epsilonOfRdp(REPORT_ORDERS, costs, delta), epsilonPld: null };
}

/**
 * The least noise multiplier (4 decimals) that keeps the target, by the tight accountant where it is at hand.
 *
 * @throws RangeError for a target that no noise reaches
 */
export function noiseFor(plan: {
  readonly targetEpsilon: number;
  readonly delta: number;
  readonly samplingRate: number;
  readonly steps: number;
}): number {
  return accountant?.calibrateNoiseByPld(plan) ?? calibrateNoiseMultiplier(plan);
}

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
