// How the parameters of a study move: optimiser, learning-rate schedule, weight decay and clipping. All of it is fixed
// with the study; none of it changes a privacy event, which states the noise multiplier of each step as a whole.
import { type Static, Type } from 'typebox';
import type { AggregationPlan } from './aggregation.ts';
import { compareDecimals, ratioOf } from './decimal.ts';
import { Decimal, DecimalThat, Described, PositiveDecimal, Strict, Text, Words } from './primitives.ts';
import { type Problem, problem, within } from './problem.ts';

const Decay = DecimalThat((value) => value < 1, 'below 1');
const Share = DecimalThat((value) => value <= 1, 'at most 1');
const Steps = Type.Integer({ minimum: 1, maximum: 100_000_000 });

/** Every number is said, none has a default; each round starts without the momentum of the one before. */
export const Optimizer = Type.Union([
  Strict({ kind: Type.Literal('sgd'), momentum: Described(Decay, 'Heavy-ball momentum (μ).') }),
  Strict({
    kind: Type.Literal('adam'),
    momentum: Described(Decay, 'Decay of the first moment (β₁).'),
    secondMomentum: Described(Decay, 'Decay of the second moment (β₂).'),
    floor: Type.Optional(
      Described(
        PositiveDecimal,
        "Least second moment once the noise's variance is taken off; that variance if absent.",
      ),
    ),
  }),
]);

const WarmUp = { warmUpSteps: Type.Integer({ minimum: 0, description: 'Steps of linear growth.' }) };
const Final = { finalFraction: Described(Share, 'Of learningRate, towards the last step.') };
export const Schedule = Type.Union([
  Strict({ kind: Type.Literal('constant'), ...WarmUp }),
  Strict({ kind: Type.Literal('cosine'), ...WarmUp, ...Final }),
  Strict({ kind: Type.Literal('linear'), ...WarmUp, ...Final }),
  Strict({
    kind: Type.Literal('step'),
    ...WarmUp,
    everySteps: Steps,
    factor: DecimalThat((value) => value > 0 && value <= 1, 'greater than 0 and at most 1'),
  }),
]);

const Layer = Type.Array(Text({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 20 });
export const Clipping = Type.Union([
  Strict({
    kind: Type.Literal('per-layer'),
    bounds: Words(['uniform', 'by-size']),
    layers: Type.Optional(
      Type.Array(Layer, {
        minItems: 1,
        maxItems: 100,
        description: 'Names (or prefixes ending in *) of parameters; the others are layers of their own.',
      }),
    ),
  }),
  Strict({
    kind: Type.Literal('adaptive'),
    targetQuantile: DecimalThat((value) => value > 0 && value < 1, 'greater than 0 and below 1'),
    rate: DecimalThat((value) => value > 0 && value <= 10, 'greater than 0 and at most 10'),
    countNoiseMultiplier: Described(
      PositiveDecimal,
      "The count's part of noiseMultiplier; at least twice as much.",
    ),
    minimumClipNormL2: PositiveDecimal,
    maximumClipNormL2: PositiveDecimal,
  }),
]);

export const DriftCorrection = Type.Union([
  Strict({
    kind: Type.Literal('fedprox'),
    proximal: Described(
      PositiveDecimal,
      "μ: each step is also drawn to the round's base, by μ times the distance.",
    ),
  }),
  Strict({ kind: Type.Literal('scaffold') }),
]);

/** Fields of a study's training plan. */
export const OptimisationFields = {
  optimizer: Type.Optional(Described(Optimizer, 'Gradient descent where absent.')),
  schedule: Type.Optional(Described(Schedule, 'Of the learning rate, over the steps of all rounds.')),
  weightDecay: Type.Optional(
    Described(Decimal, 'Each step shrinks every parameter by learningRate times this.'),
  ),
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
