// Where the engine's random bits come from: the operating system's generator, by way of node:crypto. The
// interface is narrow so that tests can put a reproducible source in its place; nothing else may.
import { randomFillSync } from 'node:crypto';

export interface RandomSource {
  /** Overwrites all of `bytes` with independent uniform bytes. */
  fill(bytes: Uint8Array): void;
}

export const secureRandomness: RandomSource = {
  fill: (bytes) => {
    randomFillSync(bytes);
  },
};

const POOL_WORDS = 16_384;

/** Hands out a source's bits as 32-bit words, fetched in blocks; each word once. */
export class RandomWords {
  readonly #source: RandomSource;
  readonly #pool = new Uint32Array(POOL_WORDS);
  #next = POOL_WORDS;

  constructor(source: RandomSource) {
    this.#source = source;
  }

  /** A uniform integer in [0, 2^32). */
  next(): number {
    if (this.#next === POOL_WORDS) this.#refill();
    const word = this.#pool[this.#next]!;
    // A word that was used must not be found in memory later.
    this.#pool[this.#next++] = 0;
    return word;
  }

  /**
   * An even number of words, at most `atMost` (which is even), each handed out once: the caller clears them after
   * use.
   */
  block(atMost: number): Uint32Array {
    // Words come in pairs, so that a single one that `next` left over is passed by.
    if (this.#next + 2 > POOL_WORDS) this.#refill();
    const available = (POOL_WORDS - this.#next) & ~1;
    const start = this.#next;
    this.#next += Math.min(available, atMost);
    return this.#pool.subarray(start, this.#next);
  }

  /** A uniform integer in [0, bound), exactly, for an integer bound in [1, 2^32]: by rejection. */
  below(bound: number): number {
    const mask = bound <= 1 ? 0 : 0xffff_ffff >>> Math.clz32(bound - 1);
    let value: number;
    do value = (this.next() & mask) >>> 0;
    while (value >= bound);
    return value;
  }

  #refill(): void {
    this.#source.fill(new Uint8Array(this.#pool.buffer));
    this.#next = 0;
  }
}
