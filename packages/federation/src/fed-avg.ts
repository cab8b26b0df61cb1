// Federated averaging (McMahan et al. 2017, Alg. 1) in integers: the same bits on every machine, in any order.
import { assert } from '#platform';
import { type Aggregation, moveBase } from './aggregation.ts';
import { divideHalfEven, divideSmallHalfEven } from './integer-arithmetic.ts';

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
    assert(delta.length === base.length, 'an update has as many values as the base');
    totalWeight += weight;
  }
  assert(Number.isSafeInteger(totalWeight), 'the weights have a sum');
  const fitsDouble = totalWeight * 2 ** 32 < Number.MAX_SAFE_INTEGER;
  const big = fitsDouble ? [] : updates.map(({ weight }) => BigInt(weight));
  const mean = base.map((_, i) => {
    if (fitsDouble) {
      let sum = 0;
      for (const { weight, delta } of updates) sum += weight * delta[i]!;
      return divideSmallHalfEven(sum, totalWeight);
    }
    let sum = 0n;
    updates.forEach(({ delta }, j) => {
      sum += big[j]! * BigInt(delta[i]!);
    });
    return Number(divideHalfEven(sum, BigInt(totalWeight)));
  });
  return moveBase(base, mean);
};
