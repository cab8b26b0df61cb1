// The sum over shards, computed tile by tile when it is read: for large models a separate pass over the whole sum would
// cost as much as moving the parameters.
import assert from 'node:assert/strict';
import type { Sums } from './shard.ts';

/** One value for each parameter, to be read tile by tile; a typed array is one too. */
export interface TiledSums {
  readonly length: number;
  /** The values from `first` up to `end`; valid until the next call. */
  subarray(first: number, end: number): Sums;
}

/** Values per tile: few enough to stay in the first-level cache between two uses. */
export const TILE = 2 ** 10;

export class ShardSums implements TiledSums {
  readonly length: number;
  readonly #shards: readonly [Sums, Sums?];
  #added = new Float64Array(0);

  /** @param shards sums of one shard or two, of the same length */
  constructor(shards: readonly Sums[]) {
    assert(shards.length === 1 || shards.length === 2);
    this.#shards = shards as [Sums, Sums?];
    this.length = this.#shards[0].length;
  }

  /** Whether `arrays` are the sums that it adds. */
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

/** All values, copied into a new array. */
export const copyOf = (sums: TiledSums): Sums => sums.subarray(0, sums.length).slice();
