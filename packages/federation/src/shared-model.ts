// The shared state of a study after a round: the model, and the state of the study's rules. All of it follows from
// released updates and public numbers, so that anyone who has the state before the round can recompute it bit for bit.
import { assert } from '#platform';
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

/**
 * What all members share after a round: parameters, and the state that the next round needs. The same bytes
 * everywhere.
 */
export interface SharedModel {
  /** On the lattice, int32 [P]. */
  readonly parameters: Int32Array;
  /** Defined if the study has a server optimiser. */
  readonly moments?: ServerOptimizerState;
  /** Defined if the study corrects drift by control variates. */
  readonly variates?: ControlVariates;
  /** Defined if the study averages its models. */
  readonly average?: RoundAverage;
}

/** How a study's rounds follow from one another. */
export interface FederationPlan {
  readonly aggregation: Aggregation;
  /** Without it, the aggregate becomes the model. */
  readonly serverOptimizer?: ServerOptimizerPlan | undefined;
  /** Drift correction by SCAFFOLD. The aggregation is then the average. */
  readonly control?: ControlPlan | undefined;
  /** Without it, the outcome of a study is its last model. */
  readonly averaging?: AveragingPlan | undefined;
}

/**
 * Before the first round.
 *
 * @param parameters the graph's own, on the lattice
 * @throws AggregationRefusedError for control variates with a robust rule
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
  /** All who take part in the round. Sites without an update missed it or were excluded. */
  readonly sites: readonly SiteWeight[];
  readonly updates: readonly SiteUpdate[];
}

/**
 * The model after a round. The order of sites and updates does not matter.
 *
 * @throws ParameterRangeError where a value leaves the lattice; AggregationRefusedError for too few updates
 */
export function nextModel(plan: FederationPlan, round: FederatedRound): SharedModel {
  const { before, sites, updates } = round;
  const weights = new Map(sites.map(({ site, weight }) => [site, weight]));
  assert(weights.size === sites.length, 'each site takes part once');
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
 * The outcome of a study whose last model is this: the average of its models if it has one, and otherwise the model.
 * Rounds continue from the parameters, never from this.
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
