// The part of a study file that says how parameters move: clipping, optimiser, schedule, decay and averaging. Fields
// and ranges are those of studies on the ledger; here numbers are numbers, and most have a default. Which fields go
// together is checked by the engine (`checkTrainingPlan`), which every plan passes through.
import { Described, isInRange, type NumberRange, optimisationParts, Strict, Words } from '@consilium/domain';
import type { TrainingPlan } from '@consilium/dp-sgd';
import { SCHEDULES } from '@consilium/dp-sgd';
import { type TOptional, type TSchema, Type } from 'typebox';
import type { Averaging } from '../simulation/model-average.ts';

/** What a number must be, in words that follow "must be". */
function rangeWords({ above, below, atMost }: NumberRange): string {
  const upper = [below !== undefined && `below ${below}`, atMost !== undefined && `at most ${atMost}`];
  const [bound] = upper.filter((words) => words !== false);
  if (above !== undefined)
    return bound === undefined ? `a number above ${above}` : `above ${above} and ${bound}`;
  if (atMost !== undefined) return `from 0 to ${atMost}`;
  return bound === undefined ? 'at least 0' : `at least 0 and ${bound}`;
}
const numberIn = (range: NumberRange) => {
  const description = rangeWords(range);
  const holds = (value: number) => value >= 0 && isInRange(range, value);
  return Type.Refine(Type.Number({ description }), holds, () => `must be ${description}`);
};
const Positive = numberIn({ above: 0 });
const Optional = <T extends TSchema>(schema: T, description: string) =>
  Type.Optional(Described(schema, description));
const Restarts = Optional(
  Type.Boolean(),
  'Whether every round starts without the momentum of the one before; false by default.',
);

/** Fields that may be left out, each with what it means then, beside those that may not. */
function withDefaults<T extends Record<string, TSchema>, K extends keyof T & string>(
  fields: T,
  meanings: Readonly<Record<K, string>>,
): { [F in keyof T]: F extends K ? TOptional<T[F]> : T[F] } {
  const open = Object.entries<string>(meanings).map(([field, meaning]) => [
    field,
    Optional(fields[field]!, meaning),
  ]);
  return { ...fields, ...Object.fromEntries(open) };
}

const parts = optimisationParts({
  number: numberIn,
  name: Type.String({ minLength: 1, maxLength: 100 }),
  mostNamesPerLayer: 1000,
  mostLayers: 1000,
  mostSteps: 1_000_000_000,
});

const Optimizer = Type.Union([
  Strict({ ...withDefaults(parts.sgd, { momentum: '0 by default.' }), restarts: Restarts }),
  Strict({
    ...withDefaults(parts.adam, {
      momentum: 'Of the first moment; 0.9 by default.',
      secondMomentum: 'Of the second moment; 0.999 by default.',
      floor: 'Least second moment once the noise’s variance is taken off; that variance by default.',
    }),
    restarts: Restarts,
  }),
]);

// One object for all kinds, since a field of another kind has a sentence of its own in the engine.
const Schedule = Strict({
  ...withDefaults(
    { ...parts.cosine, ...parts.step },
    {
      warmUpSteps: 'Steps of linear growth; 0 by default.',
      finalFraction: 'Of learningRate, towards the last step; 0 by default; cosine and linear only.',
      everySteps: 'step only: how often the rate falls.',
      factor: 'step only: what the rate falls by.',
    },
  ),
  kind: Words(SCHEDULES),
});

const Clipping = Type.Union([
  Strict({ kind: Type.Literal('flat') }),
  Strict({
    ...withDefaults(parts.perLayer, {
      layers: 'Lists of parameters, by name or by prefix ending in *; the others are layers of their own.',
    }),
    bounds: Described(
      Type.Union([parts.perLayer.bounds, Type.Array(Positive, { minItems: 1, maxItems: 1000 })]),
      'How clipNormL2 is shared out: equally, by the root of the layers’ sizes, or in proportion to numbers.',
    ),
  }),
  Strict({
    ...withDefaults(parts.adaptive, {
      targetQuantile: 'Share of gradients to be left whole; 0.5 by default.',
      countNoiseMultiplier:
        'Noise of the count, at least twice noiseMultiplier; a tenth of the expected batch, or 5 times, by default.',
      minimumClipNormL2: 'A hundredth of clipNormL2 by default.',
      maximumClipNormL2: 'A hundred times clipNormL2 by default.',
    }),
    // Its greatest value is the engine's to refuse: without privacy nothing is clipped, and none is too large.
    rate: Optional(Positive, 'How fast the clip norm follows, at most 10; 0.2 by default.'),
  }),
]);

const DriftCorrection = Type.Union([Strict(parts.fedprox), Strict(parts.scaffold)]);

/** Fields of a study file. */
export const OptimisationFields = {
  clipping: Optional(Clipping, 'Flat by default: the whole gradient to clipNormL2.'),
  optimizer: Optional(Optimizer, 'Gradient descent by default.'),
  schedule: Optional(Schedule, 'Of the learning rate, over the steps of all rounds; constant by default.'),
  weightDecay: Optional(
    parts.weightDecay,
    'Decoupled: each step shrinks every parameter by learningRate times this; 0 by default.',
  ),
  driftCorrection: Optional(
    DriftCorrection,
    'What keeps each hospital’s model near the others’ while it trains by itself; nothing by default.',
  ),
  averaging: Optional(
    Strict({
      decay: numberIn({ below: 1 }),
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
    // Momentum outside of `optimizer` has always started from scratch.
    restartsOptimizer: optimizer === undefined ? momentum !== undefined : restarts,
    ...(averaging && { averaging: { over: 'rounds', ...averaging } }),
  };
}
