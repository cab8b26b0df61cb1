// Robust rules that look at one coordinate at a time: the median and the trimmed mean (Yin et al. 2018). Every
// update counts once: a weight would let one large hospital be the majority that the rule protects against.
import { type Aggregation, AggregationRefusedError, moveBase } from './aggregation.ts';
import { divideSmallHalfEven } from './integer-arithmetic.ts';

/** The values of one coordinate in ascending order. */
function sortedCoordinate(deltas: readonly Int32Array[], i: number): number[] {
  return deltas.map((delta) => delta[i]!).sort((a, b) => a - b);
}

/**
 * base + the mean of each coordinate's values without the `trimmed` smallest and largest, half to even.
 *
 * @throws AggregationRefusedError where no value would be left
 */
export function trimmedMeanOf(deltas: readonly Int32Array[], trimmed: number): Int32Array {
  const kept = deltas.length - 2 * trimmed;
  if (kept < 1) {
    throw new AggregationRefusedError(
      `a mean without ${trimmed} values at either end needs at least ${2 * trimmed + 1} updates, not ${deltas.length}`,
    );
  }
  return deltas[0]!.map((_, i) => {
    const values = sortedCoordinate(deltas, i).slice(trimmed, trimmed + kept);
    return divideSmallHalfEven(
      values.reduce((sum, value) => sum + value, 0),
      kept,
    );
  });
}

/**
 * The trimmed mean. With n > 2f updates, f of them false, each coordinate stays within the honest values' range.
 *
 * @param faulty f, the number of false updates that it must tolerate
 */
export const trimmedMean =
  (faulty: number): Aggregation =>
  ({ base, updates }) =>
    moveBase(
      base,
      trimmedMeanOf(
        updates.map(({ delta }) => delta),
        faulty,
      ),
    );

/**
 * base + each coordinate's median (of an even number: the mean of the middle two, half to even).
 *
 * @throws AggregationRefusedError below 3 updates, where one false update moves the median at will
 */
export const coordinateMedian: Aggregation = ({ base, updates }) => {
  if (updates.length < 3) {
    throw new AggregationRefusedError(
      `a median bears no false update below 3 updates; here are ${updates.length}`,
    );
  }
  return moveBase(
    base,
    trimmedMeanOf(
      updates.map(({ delta }) => delta),
      Math.floor((updates.length - 1) / 2),
    ),
  );
};
