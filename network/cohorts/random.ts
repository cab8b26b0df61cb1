// A small seeded generator for synthetic patients, so that one seed gives the same files on every machine and
// every Node. It is never used for privacy noise, which comes from the operating system.

export interface Random {
  /** Uniform on [0, 1), 53 bits. */
  uniform(): number;
  /** Normal deviate. */
  normal(mean: number, standardDeviation: number): number;
  chance(probability: number): boolean;
  /** Uniform integer, both ends included. */
  integer(low: number, high: number): number;
  /** Index drawn in proportion to non-negative weights. */
  weighted(weights: readonly number[]): number;
}

const MASK = (1n << 64n) - 1n;
const rotateLeft = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (64n - k))) & MASK;

/**
 * Splits a seed and a label into 64-bit words (SplitMix64 over FNV-1a), so that each hospital has its own
 * stream.
 */
function* words(seed: number, label: string): Generator<bigint, never> {
  let state = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(`${seed}/${label}`)) {
    state = ((state ^ BigInt(byte)) * 0x100000001b3n) & MASK;
  }
  for (;;) {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    yield z ^ (z >> 31n);
  }
}

/**
 * xoshiro256** (Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators").
 *
 * Normal deviates by the polar method (Marsaglia and Bray 1964). Not for secrets.
 */
export function seededRandom(seed: number, label: string): Random {
  const start = words(seed, label);
  const s = [start.next().value, start.next().value, start.next().value, start.next().value];
  const next = (): bigint => {
    const result = (rotateLeft((s[1]! * 5n) & MASK, 7n) * 9n) & MASK;
    const t = (s[1]! << 17n) & MASK;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotateLeft(s[3]!, 45n);
    return result;
  };
  const uniform = (): number => Number(next() >> 11n) * 2 ** -53;
  return {
    uniform,
    normal(mean, standardDeviation) {
      for (;;) {
        const u = 2 * uniform() - 1;
        const v = 2 * uniform() - 1;
        const r = u * u + v * v;
        if (r > 0 && r < 1) return mean + standardDeviation * u * Math.sqrt((-2 * Math.log(r)) / r);
      }
    },
    chance: (probability) => uniform() < probability,
    integer: (low, high) => low + Math.floor(uniform() * (high - low + 1)),
    weighted(weights) {
      let left = uniform() * weights.reduce((sum, weight) => sum + weight, 0);
      for (const [index, weight] of weights.entries()) {
        left -= weight;
        if (left < 0) return index;
      }
      return weights.length - 1;
    },
  };
}
