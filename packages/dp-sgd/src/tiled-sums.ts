// The sum over shards, added up where it is read: a pass over all of it, for large models, would cost as much as
// moving the parameters by it.
import assert from 'node:assert/strict';
import type { Sums } from './shard.ts';

/** One value for each parameter, to be read tile by tile; a typed array is one too. */
export interface TiledSums {
  readonly length: number;
  /** The values from `first` up to `end`; good until the next call. */
  subarray(first: number, end: number): Sums;
}

/** Values that are read at a time, so that they are in the first cache from one use to the other. */
export const TILE = 2 ** 10;

export class ShardSums implements TiledSums {
  readonly length: number;
  readonly #shards: readonly [Sums, Sums?];
  #added = new Float64Array(0);

  /** @param shards of one or two, as many values each */
  constructor(shards: readonly Sums[]) {
    assert(shards.length === 1 || shards.length === 2);
    this.#shards = shards as [Sums, Sums?];
    this.length = this.#shards[0].length;
  }

  /** Whether these are the arrays that it adds. */
  isOf(arrays: readonly Sums[]): boolean {
    return (
      arrays.length === this.#shards.length && arrays.every((array, shard) => array === this.#shards[shard])
    );
  }

  subarray(first: number, end: number): Sums {
    const [one, other] = this.#shards;
    if (other === undefined) return one.subarray(first, end);
    const count = end - first;
    if (this.#added.length < count) this.#added = new Float64Array(count);
    const added = this.#added;
    for (let i = 0; i < count; i++) added[i] = one[first + i]! + other[first + i]!;
    return added.subarray(0, count);
  }
}

/** All of the values, in an array of their own. */
export const copyOf = (sums: TiledSums): Sums => sums.subarray(0, sums.length).slice();
