// The part of the study file that says how errors count.
import { Described, Strict } from '@consilium/domain';
import { Type } from 'typebox';

const isPositive = (value: number) => value > 0 && Number.isFinite(value);
const Positive = (description: string) =>
  Type.Refine(Type.Number({ description }), isPositive, () => 'must be a number above 0');

const Loss = Type.Union([
  Strict({ kind: Type.Literal('binary-cross-entropy') }),
  Strict({ kind: Type.Literal('categorical-cross-entropy') }),
  Strict({ kind: Type.Literal('squared-error') }),
  Strict({
    kind: Type.Literal('huber'),
    delta: Positive("Error, in the label's unit, beyond which it is linear."),
  }),
  Strict({ kind: Type.Literal('poisson-deviance') }),
]);

/** Fields of a study that depend on the kind of its label. */
export const LossFields = {
  loss: Type.Optional(
    Described(
      Loss,
      'Cross-entropy for classes, squared error for numbers, Poisson deviance for counts by default.',
    ),
  ),
  classWeights: Type.Optional(
    Type.Array(Positive('A public number.'), {
      minItems: 2,
      maxItems: 100,
      description: 'Of label 0 and 1, or of each category in order: public numbers.',
    }),
  ),
};
