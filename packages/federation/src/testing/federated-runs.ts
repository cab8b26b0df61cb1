// Short studies of three hospitals for tests of what rounds make of one another.
import { aggregateFedAvg } from '../fed-avg.ts';
import type { ServerOptimizerPlan } from '../server-optimizer.ts';
import { type FederationPlan, initialModel, nextModel, type SharedModel } from '../shared-model.ts';

export const LENGTH = 3;
export const SITES = ['north', 'east', 'south'];
export const ZERO = new Int32Array(LENGTH);

export const planOf = (kind: ServerOptimizerPlan['kind']) => ({
  aggregation: aggregateFedAvg,
  serverOptimizer: { kind, learningRate: 0.1, momentum: 0.9, secondMomentum: 0.99, adaptivity: 0.001 },
});
export const SCAFFOLD: FederationPlan = { aggregation: aggregateFedAvg, control: {} };

export interface Run {
  readonly weights: readonly number[];
  readonly rounds: readonly (readonly (Int32Array | null)[])[];
}

export function roundOf({ weights: list, rounds: deltas }: Run, round: number) {
  return {
    sites: SITES.map((site, i) => ({ site, weight: list[i]! })),
    updates: SITES.flatMap((site, i) => {
      const delta = deltas[round]![i];
      return delta ? [{ site, delta }] : [];
    }),
  };
}

/** The models after each round. `between` is applied from one round to the next. */
export function modelsOf(
  plan: FederationPlan,
  run: Run,
  between = (model: SharedModel): SharedModel => model,
) {
  const models: SharedModel[] = [];
  let before = initialModel(ZERO, plan);
  for (const round of run.rounds.keys()) {
    before = nextModel(plan, { before: between(before), ...roundOf(run, round) });
    models.push(before);
  }
  return models;
}

/** A study in which east misses the second round. */
export const FIXED: Run = {
  weights: [74, 299, 624],
  rounds: [
    [Int32Array.of(5000, -70_000, 3), Int32Array.of(1, 2, 3), Int32Array.of(-4000, 9, 1_000_000)],
    [Int32Array.of(300, 8000, -12), null, Int32Array.of(77, -12_345, 6789)],
    [Int32Array.of(-5, 4, -3), Int32Array.of(900, 900, 900), Int32Array.of(123_456, 1, 2)],
  ],
};
