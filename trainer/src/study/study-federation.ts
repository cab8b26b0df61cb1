// The ledger's words on how a study's rounds follow from one another, as the engine takes them.
import type { Round, Study } from '@consilium/domain';
import {
  aggregationOf,
  controlShift,
  type FederationPlan,
  type ServerOptimizerPlan,
  type SharedModel,
  type SiteWeight,
} from '@consilium/federation';

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
