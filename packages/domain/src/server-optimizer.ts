// How a round's aggregate moves a study's model: server optimisers (Reddi et al. 2021). What they remember is part of
// each aggregate's artefact and of the hash that members attest, so that every member can go on from any round.
import { type Static, Type } from 'typebox';
import { DecimalThat, Described, Strict } from './primitives.ts';

/** Coarser than the factors of 2^-20 that members compute with. */
const Rate = DecimalThat((value) => value >= 0.0001 && value < 1024, 'at least 0.0001 and below 1024');
const Decay = DecimalThat((value) => value <= 0.9999, 'at most 0.9999');
const Adaptivity = DecimalThat(
  (value) => value >= 0.000_000_001 && value < 1024,
  'at least 0.000000001 and below 1024',
);

const Step = {
  learningRate: Described(Rate, 'Factor of the momentum, or of its share of the root of the second moment.'),
  momentum: Described(Decay, 'Decay of the aggregates before (β₁).'),
};
const Adaptive = {
  ...Step,
  adaptivity: Described(Adaptivity, 'Floor of that root (τ), in parameter units.'),
};
const secondMomentum = Described(Decay, 'Decay of the second moment (β₂).');

/** Every number is said, none has a default. */
export const ServerOptimizer = Type.Union([
  Strict({ kind: Type.Literal('fedavgm'), ...Step }),
  Strict({ kind: Type.Literal('fedadam'), ...Adaptive, secondMomentum }),
  Strict({ kind: Type.Literal('fedyogi'), ...Adaptive, secondMomentum }),
  Strict({ kind: Type.Literal('fedadagrad'), ...Adaptive }),
]);
export type ServerOptimizer = Static<typeof ServerOptimizer>;
