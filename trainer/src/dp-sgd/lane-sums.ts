// The sum over lanes, added up where it is read: a pass over all of it, for large models, would cost as much as the
// update that reads it.
import type { Sums } from './lane.ts';

/** One value for each parameter, to be read in parts; an array is that as it is. */
export interface SumsInParts {
  readonly length: number;
  /** The values from `first` up to `end`; good until the next call. */
  subarray(first: number, end: number): Sums;
}

/** Values that are read at a time, so that they are in the cache from one use to the other. */
export const PART = 2 ** 13;

export class LaneSums implements SumsInParts {
  readonly length: number;
  readonly #lanes: readonly [Sums, ...Sums[]];
  #added = new Float64Array(0);

  /** @param lanes as many values each */
  constructor(lanes: readonly Sums[]) {
    this.#lanes = lanes as [Sums, ...Sums[]];
    this.length = this.#lanes[0].length;
  }

  subarray(first: number, end: number): Sums {
    const [one, ...others] = this.#lanes;
    const own = one.subarray(first, end);
    if (others.length === 0) return own;
    if (this.#added.length < own.length) this.#added = new Float64Array(own.length);
    const added = this.#added.subarray(0, own.length);
    added.set(own);
    for (const other of others) {
      for (let i = 0; i < added.length; i++) added[i]! += other[first + i]!;
    }
    return added;
  }
}

/** All of the values, in an array of their own. */
export const copyOf = (sums: SumsInParts): Sums => sums.subarray(0, sums.length).slice();
