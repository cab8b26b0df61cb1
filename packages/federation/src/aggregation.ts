// The form of an aggregation rule: the average and the robust rules (median, trimmed mean, …) all have it.

import { ParameterRangeError } from './parameter-lattice.ts';

/** One hospital's update in an aggregate, and its weight. */
export interface WeightedUpdate {
  /** A positive integer that follows from the dataset's public band. */
  readonly weight: number;
  /** The update on the lattice, int32 [P]. */
  readonly delta: Int32Array;
}

/**
 * A deterministic rule from a base model and updates to the next model, all int32 [P] on the lattice.
 *
 * The result has the same bits on every machine and for every order of the updates.
 */
export type Aggregation = (round: {
  readonly base: Int32Array;
  readonly updates: readonly WeightedUpdate[];
}) => Int32Array;

/** Too few updates for the guarantee of a rule. The message says how many it needs, and why. */
export class AggregationRefusedError extends Error {
  override readonly name = 'AggregationRefusedError';
}

/**
 * base + delta, int32 [P].
 *
 * @throws ParameterRangeError where a sum leaves the int32 range; nothing saturates.
 */
export function moveBase(base: Int32Array, delta: ArrayLike<number>): Int32Array {
  return base.map((start, i) => {
    const value = start + delta[i]!;
    if (value < -(2 ** 31) || value > 2 ** 31 - 1) {
      throw new ParameterRangeError(
        `aggregated parameter ${i} leaves the range of the lattice: lower the learning rate or the steps per round`,
      );
    }
    return value;
  });
}
