// The ledger's words on how a study's rounds follow from one another, as the engine takes them.
import type { Study } from '@consilium/chaincode/domain';
import { aggregationOf, type FederationPlan, type ServerOptimizerPlan } from './aggregate/index.ts';

export function federationOf({ aggregation }: Pick<Study, 'aggregation'>): FederationPlan {
  const { rule, serverOptimizer } = aggregation;
  return {
    aggregation: aggregationOf(rule, aggregation),
    ...(serverOptimizer && { serverOptimizer: serverOptimizerOf(serverOptimizer) }),
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
