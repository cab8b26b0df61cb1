// One step's privacy loss on a grid, in both directions of the neighbouring relation at once.

/**
 * A pair of measures on the losses `interval · k`, k = lowest … lowest + masses.length − 1, that dominates
 * the pair (P, Q) of a mechanism's outputs with and without one unit.
 *
 * `masses[i]` is P's mass (direction remove) at loss (lowest + i)·interval, and e^{−loss} times it is Q's.
 * The connect-the-dots discretisation keeps both masses of every cell, so the direction add, which is the
 * pair (Q, P), has the mass `masses[i]·e^{−loss}` at −loss: the same array serves both. What was cut off is
 * at infinite loss: `infinityRemove` of P's mass and `infinityAdd` of Q's.
 */
export interface LossPair {
  readonly interval: number;
  readonly lowest: number;
  readonly masses: Float64Array;
  readonly infinityRemove: number;
  readonly infinityAdd: number;
}

/** Points of a quadrature of P over the losses, for estimates that need no bound: P's mass and the loss. */
export interface LossNodes {
  readonly probabilities: Float64Array;
  readonly losses: Float64Array;
}

/** One step of a mechanism, as the accountant composes it. */
export interface LossSource {
  /** Whether remove and add are one and the same distribution. */
  readonly symmetric: boolean;
  /** P's and Q's mass beyond what `nodes` and `discretise` keep is at most this. */
  readonly tailMass: number;
  readonly nodes: LossNodes;
  /** The connect-the-dots pair at a grid interval; every mass is right to a relative MASS_ERROR. */
  discretise(interval: number): LossPair;
}

/** Relative error of each mass: quadrature below 1e-12, rounding below 1e-12. */
export const MASS_ERROR = 1e-11;

/** weight · first + (1 − weight) · second, on one grid: the loss of a mechanism that draws one of the two. */
export function mixLossPairs(weight: number, first: LossPair, second: LossPair): LossPair {
  const lowest = Math.min(first.lowest, second.lowest);
  const highest = Math.max(first.lowest + first.masses.length, second.lowest + second.masses.length);
  const masses = new Float64Array(highest - lowest);
  first.masses.forEach((mass, i) => {
    masses[first.lowest - lowest + i]! += weight * mass;
  });
  second.masses.forEach((mass, i) => {
    masses[second.lowest - lowest + i]! += (1 - weight) * mass;
  });
  return {
    interval: first.interval,
    lowest,
    masses,
    infinityRemove: weight * first.infinityRemove + (1 - weight) * second.infinityRemove,
    infinityAdd: weight * first.infinityAdd + (1 - weight) * second.infinityAdd,
  };
}
