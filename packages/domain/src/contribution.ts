// What a hospital added to a round, computed from recorded verdict scores only: no new question to any patient.
import { type Static, Type } from 'typebox';
import { Described, Id, MspId, RoundNumber, SignedDecimal, Strict } from './primitives.ts';

const Gain = Type.Union([SignedDecimal, Type.Null()]);

/** What one hospital's updates added to a round, by the recorded scores of the others. */
export const Contribution = Strict({
  mspId: MspId,
  included: Type.Array(Id, { description: 'Its datasets of which an update was included.' }),
  share: Described(SignedDecimal, 'Its public weight among the included updates, from 0 to 1.'),
  gain: Described(
    Gain,
    "The round's gain in pooled accuracy on the other hospitals' held-out patients; null where too few scored.",
  ),
  standardError: Described(Gain, "The gain's standard error from the scores' noise alone."),
  contribution: Described(Gain, 'share times gain.'),
  distinguishable: Type.Boolean({
    description: 'Whether the gain is more than two standard errors of noise away from 0.',
  }),
});
export type Contribution = Static<typeof Contribution>;

/** The contributions of all hospitals to a round. */
export const RoundContributions = Strict({
  studyId: Id,
  round: RoundNumber,
  baseline: Type.Union([RoundNumber, Type.Null()], {
    description:
      'The finalised round that this one started from; null for the first, whose base nobody scored.',
  }),
  hospitals: Type.Array(Contribution),
});
export type RoundContributions = Static<typeof RoundContributions>;
