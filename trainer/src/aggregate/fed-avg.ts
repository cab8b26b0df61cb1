// Federated averaging (McMahan et al. 2017, Alg. 1) in integers: the same bits on every machine, in any order.
import assert from 'node:assert/strict';
import type { Aggregation } from './aggregation.ts';
import { ParameterRangeError } from './parameter-lattice.ts';

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

/** divideHalfEven for integers whose double is below 2^53. */
function divideSmallHalfEven(numerator: number, denominator: number): number {
  const rest = ((numerator % denominator) + denominator) % denominator;
  const quotient = (numerator - rest) / denominator;
  const twice = 2 * rest;
  const up = twice > denominator || (twice === denominator && quotient % 2 !== 0);
  return up ? quotient + 1 : quotient;
}

/**
 * base + Σ wᵢ δᵢ / Σ wᵢ, int32 [P], rounded half to even once.
 *
 * Weights are positive integers from public bands, never counts that a hospital reports of itself.
 *
 * @throws ParameterRangeError where a sum leaves the int32 range; nothing saturates.
 */
export const aggregateFedAvg: Aggregation = ({ base, updates }) => {
  assert(updates.length > 0, 'there is an update to aggregate');
  let totalWeight = 0;
  for (const { weight, delta } of updates) {
    assert(Number.isSafeInteger(weight) && weight >= 1, 'a weight is a positive integer');
    assert.equal(delta.length, base.length, 'an update has as many values as the base');
    totalWeight += weight;
  }
  assert(Number.isSafeInteger(totalWeight));
  const fitsDouble = totalWeight * 2 ** 32 < Number.MAX_SAFE_INTEGER;
  const big = fitsDouble ? [] : updates.map(({ weight }) => BigInt(weight));
  return base.map((start, i) => {
    let mean: number;
    if (fitsDouble) {
      let sum = 0;
      for (const { weight, delta } of updates) sum += weight * delta[i]!;
      mean = divideSmallHalfEven(sum, totalWeight);
    } else {
      let sum = 0n;
      updates.forEach(({ delta }, j) => {
        sum += big[j]! * BigInt(delta[i]!);
      });
      mean = Number(divideHalfEven(sum, BigInt(totalWeight)));
    }
    const value = start + mean;
    if (value < -(2 ** 31) || value > 2 ** 31 - 1) {
      throw new ParameterRangeError(`aggregated parameter ${i} leaves the range of the lattice`);
    }
    return value;
  });
};
