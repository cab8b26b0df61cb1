// From μ of Gaussian differential privacy to ε: the closed form, in integers that can only err upwards. The same digits
// on every peer, as everything that the ledger computes.
import { decimalOf, ratioOf } from '../decimal.ts';
import { GAUSSIAN_DECIMALS, rootDown, UNBOUNDED_GAUSSIAN } from './gaussian-cost.ts';
import { ceilDivide, expBounds, LOG_BITS } from './upper-float.ts';

/** Bits after the binary point: of ε's six decimals each needs to be right, and δ is at least 2^-50. */
const BITS = 160n;
const ONE = 1n << BITS;
const EPSILON_DECIMALS = 6;
const EPSILON_UNITS = 10n ** BigInt(EPSILON_DECIMALS);
/** The largest ε that a decimal of the ledger can say; also what "unbounded" is printed as. */
const EPSILON_CEILING = 999_999_999n * EPSILON_UNITS;

/** A number between two integers of 2^-BITS. */
interface Bounds {
  readonly low: bigint;
  readonly high: bigint;
}

const floorDivide = (a: bigint, b: bigint): bigint => (a >= 0n ? a / b : -ceilDivide(-a, b));

/** π to 80 decimals. */
const PI = 314159265358979323846264338327950288419716939937510582097494459230781640628620899n;
const PI_SCALE = 10n ** 80n;
const rootUp = (value: bigint): bigint => rootDown(value) + 1n;
/** √(π/2) and √(2π). */
const ROOT_OF_HALF_PI: Bounds = {
  low: rootDown((PI << (2n * BITS)) / (2n * PI_SCALE)),
  high: rootUp(((PI + 1n) << (2n * BITS)) / (2n * PI_SCALE) + 1n),
};
const ROOT_OF_TWO_PI_LOW = rootDown(((2n * PI) << (2n * BITS)) / PI_SCALE);

/** e^value, of values in [0, 2^12]. */
function exp({ low, high }: Bounds): Bounds {
  const finer = LOG_BITS - BITS;
  const grown = expBounds({ low: low << finer, high: high << finer });
  return { low: grown.low >> finer, high: (grown.high >> finer) + 1n };
}

/** Where the series gives way to the fraction. */
const SERIES_END = 5n * ONE;
const SERIES_TERMS = 100n;
const FRACTION_DEPTH = 60n;

/**
 * Mills' ratio M(x) = Φ(−x)/φ(x) for x ≥ 0, in units of 2^-BITS.
 *
 * Below 5: √(π/2)·e^{x²/2} − Σ x^{2k+1}/(1·3·…·(2k+1)), all of whose terms are positive. From 5 on: Laplace's continued
 * fraction 1/(x + 1/(x + 2/(x + 3/(x + …)))), of which the part below depth n lies between x and x + (n + 1)/x.
 */
export function millsRatio(x: bigint): Bounds {
  if (x >= SERIES_END) {
    let [low, high] = [x, x + ceilDivide((FRACTION_DEPTH + 1n) << (2n * BITS), x)];
    for (let k = FRACTION_DEPTH; k >= 1n; k--) {
      const kept = k << (2n * BITS);
      [low, high] = [x + kept / high, x + ceilDivide(kept, low)];
    }
    return { low: (ONE << BITS) / high, high: ceilDivide(ONE << BITS, low) };
  }
  const square: Bounds = { low: (x * x) >> BITS, high: ceilDivide(x * x, ONE) };
  const grown = exp({ low: square.low >> 1n, high: ceilDivide(square.high, 2n) });
  let [termLow, termHigh, sumLow, sumHigh] = [x, x, x, x];
  for (let odd = 3n; odd <= 2n * SERIES_TERMS + 1n; odd += 2n) {
    termLow = ((termLow * square.low) >> BITS) / odd;
    termHigh = ceilDivide(((termHigh * square.high) >> BITS) + 1n, odd);
    sumLow += termLow;
    sumHigh += termHigh;
  }
  // Beyond, each term is less than an eighth of the one before.
  sumHigh += termHigh;
  return {
    low: ((ROOT_OF_HALF_PI.low * grown.low) >> BITS) - sumHigh,
    high: ceilDivide(ROOT_OF_HALF_PI.high * grown.high, ONE) - sumLow,
  };
}

/** Beyond this many deviations δ is less than e^-2048, below every δ that a decimal can say. */
const FARTHEST = 64n * ONE;

