// The ledger's words on how a study's rounds follow from one another, as the engine takes them.
import { fewestUpdates, type Round, type Study } from '@consilium/domain';
import { aggregationOf } from './aggregation-rules.ts';
import { controlShift } from './control-variates.ts';
import type { ServerOptimizerPlan } from './server-optimizer.ts';
import { type FederationPlan, nextModel, type SharedModel } from './shared-model.ts';
import type { SiteWeight } from './sites.ts';

/** What a study's text says of how its rounds follow from one another. */
export function federationOf({
  aggregation,
  training,
  averaging,
}: Pick<Study, 'aggregation' | 'training' | 'averaging'>): FederationPlan {
  const { rule, serverOptimizer, maxUpdateNormL2 } = aggregation;
  const isControlled = training.driftCorrection?.kind === 'scaffold';
  return {
    aggregation: aggregationOf(rule, aggregation),
    ...(serverOptimizer && { serverOptimizer: serverOptimizerOf(serverOptimizer) }),
    ...(averaging && { averaging: { decay: Number(averaging.decay) } }),
    ...(isControlled && { control: { maxNormL2: Number(maxUpdateNormL2) } }),
  };
}

/** Who takes part in a round, as the rules name them. */
export const sitesOf = ({ participants }: Pick<Round, 'participants'>): SiteWeight[] =>
  participants.map(({ datasetId, weight }) => ({ site: datasetId, weight }));

/**
 * The next model from the one before and some updates by dataset, by the study's rules and the round's public weights;
 * the same model where there are fewer updates than the rule needs to promise anything.
 */
export function aggregateRound(
  before: SharedModel,
  deltas: ReadonlyMap<string, Int32Array>,
  { participants, study }: Pick<Round, 'participants'> & { readonly study: Study },
): SharedModel {
  if (deltas.size < fewestUpdates(study.aggregation)) return before;
  return nextModel(federationOf(study), {
    before,
    sites: sitesOf({ participants }),
    updates: [...deltas].map(([site, delta]) => ({ site, delta })),
  });
}

/** What a dataset's steps in a round are corrected by, where the study has control variates. */
export function shiftOf(
  { training }: Pick<Study, 'training'>,
  of: { readonly base: SharedModel; readonly round: Pick<Round, 'participants'>; readonly datasetId: string },
): { readonly controlShift?: Float64Array } {
  const { base, round, datasetId } = of;
  if (base.variates === undefined) return {};
  return {
    controlShift: controlShift(base.variates, {
      site: datasetId,
      sites: sitesOf(round),
      parameterCount: base.parameters.length,
      reach: training.stepsPerRound * Number(training.learningRate),
    }),
  };
}

type Words = NonNullable<Study['aggregation']['serverOptimizer']>;

/** What a kind does not ask for has no influence on it. */
function serverOptimizerOf(words: Words): ServerOptimizerPlan {
  return {
    kind: words.kind,
    learningRate: Number(words.learningRate),
    momentum: Number(words.momentum),
    secondMomentum: 'secondMomentum' in words ? Number(words.secondMomentum) : 0,
    adaptivity: 'adaptivity' in words ? Number(words.adaptivity) : 1,
  };
}
