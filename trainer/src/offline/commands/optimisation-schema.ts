// The part of a study file that says how parameters move: clipping, optimiser, schedule, decay and averaging. Which
// fields go together is checked by the engine (`checkTrainingPlan`), which every plan passes through.
import { Described, Strict, Words } from '@consilium/domain';
import type { TrainingPlan } from '@consilium/dp-sgd';
import { SCHEDULES } from '@consilium/dp-sgd';
import { type TSchema, Type } from 'typebox';
import type { Averaging } from '../simulation/model-average.ts';

const NumberThat = (description: string, holds: (value: number) => boolean) =>
  Type.Refine(Type.Number({ description }), holds, () => `must be ${description}`);
const Positive = NumberThat('a number above 0', (value) => value > 0);
const Fraction = NumberThat('above 0 and below 1', (value) => value > 0 && value < 1);
const Decay = NumberThat('at least 0 and below 1', (value) => value >= 0 && value < 1);
const Optional = <T extends TSchema>(schema: T, description: string) =>
  Type.Optional(Described(schema, description));
const Steps = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });
const Restarts = Optional(
  Type.Boolean(),
  'Whether every round starts without the momentum of the one before; false by default.',
);

const Optimizer = Type.Union([
  Strict({ kind: Type.Literal('sgd'), momentum: Optional(Decay, '0 by default.'), restarts: Restarts }),
  Strict({
    kind: Type.Literal('adam'),
    momentum: Optional(Decay, 'Of the first moment; 0.9 by default.'),
    secondMomentum: Optional(Decay, 'Of the second moment; 0.999 by default.'),
    floor: Optional(
      Positive,
      'Least second moment once the noise’s variance is taken off; that variance by default.',
    ),
    restarts: Restarts,
  }),
]);

const Schedule = Strict({
  kind: Words(SCHEDULES),
  warmUpSteps: Optional(Type.Integer({ minimum: 0 }), 'Steps of linear growth; 0 by default.'),
  finalFraction: Optional(
    NumberThat('from 0 to 1', (value) => value >= 0 && value <= 1),
    'Of learningRate, towards the last step; 0 by default; cosine and linear only.',
  ),
  everySteps: Optional(Steps, 'step only: how often the rate falls.'),
  factor: Optional(
    NumberThat('above 0 and at most 1', (value) => value > 0 && value <= 1),
    'step only: what the rate falls by.',
  ),
});

const Pattern = Type.String({ minLength: 1, maxLength: 100 });
const Clipping = Type.Union([
  Strict({ kind: Type.Literal('flat') }),
  Strict({
    kind: Type.Literal('per-layer'),
    bounds: Described(
      Type.Union([Words(['uniform', 'by-size']), Type.Array(Positive, { minItems: 1, maxItems: 1000 })]),
      'How clipNormL2 is shared out: equally, by the root of the layers’ sizes, or in proportion to numbers.',
    ),
    layers: Optional(
      Type.Array(Type.Array(Pattern, { minItems: 1, maxItems: 1000 }), { minItems: 1, maxItems: 1000 }),
      'Lists of parameters, by name or by prefix ending in *; the others are layers of their own.',
    ),
  }),
  Strict({
    kind: Type.Literal('adaptive'),
    targetQuantile: Optional(Fraction, 'Share of gradients to be left whole; 0.5 by default.'),
    rate: Optional(Positive, 'How fast the clip norm follows, at most 10; 0.2 by default.'),
    countNoiseMultiplier: Optional(
      Positive,
      'Noise of the count, at least twice noiseMultiplier; a tenth of the expected batch, or 5 times, by default.',
    ),
    minimumClipNormL2: Optional(Positive, 'A hundredth of clipNormL2 by default.'),
    maximumClipNormL2: Optional(Positive, 'A hundred times clipNormL2 by default.'),
  }),
]);

const DriftCorrection = Type.Union([
  Strict({
    kind: Type.Literal('fedprox'),
    proximal: Described(
      Positive,
      'μ: each step is also drawn to the round’s start, by μ times the distance.',
    ),
  }),
  Strict({ kind: Type.Literal('scaffold') }),
]);

/** Fields of a study file. */
export const OptimisationFields = {
  clipping: Optional(Clipping, 'Flat by default: the whole gradient to clipNormL2.'),
  optimizer: Optional(Optimizer, 'Gradient descent by default.'),
  schedule: Optional(Schedule, 'Of the learning rate, over the steps of all rounds; constant by default.'),
  weightDecay: Optional(
    NumberThat('at least 0', (value) => value >= 0),
    'Decoupled: each step shrinks every parameter by learningRate times this; 0 by default.',
  ),
  driftCorrection: Optional(
    DriftCorrection,
    'What keeps each hospital’s model near the others’ while it trains by itself; nothing by default.',
  ),
  averaging: Optional(
    Strict({
      decay: Decay,
      over: Optional(
        Words(['rounds', 'steps']),
        'Of the models after each round, or after each step; rounds by default.',
      ),
    }),
    'The outcome is then the exponential moving average of the models.',
  ),
  rowsPerRun: Optional(
    Type.Integer({ minimum: 1, maximum: 4096 }),
    'Rows in memory at a time; larger batches are accumulated over several runs. 4096 by default.',
  ),
};

type Optimisation = Pick<
  TrainingPlan,
  'clipping' | 'optimizer' | 'schedule' | 'weightDecay' | 'momentum' | 'rowsPerRun' | 'driftCorrection'
> & {
  readonly averaging?: { readonly decay: number; readonly over?: Averaging['over'] };
};
/** The fields as a study file has them. */
export type OptimisationSettings = Omit<Optimisation, 'optimizer'> & {
  readonly optimizer?: NonNullable<TrainingPlan['optimizer']> & { readonly restarts?: boolean };
};

/** What the engine takes of them; without privacy nothing is clipped, whatever the kind. */
export function optimisationOf(
  study: OptimisationSettings,
  { isPrivate }: { readonly isPrivate: boolean },
): {
  readonly plan: Omit<Optimisation, 'averaging'>;
  readonly restartsOptimizer: boolean;
  readonly averaging?: Averaging;
} {
  const { clipping, optimizer, schedule, weightDecay, averaging, momentum, rowsPerRun, driftCorrection } =
    study;
  const { restarts = false, ...kept } = optimizer ?? {};
  return {
    plan: {
      ...(clipping && isPrivate && { clipping }),
      ...(optimizer && { optimizer: kept as NonNullable<TrainingPlan['optimizer']> }),
      ...(schedule && { schedule }),
      ...(weightDecay !== undefined && { weightDecay }),
      ...(momentum !== undefined && { momentum }),
      ...(driftCorrection && { driftCorrection }),
      ...(rowsPerRun !== undefined && { rowsPerRun }),
    },
    // Momentum outside of `optimizer` has always started anew.
    restartsOptimizer: optimizer === undefined ? momentum !== undefined : restarts,
    ...(averaging && { averaging: { over: 'rounds', ...averaging } }),
  };
}
