// Exact integer arithmetic for aggregation rules. No result depends on the machine or on the order of updates.
import { assert } from '#platform';

/** The integer nearest to numerator / denominator, the even one of two equally near; denominator > 0. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  let quotient = numerator / denominator;
  let rest = numerator % denominator;
  if (rest < 0n) {
    quotient -= 1n;
    rest += denominator;
  }
  const twice = 2n * rest;
  if (twice > denominator || (twice === denominator && quotient % 2n !== 0n)) quotient += 1n;
  return quotient;
}

/** divideHalfEven for integers below 2^53 in size, whose twofold rest stays exact too. */
export function divideSmallHalfEven(numerator: number, denominator: number): number {
  const rest = ((numerator % denominator) + denominator) % denominator;
  const quotient = (numerator - rest) / denominator;
  const twice = 2 * rest;
  const up = twice > denominator || (twice === denominator && quotient % 2 !== 0);
  return up ? quotient + 1 : quotient;
}

/** Up to here √n is a double's, off by less than one whatever its last digit is. */
const SMALL_SQUARE = 2n ** 104n;

/** ⌊√n⌋ for n ≥ 0: a guess, by Newton's iteration from above where n is large, set right by exact comparison. */
export function integerSquareRoot(n: bigint): bigint {
  assert(n >= 0n, 'only what is not negative has a root');
  let root = n < SMALL_SQUARE ? BigInt(Math.floor(Math.sqrt(Number(n)))) : newtonRoot(n);
  while (root * root > n) root -= 1n;
  while ((root + 1n) * (root + 1n) <= n) root += 1n;
  return root;
}

function newtonRoot(n: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

const HALF = 2 ** 16;
/** Coordinates added up before a partial sum of squares of 17-bit halves could leave 2^53. */
const BLOCK = 2 ** 18;

/** Σ (aᵢ - bᵢ)², exact, for int32 [P] vectors. */
export function squaredDistance(a: Int32Array, b: Int32Array): bigint {
  assert(a.length === b.length, 'two lists of one length');
  let total = 0n;
  for (let start = 0; start < a.length; start += BLOCK) {
    const end = Math.min(a.length, start + BLOCK);
    let [high, cross, low] = [0, 0, 0];
    for (let i = start; i < end; i++) {
      const difference = Math.abs(a[i]! - b[i]!);
      const upper = Math.floor(difference / HALF);
      const lower = difference - upper * HALF;
      high += upper * upper;
      cross += upper * lower;
      low += lower * lower;
    }
    total += (BigInt(high) << 32n) + (BigInt(cross) << 17n) + BigInt(low);
  }
  return total;
}

/** Squared distance of every pair, symmetric [n][n]. */
export function squaredDistances(vectors: readonly Int32Array[]): bigint[][] {
  const table = vectors.map(() => new Array<bigint>(vectors.length).fill(0n));
  vectors.forEach((a, i) => {
    for (let j = 0; j < i; j++) {
      const distance = squaredDistance(a, vectors[j]!);
      table[i]![j] = distance;
      table[j]![i] = distance;
    }
  });
  return table;
}

/** A total order of int32 vectors by their values, so that ties do not depend on who came first. */
export function compareVectors(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return 0;
}
