// What an aggregation rule is: robust rules (median, trimmed mean, …) have the same form as the average.

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
