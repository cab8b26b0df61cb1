// Robust rules that compare whole updates by distance: multi-Krum (Blanchard et al. 2017) and nearest-neighbour
// mixing (Allouah et al. 2023). Distances are exact integers and ties are broken by the updates' values, so that
// every machine chooses the same updates.
import { type Aggregation, AggregationRefusedError, moveBase } from './aggregation.ts';
import { trimmedMeanOf } from './coordinate-rules.ts';
import { compareVectors, divideSmallHalfEven, squaredDistances } from './integer-arithmetic.ts';

const compareBig = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** The plain mean of some updates, half to even. */
const meanOf = (deltas: readonly Int32Array[]): Int32Array =>
  deltas[0]!.map((_, i) =>
    divideSmallHalfEven(
      deltas.reduce((sum, delta) => sum + delta[i]!, 0),
      deltas.length,
    ),
  );

/**
 * Multi-Krum: the mean of the n - f updates whose n - f - 2 nearest others are nearest.
 *
 * @throws AggregationRefusedError unless n ≥ 2f + 3 (Blanchard et al. 2017, Prop. 2): below that, false updates
 * can be each other's nearest neighbours.
 */
export const multiKrum =
  (faulty: number): Aggregation =>
  ({ base, updates }) => {
    const count = updates.length;
    if (count < 2 * faulty + 3) {
      throw new AggregationRefusedError(
        `multi-Krum against ${faulty} false updates needs at least ${2 * faulty + 3} hospitals, not ${count}`,
      );
    }
    const deltas = updates.map(({ delta }) => delta).sort(compareVectors);
    const scored = squaredDistances(deltas).map((row, index) => {
      const others = row.filter((_, other) => other !== index).sort(compareBig);
      const score = others.slice(0, count - faulty - 2).reduce((sum, distance) => sum + distance, 0n);
      return { score, index };
    });
    scored.sort((a, b) => compareBig(a.score, b.score) || a.index - b.index);
    return moveBase(base, meanOf(scored.slice(0, count - faulty).map(({ index }) => deltas[index]!)));
  };

/**
 * Nearest-neighbour mixing, then the trimmed mean: each update is replaced by the mean of the n - f updates
 * nearest to it (itself among them), which pulls honest updates of unlike hospitals together before trimming.
 *
 * @throws AggregationRefusedError unless n > 2f
 */
export const nearestNeighbourMixing =
  (faulty: number): Aggregation =>
  ({ base, updates }) => {
    const count = updates.length;
    if (count <= 2 * faulty) {
      throw new AggregationRefusedError(
        `mixing against ${faulty} false updates needs at least ${2 * faulty + 1} hospitals, not ${count}`,
      );
    }
    const deltas = updates.map(({ delta }) => delta).sort(compareVectors);
    const mixed = squaredDistances(deltas).map((row) => {
      const nearest = row.map((distance, index) => ({ distance, index }));
      nearest.sort((a, b) => compareBig(a.distance, b.distance) || a.index - b.index);
      return meanOf(nearest.slice(0, count - faulty).map(({ index }) => deltas[index]!));
    });
    return moveBase(base, trimmedMeanOf(mixed, faulty));
  };
