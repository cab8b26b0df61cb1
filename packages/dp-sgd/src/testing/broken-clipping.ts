// Mistakes in clipping by layers and in clip norms that follow the patients: the audits must find every one.
import type { ClipAdaptation } from '../adaptive-clipping.ts';
import { prepareRounds } from '../round.ts';
import type { RoundInput } from '../round-input.ts';
import { packUnits } from '../training-units.ts';
import type { Rows, Substitute } from './audits.ts';
import { seededRandomness } from './seeded-randomness.ts';

const withAdaptation =
  (broken: (right: ClipAdaptation) => Partial<ClipAdaptation>): Substitute =>
  ({ mechanism }) => ({
    ...mechanism,
    adaptation: { ...mechanism.adaptation!, ...broken(mechanism.adaptation!) },
  });

/** Follows the count of patients without noise. */
export const countNotNoised = withAdaptation(() => ({ drawNoise: () => 0 }));

/** Each unit counts 2 for the same noise. */
export const countTwice = withAdaptation((right) => ({ count: () => 2 * right.count() }));

/** The gradients' noise has the plan's own multiplier, as if the count cost nothing. */
export const countNotCharged: Substitute = ({ mechanism, plan, noise }) => {
  const excess = noise.sigma / (plan.noiseMultiplier * noise.sensitivity);
  return {
    ...mechanism,
    drawNoise: () => mechanism.drawNoise().map((value) => Math.round(value / excess)),
  };
};

/** Clips each layer to the whole clip norm. */
export const layersNotScaled =
  (
    input: Omit<RoundInput, 'units'>,
    world: { features: number; rowsOf: (units: number) => Rows },
  ): Substitute =>
  ({ mechanism, plan }) => ({
    ...mechanism,
    async sumClipped(parameters, batch) {
      const { clipping } = plan;
      const layers = clipping?.kind === 'per-layer' ? clipping.layers!.length : 1;
      const wide = await prepareRounds(
        {
          ...input,
          units: packUnits(world.features, world.rowsOf(batch.length)),
          plan: { ...plan, clipNormL2: plan.clipNormL2 * Math.sqrt(layers) },
        },
        { randomness: seededRandomness('not scaled') },
      );
      try {
        return await wide.mechanism.sumClipped(parameters, batch);
      } finally {
        await wide.close();
      }
    },
  });
