// The aggregation rules that a study can name on the ledger, with their functions.
import { type AggregationRule, FAULTY_DEFAULT } from '@consilium/domain';
import type { Aggregation } from './aggregation.ts';
import { coordinateMedian, trimmedMean } from './coordinate-rules.ts';
import { aggregateFedAvg } from './fed-avg.ts';
import { geometricMedian } from './geometric-median.ts';
import { multiKrum, nearestNeighbourMixing } from './neighbour-rules.ts';

/**
 * The rule with a name. `faulty` is the number of false updates that it must tolerate; fedavg and the medians ignore
 * it.
 */
export function aggregationOf(
  rule: AggregationRule,
  { faulty = FAULTY_DEFAULT }: { readonly faulty?: number } = {},
): Aggregation {
  switch (rule) {
    case 'fedavg':
      return aggregateFedAvg;
    case 'median':
      return coordinateMedian;
    case 'trimmed-mean':
      return trimmedMean(faulty);
    case 'geometric-median':
      return geometricMedian;
    case 'multi-krum':
      return multiKrum(faulty);
    case 'nearest-neighbour-mixing':
      return nearestNeighbourMixing(faulty);
  }
}
