// Exponential moving average of a study's models over its rounds or its steps (Polyak and Juditsky 1992; De et al. 2022
// for DP-SGD). It is post-processing of what the rounds released and costs no privacy.
import assert from 'node:assert/strict';
import { TrainingInputError } from '@consilium/dp-sgd';
import type { Parameters } from '../../study/study-model.ts';

export interface Averaging {
  /** d in [0, 1). */
  readonly decay: number;
  /** Of the models after each round, or after each step. */
  readonly over: 'rounds' | 'steps';
}

/** @throws TrainingInputError where a study has nothing to average so */
export function checkAveraging(study: {
  readonly averaging?: Averaging;
  readonly rounds: number;
  readonly serverOptimizer?: object;
}): void {
  const { averaging, rounds, serverOptimizer } = study;
  if (averaging === undefined) return;
  if (averaging.over === 'rounds' && rounds === 1) {
    throw new TrainingInputError(
      'averaging: over one round there is nothing to average: say over: steps, or take more rounds',
    );
  }
  if (averaging.over === 'steps' && serverOptimizer !== undefined) {
    throw new TrainingInputError(
      'averaging: with serverOptimizer the model moves between rounds only, and its steps are no models of the study: ' +
        'say over: rounds',
    );
  }
}

/**
 * The decay d^T with which the averages of each round's T steps, by the same d, make the average of all steps: after R
 * rounds step s of round r then has the weight (1 - d^T) d^(T (R - r)) / (1 - d^(T R)) · (1 - d) d^(T - s) / (1 - d^T),
 * which is (1 - d) d^(T R - t) / (1 - d^(T R)) for the step's number t = T (r - 1) + s.
 */
export const decayOfRound = ({ decay, over }: Averaging, steps: number): number =>
  over === 'steps' ? decay ** steps : decay;

/** The average of each hospital's models after some rounds. */
export interface AveragedModels {
  /** r, how many rounds' models are in it. */
  readonly rounds: number;
  /** In the hospitals' order. */
  readonly models: readonly { readonly shared: Float64Array; readonly local: Float64Array }[];
}

/**
 * Takes the models of one more round in, in the hospitals' order: after r rounds Σ_s (1 - d) d^(r - s) θ_s / (1 - d^r),
 * shared and local values alike. The initial model has no part in it.
 *
 * @param before undefined before the first round
 * @param decay d in [0, 1): 0 is the last model itself
 */
export function averagedWith(
  before: AveragedModels | undefined,
  models: readonly Parameters[],
  decay: number,
): AveragedModels {
  const rounds = (before?.rounds ?? 0) + 1;
  const weight = (1 - decay) / (1 - decay ** rounds);
  const move = (average: Float64Array | undefined, values: ArrayLike<number>) =>
    Float64Array.from(values, (value, i) => {
      const own = average?.[i] ?? value;
      return own + weight * (value - own);
    });
  return {
    rounds,
    models: models.map(({ shared, local }, site) => ({
      shared: move(before?.models[site]?.shared, shared),
      local: move(before?.models[site]?.local, local),
    })),
  };
}

/** The average of each hospital's models, as they come. */
export class ModelAverage {
  readonly #decay: number;
  #average: AveragedModels | undefined;

  /** @param decay d in [0, 1): 0 is the last model itself */
  constructor(decay: number) {
    assert(decay >= 0 && decay < 1, 'the decay is at least 0 and below 1');
    this.#decay = decay;
  }

  /** Takes the models of one more round in, in the hospitals' order, and answers the average. */
  add(models: readonly Parameters[]): readonly Parameters[] {
    this.#average = averagedWith(this.#average, models, this.#decay);
    return this.#average.models;
  }
}
