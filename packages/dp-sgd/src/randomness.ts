// The source of random bits: the operating system's generator, through node:crypto. The interface is narrow, so that
// tests, and nothing else, can replace the source by a reproducible one.
import { randomFillSync } from 'node:crypto';

/** Where random bits come from. Noise is private only if nobody can predict them. */
export interface RandomSource {
  /** Overwrites all of `bytes` with independent uniform bytes. */
  fill(bytes: Uint8Array): void;
}

/** The system's generator, as `node:crypto` gives it: the only source of production code. */
export const secureRandomness: RandomSource = {
  fill: (bytes) => {
    randomFillSync(bytes);
  },
};

const POOL_WORDS = 16_384;

/**
 * Hands out the bits of a source as 32-bit words, each once. Words are fetched in advance.
 *
 * Single words and blocks come from different pools: taking a single word does not change a block, and clearing a block
 * clears no word that is still to be handed out.
 */
export class RandomWords {
  readonly #source: RandomSource;
  readonly #single = new Uint32Array(POOL_WORDS);
  readonly #pool = new Uint32Array(POOL_WORDS);
  #nextSingle = POOL_WORDS;
  #next = POOL_WORDS;

  constructor(source: RandomSource) {
    this.#source = source;
  }

  /** A uniform integer in [0, 2^32). */
  next(): number {
    if (this.#nextSingle === POOL_WORDS) {
      this.#source.fill(new Uint8Array(this.#single.buffer));
      this.#nextSingle = 0;
    }
    const word = this.#single[this.#nextSingle]!;
    // Used words are cleared, so that nobody finds them in memory later.
    this.#single[this.#nextSingle++] = 0;
    return word;
  }

  /**
   * An even number of words, at least 2 and at most `atMost` (which is even): valid until the next block. The caller
   * clears it after use.
   */
  block(atMost: number): Uint32Array {
    if (this.#next === POOL_WORDS) {
      this.#source.fill(new Uint8Array(this.#pool.buffer));
      this.#next = 0;
    }
    const start = this.#next;
    this.#next += Math.min(POOL_WORDS - start, atMost);
    return this.#pool.subarray(start, this.#next);
  }

  /** Overwrites `words` with fresh ones. The caller clears them after use. */
  fill(words: Uint32Array): void {
    this.#source.fill(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }

  /** A uniform integer in [0, bound), exactly, for an integer bound in [1, 2^32]: by rejection. */
  below(bound: number): number {
    const mask = bound <= 1 ? 0 : 0xffff_ffff >>> Math.clz32(bound - 1);
    let value: number;
    do value = (this.next() & mask) >>> 0;
    while (value >= bound);
    return value;
  }
}
