// The part of a study file that says how parameters move: optimiser, schedule, decay and averaging. Which fields go
// together is checked by the engine (`checkTrainingPlan`), which every plan passes through.
import { Described, Strict, Words } from '@consilium/chaincode/domain';
import { type TSchema, Type } from 'typebox';
import type { TrainingPlan } from '../dp-sgd/index.ts';
import { SCHEDULES } from '../dp-sgd/index.ts';

const NumberThat = (description: string, holds: (value: number) => boolean) =>
  Type.Refine(Type.Number({ description }), holds, () => `must be ${description}`);
const Positive = NumberThat('a number above 0', (value) => value > 0);
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

/** Fields of a study file. */
export const OptimisationFields = {
  optimizer: Optional(Optimizer, 'Gradient descent by default.'),
  schedule: Optional(Schedule, 'Of the learning rate, over the steps of all rounds; constant by default.'),
  weightDecay: Optional(
    NumberThat('at least 0', (value) => value >= 0),
    'Decoupled: each step shrinks every parameter by learningRate times this; 0 by default.',
  ),
  averaging: Optional(
    Strict({ decay: Decay }),
    'The outcome is then the exponential moving average of the models after each round.',
  ),
  rowsPerRun: Optional(
    Type.Integer({ minimum: 1, maximum: 4096 }),
    'Rows in memory at a time; larger batches are accumulated over several runs. 4096 by default.',
  ),
};

type Optimisation = Pick<
  TrainingPlan,
  'optimizer' | 'schedule' | 'weightDecay' | 'momentum' | 'rowsPerRun'
> & {
  readonly averaging?: { readonly decay: number };
};
/** The fields as a study file has them. */
export type OptimisationSettings = Omit<Optimisation, 'optimizer'> & {
  readonly optimizer?: NonNullable<TrainingPlan['optimizer']> & { readonly restarts?: boolean };
};

/** What the engine takes of them. */
export function optimisationOf(study: OptimisationSettings): {
  readonly plan: Omit<Optimisation, 'averaging'>;
  readonly restartsOptimizer: boolean;
  readonly averaging?: { readonly decay: number };
} {
  const { optimizer, schedule, weightDecay, averaging, momentum, rowsPerRun } = study;
  const { restarts = false, ...kept } = optimizer ?? {};
  return {
    plan: {
      ...(optimizer && { optimizer: kept as NonNullable<TrainingPlan['optimizer']> }),
      ...(schedule && { schedule }),
      ...(weightDecay !== undefined && { weightDecay }),
      ...(momentum !== undefined && { momentum }),
      ...(rowsPerRun !== undefined && { rowsPerRun }),
    },
    // Momentum outside of `optimizer` has always started anew.
    restartsOptimizer: optimizer === undefined ? momentum !== undefined : restarts,
    ...(averaging && { averaging }),
  };
}
