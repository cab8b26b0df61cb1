// Exponential moving average of the parameters over a round's steps (Polyak and Juditsky 1992; De et al. 2022 for
// DP-SGD). It costs no privacy: parameters after a step are a function of the releases so far, and an average of them
// is one of the same T releases.
import type { OptimizerRule } from './optimizer-rule.ts';

/**
 * After t steps Σ_s (1 - d) d^(t - s) θ_s / (1 - d^t), where θ_s are the parameters after step s: the weights sum to 1,
 * and the parameters at the start of the round have none. It is computed by a ← a + w_t (θ_t - a), a = 0 at first, with
 * w_t = (1 - d) / (1 - d^t), which is 1 at t = 1. Training continues from the parameters, never from the average.
 */
export class WeightAverage {
  /** The average so far, [parameterCount]; zeros before the first step. */
  readonly values: Float64Array;
  readonly #decay: number;
  readonly #stepsBefore: number;

  /**
   * @param options.decay d in [0, 1): 0 keeps the last step's parameters
   * @param options.stepsBefore steps that the study took before this round
   */
  constructor(options: {
    readonly decay: number;
    readonly parameterCount: number;
    readonly stepsBefore: number;
  }) {
    this.values = new Float64Array(options.parameterCount);
    this.#decay = options.decay;
    this.#stepsBefore = options.stepsBefore;
  }

  /** w_t of a step, counted from 1 over the whole study. */
  shareOf(step: number): number {
    return (1 - this.#decay) / (1 - this.#decay ** (step - this.#stepsBefore));
  }
}

/** The rule, which also adds the moved parameters to an average, block by block. */
export function averagingSteps(rule: OptimizerRule, average: WeightAverage): OptimizerRule {
  const { values } = average;
  let share = 1;
  return {
    startStep(step, noiseDeviation) {
      share = average.shareOf(step);
      rule.startStep(step, noiseDeviation);
    },
    apply(parameters, mean, first, count) {
      rule.apply(parameters, mean, first, count);
      for (let i = first; i < first + count; i++) {
        values[i] = values[i]! + (parameters[i]! - values[i]!) * share;
      }
    },
    state: () => rule.state(),
  };
}