/**
 * Whether a μ-GDP mechanism is (ε, δ)-private, decided so that "yes" is never wrong; ε in units of 1e-6, μ in 2^-BITS.
 *
 * δ(ε) = Φ(−a) − e^ε Φ(−a − μ) = φ(a)·(M(a) − M(a + μ)), a = ε/μ − μ/2 (Balle and Wang 2018, Thm 8; Dong, Roth and Su
 * 2022, Cor. 1). a is rounded down, which is asking for a smaller ε. Where a is negative the answer is "no", but for
 * ε = 0, where δ(0) = 2Φ(μ/2) − 1 ≤ μ/√(2π) decides.
 */
function suffices(units: bigint, mu: bigint, delta: bigint): boolean {
  if (units === 0n && ceilDivide(mu << BITS, ROOT_OF_TWO_PI_LOW) <= delta) return true;
  const a = floorDivide(units << (2n * BITS), EPSILON_UNITS * mu) - ceilDivide(mu, 2n);
  if (a < 0n) return false;
  if (a > FARTHEST) return true;
  const half = (a * a) >> (BITS + 1n);
  const grown = exp({ low: half, high: half });
  const density = ceilDivide(ONE << (2n * BITS), ROOT_OF_TWO_PI_LOW * grown.low);
  const between = millsRatio(a).high - millsRatio(a + mu).low;
  return ceilDivide(density * between, ONE) <= delta;
}

/** δ in units of 2^-BITS, rounded down. @throws RangeError where it is not in (0, 1) */
function boundOf(delta: string): bigint {
  const { numerator, denominator } = ratioOf(delta);
  if (numerator <= 0n || numerator >= denominator) throw new RangeError('δ must be in (0, 1)');
  return (numerator << BITS) / denominator;
}

/** μ in units of 2^-BITS, rounded up, of Σ μ² in units of 1e-18. */
const muOf = (squared: bigint): bigint =>
  rootUp(ceilDivide(squared << (2n * BITS), 10n ** GAUSSIAN_DECIMALS));

/**
 * Whether `epsilonFromGaussian` of a sum is at most ε: one step of those that find it.
 *
 * @param sum Σ μ² in units of 1e-18
 * @throws RangeError where δ is not in (0, 1)
 */
export function fitsGaussian(
  sum: bigint,
  { epsilon, delta }: { readonly epsilon: string; readonly delta: string },
): boolean {
  const bound = boundOf(delta);
  const { numerator, denominator } = ratioOf(epsilon);
  const units = (numerator * EPSILON_UNITS) / denominator;
  if (sum === 0n || units >= EPSILON_CEILING) return true;
  return sum < UNBOUNDED_GAUSSIAN && suffices(units, muOf(sum), bound);
}

// Pure results, kept because one account's ε is asked for several times in a transaction, and those of all accounts and
// their past by whoever reviews them: milliseconds each.
const known = new Map<string, string>();
const KNOWN_LIMIT = 16_384;

/**
 * The ε of Gaussian costs at a given δ: the least decimal of 6 decimals that certainly suffices.
 *
 * @param sum Σ μ² in units of 1e-18
 * @param delta a decimal of the ledger, of at most 15 decimals
 * Edge cases: no cost is '0'; so is what δ alone bears; unbounded is '999999999'.
 * @throws RangeError where δ is not in (0, 1)
 */
export function epsilonFromGaussian(sum: string, delta: string): string {
  const bound = boundOf(delta);
  const squared = BigInt(sum);
  if (squared === 0n) return '0';
  if (squared >= UNBOUNDED_GAUSSIAN) return decimalOf(EPSILON_CEILING, EPSILON_DECIMALS);
  const key = `${sum} ${delta}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const mu = muOf(squared);
  let high = 1n << 20n;
  while (high < EPSILON_CEILING && !suffices(high, mu, bound)) high *= 2n;
  let low = -1n;
  if (high >= EPSILON_CEILING) [low, high] = [EPSILON_CEILING - 1n, EPSILON_CEILING];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (suffices(middle, mu, bound)) high = middle;
    else low = middle;
  }
  const epsilon = decimalOf(high, EPSILON_DECIMALS);
  if (known.size >= KNOWN_LIMIT) known.delete(known.keys().next().value!);
  known.set(key, epsilon);
  return epsilon;
}
