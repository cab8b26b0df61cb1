// Exponential moving average of a study's models over its rounds (Polyak and Juditsky 1992; De et al. 2022 for DP-SGD).
// It is post-processing of what the rounds released and costs no privacy.
import assert from 'node:assert/strict';
import type { Parameters } from '../study-model.ts';

/**
 * The average of each hospital's models: after r rounds Σ_s (1 - d) d^(r - s) θ_s / (1 - d^r), shared and local values
 * alike. The initial model has no part in it.
 */
export class ModelAverage {
  readonly #decay: number;
  #rounds = 0;
  #averages: readonly { readonly shared: Float64Array; readonly local: Float64Array }[] = [];

  /** @param decay d in [0, 1): 0 is the last model itself */
  constructor(decay: number) {
    assert(decay >= 0 && decay < 1, 'the decay is at least 0 and below 1');
    this.#decay = decay;
  }

  /** Takes the models of one more round in, in the hospitals' order, and answers the average. */
  add(models: readonly Parameters[]): readonly Parameters[] {
    this.#rounds++;
    const weight = (1 - this.#decay) / (1 - this.#decay ** this.#rounds);
    const move = (average: Float64Array | undefined, values: ArrayLike<number>) =>
      Float64Array.from(values, (value, i) => {
        const before = average?.[i] ?? value;
        return before + weight * (value - before);
      });
    this.#averages = models.map(({ shared, local }, site) => ({
      shared: move(this.#averages[site]?.shared, shared),
      local: move(this.#averages[site]?.local, local),
    }));
    return this.#averages;
  }
}
