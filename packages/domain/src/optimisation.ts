// How the parameters of a study move: optimiser, learning-rate schedule, weight decay and clipping. All of it is fixed
// with the study; none of it changes a privacy event, which states the noise multiplier of each step as a whole.
// Study files of people without a ledger have the same fields with numbers and defaults: both are made of one list.
import { type Static, type TSchema, Type } from 'typebox';
import type { AggregationPlan } from './aggregation.ts';
import { compareDecimals, ratioOf } from './decimal.ts';
import { Decimal, DecimalThat, Described, Strict, Text, Words } from './primitives.ts';
import { type Problem, problem, within } from './problem.ts';

/** A range of numbers that are at least 0. */
export interface NumberRange {
  /** The number itself is not in the range. */
  readonly above?: 0;
  /** The number itself is not in the range. */
  readonly below?: number;
  readonly atMost?: number;
}

/** Whether a number of at least 0 is in the range. */
export const isInRange = ({ above, below, atMost }: NumberRange, value: number): boolean =>
  (above === undefined || value > above) &&
  (below === undefined || value < below) &&
  (atMost === undefined || value <= atMost);

/** What differs between the ledger's fields, with decimals as strings, and a study file's, with numbers. */
export interface OptimisationForm<N extends TSchema, L extends TSchema> {
  readonly number: (range: NumberRange) => N;
  /** A parameter's name, or a prefix ending in *. */
  readonly name: L;
  readonly mostNamesPerLayer: number;
  readonly mostLayers: number;
  readonly mostSteps: number;
}

const POSITIVE: NumberRange = { above: 0 };
const DECAY: NumberRange = { below: 1 };

/**
 * Everything that a study may say of how its parameters move, once for all forms: field by field and kind by kind, all
 * of them required. A form makes its schemas of them.
 */
export function optimisationParts<N extends TSchema, L extends TSchema>(form: OptimisationForm<N, L>) {
  const { number, name, mostNamesPerLayer, mostLayers, mostSteps } = form;
  const warmUp = { warmUpSteps: Type.Integer({ minimum: 0, description: 'Steps of linear growth.' }) };
  const final = {
    finalFraction: Described(number({ atMost: 1 }), 'Of learningRate, towards the last step.'),
  };
  return {
    sgd: { kind: Type.Literal('sgd'), momentum: Described(number(DECAY), 'Heavy-ball momentum (μ).') },
    adam: {
      kind: Type.Literal('adam'),
      momentum: Described(number(DECAY), 'Decay of the first moment (β₁).'),
      secondMomentum: Described(number(DECAY), 'Decay of the second moment (β₂).'),
      floor: Described(
        number(POSITIVE),
        "Least second moment once the noise's variance is taken off; that variance if absent.",
      ),
    },
    constant: { kind: Type.Literal('constant'), ...warmUp },
    cosine: { kind: Type.Literal('cosine'), ...warmUp, ...final },
    linear: { kind: Type.Literal('linear'), ...warmUp, ...final },
    step: {
      kind: Type.Literal('step'),
      ...warmUp,
      everySteps: Type.Integer({ minimum: 1, maximum: mostSteps }),
      factor: number({ above: 0, atMost: 1 }),
    },
    perLayer: {
      kind: Type.Literal('per-layer'),
      bounds: Words(['uniform', 'by-size']),
      layers: Type.Array(Type.Array(name, { minItems: 1, maxItems: mostNamesPerLayer }), {
        minItems: 1,
        maxItems: mostLayers,
        description: 'Names (or prefixes ending in *) of parameters; the others are layers of their own.',
      }),
    },
    adaptive: {
      kind: Type.Literal('adaptive'),
      targetQuantile: number({ above: 0, below: 1 }),
      rate: number({ above: 0, atMost: 10 }),
      countNoiseMultiplier: Described(
        number(POSITIVE),
        "The count's part of noiseMultiplier; at least twice as much.",
      ),
      minimumClipNormL2: number(POSITIVE),
      maximumClipNormL2: number(POSITIVE),
    },
    fedprox: {
      kind: Type.Literal('fedprox'),
      proximal: Described(
        number(POSITIVE),
        "μ: each step is also drawn to the round's base, by μ times the distance.",
      ),
    },
    scaffold: { kind: Type.Literal('scaffold') },
    weightDecay: Described(number({}), 'Each step shrinks every parameter by learningRate times this.'),
  };
}

/** A refusal's end after "must be"; a decimal of the ledger is never below 0. */
function ledgerWords({ above, below, atMost }: NumberRange): string {
  const parts = [
    above !== undefined && `greater than ${above}`,
    below !== undefined && `below ${below}`,
    atMost !== undefined && `at most ${atMost}`,
  ];
  return parts.filter(Boolean).join(' and ');
}

const parts = optimisationParts({
  number: (range) =>
    Object.keys(range).length === 0
      ? Decimal
      : DecimalThat((value) => isInRange(range, value), ledgerWords(range)),
  name: Text({ minLength: 1, maxLength: 100 }),
  mostNamesPerLayer: 20,
  mostLayers: 100,
  mostSteps: 100_000_000,
});

