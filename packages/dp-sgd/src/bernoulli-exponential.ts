// A coin that shows heads with probability exp(-γ), exactly, for rational γ: the building block of the discrete Laplace
// and Gaussian samplers. Canonne, Kamath and Steinke 2020, Algorithm 1, toss it by a series of rational coins. Here the
// same law comes from comparing a uniform real number, drawn bit by bit, with exp(-γ). Nearly always 32 bits and a
// double decide; where they cannot, integer interval arithmetic decides exactly.
import type { RandomWords } from './randomness.ts';

/** A non-negative rational number; the denominator is positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * Allowed distance between a double `estimate` and exp(-γ). The estimates made here are off by less than 2^-48
 * (γ by a few units in its last place, and Math.exp of V8, an fdlibm port, by less than one); the margin leaves a
 * factor of 250. A wider margin costs only time.
 */
export const ESTIMATE_MARGIN = 2 ** -40;

const WORD = 2 ** -32;

interface Interval {
  readonly low: bigint;
  readonly high: bigint;
}

/** e^-f for a fraction f in [0, 1], scaled by 2^bits: an alternating Taylor series with its rounding counted. */
function expFraction({ numerator, denominator }: Rational, bits: bigint): Interval {
  const f = (numerator << bits) / denominator;
  let term = 1n << bits;
  let sum = term;
  let terms = 1n;
  for (; term > 0n; terms++) {
    term = (term * f) / (terms << bits);
    sum += terms % 2n === 1n ? -term : term;
  }
  // f is short by less than 1 and every term by less than 2; the series stops where terms fall below 1.
  const slack = 2n * terms + 4n;
  return { low: sum - slack > 0n ? sum - slack : 0n, high: sum + slack };
}

/** Integers around 2^bits · exp(-γ), at most a few hundred apart for γ below 1000. */
export function expInterval(gamma: Rational, bits: number): Interval {
  const guard = 32n;
  const work = BigInt(bits) + guard;
  const multiply = (a: Interval, b: Interval): Interval => ({
    low: (a.low * b.low) >> work,
    high: ((a.high * b.high) >> work) + 1n,
  });
  let whole = gamma.numerator / gamma.denominator;
  const rest = { numerator: gamma.numerator % gamma.denominator, denominator: gamma.denominator };
  let product = expFraction(rest, work);
  for (let base = expFraction({ numerator: 1n, denominator: 1n }, work); whole > 0n; whole >>= 1n) {
    if (whole & 1n) product = multiply(product, base);
    base = multiply(base, base);
  }
  return { low: product.low >> guard, high: (product.high >> guard) + 1n };
}

/** Whether the uniform real that begins with the given 32 bits is below exp(-γ). */
export function decideExactly(words: RandomWords, firstWord: number, gamma: Rational): boolean {
  let revealed = BigInt(firstWord);
  for (let bits = 64; ; bits += 32) {
    revealed = (revealed << 32n) | BigInt(words.next());
    const { low, high } = expInterval(gamma, bits);
    if (revealed < low) return true;
    if (revealed >= high) return false;
  }
}

/**
 * Whether a uniform real is below exp(-γ), by its first 32 bits and an estimate of exp(-γ) within
 * ESTIMATE_MARGIN; undefined where these cannot decide.
 */
export function decideQuickly(word: number, estimate: number): boolean | undefined {
  // The real lies in [word, word + 1) / 2^32.
  if ((word + 1) * WORD <= estimate - ESTIMATE_MARGIN) return true;
  if (word * WORD >= estimate + ESTIMATE_MARGIN) return false;
  return undefined;
}

/**
 * True with probability exactly exp(-γ), γ = gammaOf(argument).
 *
 * `estimate` is exp(-γ) as a double, within ESTIMATE_MARGIN; γ itself is needed rarely.
 */
export function bernoulliExponential(
  words: RandomWords,
  estimate: number,
  gammaOf: (argument: number) => Rational,
  argument: number,
): boolean {
  const word = words.next();
  return decideQuickly(word, estimate) ?? decideExactly(words, word, gammaOf(argument));
}
