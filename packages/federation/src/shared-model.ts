// What the hospitals of a study share after a round: the model, and what the study's rules remember. All of it follows
// from released updates and public numbers, so that whoever holds the round before can recompute it bit for bit.
import assert from 'node:assert/strict';
import { type Aggregation, AggregationRefusedError } from './aggregation.ts';
import { type ControlPlan, type ControlVariates, nextVariates } from './control-variates.ts';
import { aggregateFedAvg } from './fed-avg.ts';
import {
  type AveragingPlan,
  averagedParameters,
  initialAverage,
  type RoundAverage,
  takeIntoAverage,
} from './round-average.ts';
import {
  initialServerState,
  type ServerOptimizerPlan,
  type ServerOptimizerState,
  stepServer,
} from './server-optimizer.ts';
import type { SiteUpdate, SiteWeight } from './sites.ts';

export interface SharedModel {
  /** On the lattice, int32 [P]. */
  readonly parameters: Int32Array;
  /** There is one exactly where the study has a server optimiser. */
  readonly moments?: ServerOptimizerState;
  /** There are some exactly where the study's hospitals correct their drift by them. */
  readonly variates?: ControlVariates;
  /** There is one exactly where the study averages its models. */
  readonly average?: RoundAverage;
}

/** How a study's rounds follow from one another. */
export interface FederationPlan {
  readonly aggregation: Aggregation;
  /** By default the aggregate becomes the model. */
  readonly serverOptimizer?: ServerOptimizerPlan | undefined;
  /** Where hospitals correct their drift by SCAFFOLD; the aggregation is then the average. */
  readonly control?: ControlPlan | undefined;
  /** By default what a study hands over is its last model. */
  readonly averaging?: AveragingPlan | undefined;
}

/**
 * Before the first round.
 *
 * @param parameters the graph's own, on the lattice
 * @throws AggregationRefusedError for control variates beside a rule that is to bear false updates
 */
export function initialModel(
  parameters: Int32Array,
  { aggregation, serverOptimizer, control, averaging }: FederationPlan,
): SharedModel {
  if (control !== undefined && aggregation !== aggregateFedAvg) {
    throw new AggregationRefusedError(
      'scaffold needs the rule fedavg: control variates enter by their mean, which one false update moves at will',
    );
  }
  return {
    parameters,
    ...(serverOptimizer && { moments: initialServerState(parameters.length) }),
    ...(control && { variates: new Map() }),
    ...(averaging && { average: initialAverage(parameters.length) }),
  };
}

export interface FederatedRound {
  readonly before: SharedModel;
  /** All who take part in the round; those without an update missed it or were excluded. */
  readonly sites: readonly SiteWeight[];
  readonly updates: readonly SiteUpdate[];
}

/**
 * What a round makes of the model before it, in whatever order sites and updates are given.
 *
 * @throws ParameterRangeError where a value leaves the lattice; AggregationRefusedError for too few updates
 */
export function nextModel(plan: FederationPlan, round: FederatedRound): SharedModel {
  const { before, sites, updates } = round;
  const weights = new Map(sites.map(({ site, weight }) => [site, weight]));
  assert.equal(weights.size, sites.length, 'each site takes part once');
  const weighted = updates.map(({ site, delta }) => {
    const weight = weights.get(site);
    assert(weight !== undefined, 'an update is of a site that takes part');
    return { weight, delta };
  });
  const aggregate = plan.aggregation({ base: before.parameters, updates: weighted });
  const model = moved(plan, before, aggregate);
  return { ...model, ...variatesAfter(plan, round), ...averageAfter(plan, before, model.parameters) };
}

/**
 * What a study would hand over with this model as its last: the average of its models where it has one, else the
 * model. Rounds go on from the parameters, never from this.
 */
export const outcomeOf = ({ parameters, average }: SharedModel): Int32Array =>
  average === undefined || average.weight === 0n ? parameters : averagedParameters(average);

function moved(
  { serverOptimizer }: FederationPlan,
  before: SharedModel,
  aggregate: Int32Array,
): Pick<SharedModel, 'parameters' | 'moments'> {
  if (serverOptimizer === undefined) return { parameters: aggregate };
  const { parameters: base, moments: state } = before;
  assert(state !== undefined, 'a server optimiser goes on from what it remembers');
  const step = stepServer(serverOptimizer, { base, aggregate, state });
  return { parameters: step.model, moments: step.state };
}

function variatesAfter(
  { control }: FederationPlan,
  { before, sites, updates }: FederatedRound,
): Pick<SharedModel, 'variates'> {
  if (control === undefined) return {};
  const { parameters, variates } = before;
  assert(variates !== undefined, 'control variates go on from those before');
  return { variates: nextVariates(control, { variates, sites, updates, parameterCount: parameters.length }) };
}

function averageAfter(
  { averaging }: FederationPlan,
  { average }: SharedModel,
  parameters: Int32Array,
): Pick<SharedModel, 'average'> {
  if (averaging === undefined) return {};
  assert(average !== undefined, 'an average goes on from the one before');
  return { average: takeIntoAverage(averaging, average, parameters) };
}
