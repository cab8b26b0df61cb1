// The geometric median: the point of least total distance to the updates (Pillutla, Kakade and Harchaoui 2022,
// "RFA"), by Weiszfeld's iteration in integers, so that it has the same bits everywhere.
import { type Aggregation, AggregationRefusedError, moveBase } from './aggregation.ts';
import { trimmedMeanOf } from './coordinate-rules.ts';
import {
  compareVectors,
  divideSmallHalfEven,
  integerSquareRoot,
  squaredDistance,
} from './integer-arithmetic.ts';

/** Largest number of iterations. */
const ITERATIONS = 64;
/** Σ of the integer weights of one iteration stays near this, so that Σ w δ is exact in a double. */
const WEIGHT_TOTAL = 2 ** 20;

/**
 * base + the geometric median of the updates, to the lattice, each update counting once.
 *
 * One iteration: distances dᵢ = max(1, ⌊‖δᵢ - y‖⌋) lattice steps, weights wᵢ = ⌊W · (1/dᵢ) / Σ 1/dⱼ⌋ in exact
 * rationals, y ← Σ wᵢ δᵢ / Σ wᵢ, half to even. It starts from the coordinate median, ends when nothing changes or
 * after 64 iterations, and sorts the updates first, so that neither order nor machine matters. The floor of 1 on
 * a distance is Weiszfeld's smoothing at a data point (2^-20 of a parameter): an iteration that comes upon an update
 * hardly leaves it. The total distance is never more than at the coordinate median, and where that one lies on or next
 * to an update it may be a few percent above the least.
 *
 * @throws AggregationRefusedError below 3 updates, where one false update moves it at will
 */
export const geometricMedian: Aggregation = ({ base, updates }) => {
  if (updates.length < 3) {
    throw new AggregationRefusedError(
      `a geometric median bears no false update below 3 updates; here are ${updates.length}`,
    );
  }
  const deltas = updates.map(({ delta }) => delta).sort(compareVectors);
  let median = trimmedMeanOf(deltas, Math.floor((deltas.length - 1) / 2));
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const next = weightedMean(deltas, weightsAt(median, deltas));
    if (compareVectors(next, median) === 0) break;
    median = next;
  }
  return moveBase(base, median);
};

function weightsAt(point: Int32Array, deltas: readonly Int32Array[]): number[] {
  const distances = deltas.map((delta) => integerSquareRoot(squaredDistance(delta, point)) || 1n);
  // 1/dᵢ over the common scale 2^80: distances stay below 2^48, so no weight loses more than 2^-32 of itself.
  const inverses = distances.map((distance) => (1n << 80n) / distance);
  const total = inverses.reduce((sum, inverse) => sum + inverse, 0n);
  // The nearest update's share is at least one part in n, so that the weights never all round down to 0.
  return inverses.map((inverse) => Number((inverse * BigInt(WEIGHT_TOTAL)) / total));
}

function weightedMean(deltas: readonly Int32Array[], weights: readonly number[]): Int32Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return deltas[0]!.map((_, i) => {
    let sum = 0;
    deltas.forEach((delta, j) => {
      sum += weights[j]! * delta[i]!;
    });
    return divideSmallHalfEven(sum, total);
  });
}
