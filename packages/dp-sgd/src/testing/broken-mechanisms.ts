// Mistakes that real trainers make, each of which quietly breaks the guarantee: the audits must find every one.
import { expectedBatchUnits } from '../training-plan.ts';
import type { Substitute } from './audits.ts';

export const rightMechanism: Substitute = ({ mechanism }) => mechanism;

/** Noise of deviation σ instead of σ C. */
export const noiseNotScaledByClip: Substitute = ({ mechanism, plan }) => ({
  ...mechanism,
  drawNoise: () => mechanism.drawNoise().map((value) => Math.round(value / plan.clipNormL2)),
});

export const noiseTooSmall: Substitute = ({ mechanism }) => ({
  ...mechanism,
  drawNoise: () => mechanism.drawNoise().map((value) => Math.round(value * 0.9)),
});

export const noiseReused: Substitute = ({ mechanism }) => {
  let first: Float64Array | undefined;
  return {
    ...mechanism,
    drawNoise() {
      first ??= mechanism.drawNoise();
      return first;
    },
  };
};

/** Adds real-valued noise after the lattice: the bits of a double reveal more than the noise hides. */
export const noiseOffTheLattice: Substitute = ({ mechanism }) => ({
  ...mechanism,
  drawNoise: () => mechanism.drawNoise().map((value) => value * 1.0001),
});

/** Bounds the sum of the batch instead of each patient's part in it. */
export const clippedPerBatch =
  (unclipped: (parameters: Float32Array, batch: Uint32Array) => Promise<Float64Array>): Substitute =>
  ({ mechanism, plan }) => ({
    ...mechanism,
    async sumClipped(parameters, batch) {
      const sum = await unclipped(parameters, batch);
      const factor = Math.min(1, (plan.clipNormL2 * batch.length) / Math.hypot(...sum));
      return sum.map((value) => value * factor);
    },
  });

export const neverClipped =
  (unclipped: (parameters: Float32Array, batch: Uint32Array) => Promise<Float64Array>): Substitute =>
  ({ mechanism }) => ({ ...mechanism, sumClipped: unclipped });

/** Divides by the patients drawn, whose number is itself about patients. */
export const dividedByBatch: Substitute = ({ mechanism, plan }) => ({
  ...mechanism,
  release: (sums) =>
    mechanism
      .release(sums)
      .map((value) => (value * expectedBatchUnits(plan)) / Math.max(1, sums.batch.length)),
});

/** Batches of one size, cut from a shuffled list. */
export const shuffled =
  (units: number, random: () => number): Substitute =>
  ({ mechanism, plan }) => ({
    ...mechanism,
    drawBatch() {
      const order = Array.from({ length: units }, (_, unit) => ({ unit, key: random() }));
      order.sort((a, b) => a.key - b.key);
      return Uint32Array.from(
        order.slice(0, Math.round(units * plan.samplingRate)),
        ({ unit }) => unit,
      ).sort();
    },
  });