/** Every number is said, none has a default; each round starts without the momentum of the one before. */
export const Optimizer = Type.Union([
  Strict(parts.sgd),
  Strict({ ...parts.adam, floor: Type.Optional(parts.adam.floor) }),
]);
export const Schedule = Type.Union([
  Strict(parts.constant),
  Strict(parts.cosine),
  Strict(parts.linear),
  Strict(parts.step),
]);
export const Clipping = Type.Union([
  Strict({ ...parts.perLayer, layers: Type.Optional(parts.perLayer.layers) }),
  Strict(parts.adaptive),
]);
export const DriftCorrection = Type.Union([Strict(parts.fedprox), Strict(parts.scaffold)]);

/** Fields of a study's training plan. */
export const OptimisationFields = {
  optimizer: Type.Optional(Described(Optimizer, 'Gradient descent where absent.')),
  schedule: Type.Optional(Described(Schedule, 'Of the learning rate, over the steps of all rounds.')),
  weightDecay: Type.Optional(parts.weightDecay),
  clipping: Type.Optional(
    Described(
      Clipping,
      'Where absent, the whole gradient is clipped to clipNormL2; each round starts from it.',
    ),
  ),
  driftCorrection: Type.Optional(
    Described(DriftCorrection, "What keeps a hospital's model near the others' within a round."),
  ),
};
export type Optimisation = Static<ReturnType<typeof Type.Object<typeof OptimisationFields>>>;

/** What of a study says how its parameters move. */
interface MovingStudy {
  readonly training: Optimisation & {
    readonly learningRate: string;
    readonly momentum?: string;
    readonly clipNormL2: string;
    readonly noiseMultiplier: string;
    readonly stepsPerRound: number;
  };
  readonly rounds: number;
  readonly aggregation: Pick<AggregationPlan, 'rule'>;
}

/** Why a plan contradicts itself in how its parameters move, by field; none for a sound plan. */
export function optimisationProblems({ training, rounds, aggregation }: MovingStudy): Problem[] {
  const { optimizer, schedule, weightDecay, clipping, momentum, learningRate, stepsPerRound } = training;
  const problems: Problem[] = [];
  const check = (holds: boolean, [field, text, remedy]: readonly [string, string, string?]) => {
    if (!holds) problems.push(problem(`training.${field}`, text, remedy));
  };
  check(momentum === undefined || compareDecimals(momentum, '1') < 0, ['momentum', 'must be below 1']);
  check(optimizer === undefined || momentum === undefined, [
    'momentum',
    "is the optimizer's own field",
    'leave it out beside optimizer',
  ]);
  if (schedule !== undefined) {
    const steps = rounds * stepsPerRound;
    check(schedule.warmUpSteps < steps, ['schedule.warmUpSteps', `must be below the study's ${steps} steps`]);
  }
  if (weightDecay !== undefined) {
    const [decay, rate] = [ratioOf(weightDecay), ratioOf(learningRate)];
    check(decay.numerator * rate.numerator < decay.denominator * rate.denominator, [
      'weightDecay',
      'times learningRate must be below 1',
    ]);
  }
  if (clipping?.kind === 'adaptive') {
    const { clipNormL2, noiseMultiplier } = training;
    const { numerator, denominator } = ratioOf(noiseMultiplier);
    const count = ratioOf(clipping.countNoiseMultiplier);
    check(
      count.numerator * denominator >= 2n * numerator * count.denominator &&
        compareDecimals(clipping.countNoiseMultiplier, '2000') <= 0,
      ['clipping.countNoiseMultiplier', 'must be at least twice noiseMultiplier and at most 2000'],
    );
    check(
      compareDecimals(clipping.minimumClipNormL2, clipNormL2) <= 0 &&
        compareDecimals(clipping.maximumClipNormL2, clipNormL2) >= 0,
      ['clipping.minimumClipNormL2', 'and maximumClipNormL2 must hold clipNormL2 between them'],
    );
  }
  problems.push(...within('training', driftProblems(training)));
  if (training.driftCorrection?.kind === 'scaffold' && aggregation.rule !== 'fedavg') {
    const why = 'control variates enter by their mean, which one false update moves at will';
    problems.push(problem('aggregation.rule', `must be fedavg beside scaffold: ${why}`));
  }
  return problems;
}

function driftProblems(training: MovingStudy['training']): Problem[] {
  const { driftCorrection, optimizer, momentum, schedule, learningRate } = training;
  if (driftCorrection === undefined) return [];
  if (driftCorrection.kind === 'fedprox') {
    const [pull, rate] = [ratioOf(driftCorrection.proximal), ratioOf(learningRate)];
    const isShort = pull.numerator * rate.numerator < pull.denominator * rate.denominator;
    const product = problem('driftCorrection.proximal', 'times learningRate must be below 1');
    return optimizer?.kind === 'adam' || isShort ? [] : [product];
  }
  const problems: Problem[] = [];
  if (optimizer?.kind === 'adam' || Number(optimizer?.momentum ?? momentum ?? 0) > 0) {
    const why =
      'a control variate is the mean gradient of a round, and follows from its update only where steps are gradients';
    problems.push(problem('driftCorrection', `: scaffold needs gradient descent without momentum: ${why}`));
  }
  if (schedule !== undefined && !(schedule.kind === 'constant' && schedule.warmUpSteps === 0)) {
    const why = 'since control variates are kept over them';
    problems.push(
      problem(
        'driftCorrection',
        `: scaffold needs one learning rate in all rounds, ${why}`,
        'leave schedule out',
      ),
    );
  }
  return problems;
}
