// What the hospitals of a study share after a round: the model, and what the study's rules remember. All of it follows
// from released updates and public numbers, so that whoever holds the round before can recompute it bit for bit.
import assert from 'node:assert/strict';
import type { Aggregation } from './aggregation.ts';
import {
  initialServerState,
  type ServerOptimizerPlan,
  type ServerOptimizerState,
  stepServer,
} from './server-optimizer.ts';

export interface SharedModel {
  /** On the lattice, int32 [P]. */
  readonly parameters: Int32Array;
  /** There is one exactly where the study has a server optimiser. */
  readonly moments?: ServerOptimizerState;
}

/** How a study's rounds follow from one another. */
export interface FederationPlan {
  readonly aggregation: Aggregation;
  /** By default the aggregate becomes the model. */
  readonly serverOptimizer?: ServerOptimizerPlan | undefined;
}

/** One hospital's update in a round. */
export interface SiteUpdate {
  readonly site: string;
  /** On the lattice, int32 [P]. */
  readonly delta: Int32Array;
}

/** Who takes part in a round, with the public weight of each. */
export interface SiteWeight {
  readonly site: string;
  readonly weight: number;
}

/** Before the first round. @param parameters the graph's own, on the lattice */
export function initialModel(parameters: Int32Array, { serverOptimizer }: FederationPlan): SharedModel {
  return {
    parameters,
    ...(serverOptimizer && { moments: initialServerState(parameters.length) }),
  };
}

/**
 * What a round makes of the model before it, in whatever order sites and updates are given.
 *
 * @param sites all who take part in the round; those without an update missed it or were excluded
 * @throws ParameterRangeError where a value leaves the lattice; AggregationRefusedError for too few updates
 */
export function nextModel(
  { aggregation, serverOptimizer }: FederationPlan,
  {
    before,
    sites,
    updates,
  }: {
    readonly before: SharedModel;
    readonly sites: readonly SiteWeight[];
    readonly updates: readonly SiteUpdate[];
  },
): SharedModel {
  const weights = new Map(sites.map(({ site, weight }) => [site, weight]));
  const weighted = updates.map(({ site, delta }) => {
    const weight = weights.get(site);
    assert(weight !== undefined, 'an update is of a site that takes part');
    return { weight, delta };
  });
  const base = before.parameters;
  const aggregate = aggregation({ base, updates: weighted });
  if (serverOptimizer === undefined) return { parameters: aggregate };
  assert(before.moments !== undefined, 'a server optimiser goes on from what it remembers');
  const { model, state } = stepServer(serverOptimizer, { base, aggregate, state: before.moments });
  return { parameters: model, moments: state };
}
