// What a plan without a ledger costs in privacy: its complete events, and ε by both accountants.
import assert from 'node:assert/strict';
import { type Pool, type PrivacyEvent, standInMultiplier } from '@consilium/domain';
import { calibrateNoiseByPld, epsilonByPld, epsilonByRenyiSeries } from '@consilium/dp-accountant';
import { distanceFromRounded, LATTICE_BITS, MAXIMUM_PARAMETERS } from '@consilium/dp-sgd';

/** One kind of step, many times. */
export interface EventPlan {
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
  readonly steps: number;
}

export interface Epsilon {
  /** By Rényi costs (Mironov 2017; Canonne, Kamath and Steinke 2020, Prop. 12), an upper bound. */
  readonly epsilonRdp: number;
  /** By privacy loss distributions, never below the truth; the Rényi bound where that is less. */
  readonly epsilonPld: number;
}

const DECIMALS = 15;

/** A number as events state it, with at most 15 decimals and no exponent. */
export const plainDecimal = (value: number): string => value.toFixed(DECIMALS).replace(/[.]?0+$/, '');

/** The number that an event can state exactly, at most 10^-15 away: what is run is what is charged. */
export const statable = (value: number): number => Number(plainDecimal(value));

/** What keeping the discrete noise's distance out of δ may use up of it: the least share that suffices is taken. */
const SHARES = [1e-6, 1e-3, 0.1] as const;

/**
 * What one step of training differs in total variation from a rounded Gaussian with the plan's noise multiplier: the
 * sum over the coordinates that a unit can move (`distanceFromRounded`).
 *
 * Gradients, and the count that an adaptive clip norm follows, lie on lattices of 2^-20 of what one unit can move:
 * σ ≥ noiseMultiplier · 2^20 in each of at most MAXIMUM_PARAMETERS + 1 coordinates.
 */
const distanceOfStep = ({ noiseMultiplier }: EventPlan): number =>
  (MAXIMUM_PARAMETERS + 1) * distanceFromRounded(noiseMultiplier * 2 ** LATTICE_BITS);

/** A score's ε: its discrete noise is that of a Gaussian with `standInMultiplier`, exactly (decision 36). */
function epsilonOfScores({ noiseMultiplier, samplingRate, steps }: EventPlan, delta: number): Epsilon {
  assert(samplingRate === 1, 'scores count every held-out unit');
  const epsilonRdp = epsilonByRenyiSeries([{ noiseMultiplier, samplingRate, steps }], delta);
  const standIn = standInMultiplier(plainDecimal(noiseMultiplier));
  if (standIn === undefined) return { epsilonRdp, epsilonPld: epsilonRdp };
  const epsilon = epsilonByPld([{ noiseMultiplier: standIn, samplingRate, steps }], delta);
  return { epsilonRdp, epsilonPld: Math.min(epsilon, epsilonRdp) };
}

/**
 * ε of steps of one kind at δ, under adding or removing one unit.
 *
 * **Rényi.** The moments of discrete noise are the Gaussian's or less (`runRound`, `noiseAll`), at fractional orders
 * between whole ones up to a factor 1 ± 4 exp(-2π²σ²) by Poisson's summation, which no digit of a double shows.
 *
 * **Privacy loss.** The losses of discrete noise are not the Gaussian's: at σ = 2 the δ of one release is up to 12 %
 * more. Scores are charged as what dominates them. Of training, each release is within η₁ in total variation of a
 * Gaussian with the plan's multiplier that was rounded, which is post-processing, and so T adaptive ones within
 * η = T η₁ on either dataset. Whatever is within η of what is (ε, δ')-private is (ε, δ' + (1 + e^ε) η)-private. δ' is
 * chosen so that the sum stays within δ; where no part of δ suffices, the Rényi bound is used for both.
 */
export function epsilonOfPlan(plan: EventPlan, { delta, pool }: { delta: number; pool: Pool }): Epsilon {
  const { noiseMultiplier, samplingRate, steps } = plan;
  if (pool === 'held-out') return epsilonOfScores(plan, delta);
  const events = [{ noiseMultiplier, samplingRate, steps }];
  const epsilonRdp = epsilonByRenyiSeries(events, delta);
  for (const share of SHARES) {
    const epsilon = epsilonByPld(events, delta * (1 - share));
    const discreteness = (1 + Math.exp(epsilon)) * steps * distanceOfStep(plan);
    if (discreteness <= share * delta) return { epsilonRdp, epsilonPld: Math.min(epsilon, epsilonRdp) };
  }
  return { epsilonRdp, epsilonPld: epsilonRdp };
}

/**
 * A noise multiplier (4 decimals) of training that keeps the target by the tight accountant: the least, or, where ε is
 * so large that only the Rényi bound holds, at most 1 % more than that takes.
 *
 * @throws RangeError for a target that no noise reaches
 */
export function noiseFor(target: {
  readonly targetEpsilon: number;
  readonly delta: number;
  readonly samplingRate: number;
  readonly steps: number;
}): number {
  const { targetEpsilon, delta } = target;
  let noiseMultiplier = calibrateNoiseByPld({ ...target, delta: delta * (1 - SHARES[0]) });
  const cost = () => epsilonOfPlan({ ...target, noiseMultiplier }, { delta, pool: 'training' });
  while (cost().epsilonPld > targetEpsilon) noiseMultiplier = Math.ceil(noiseMultiplier * 1.01e4) / 1e4;
  return noiseMultiplier;
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
