// What keeps a hospital's model near the others' while it trains by itself. Both corrections are functions of released
// values and public numbers, added to each released mean after its noise: post-processing, which costs no privacy.
// Local parameters, which no other hospital has, are left alone.
import type { TrainingPlan } from './training-plan.ts';
import type { OptimizerState, UpdateRule } from './update-rule.ts';

export type DriftCorrection =
  | {
      readonly kind: 'fedprox';
      /** μ > 0: weight of μ/2 ‖w - base‖² beside the loss (Li et al. 2020, "FedProx", Alg. 2). */
      readonly proximal: number;
    }
  /** Control variates (Karimireddy et al. 2020, "SCAFFOLD", Alg. 1 with option II). */
  | { readonly kind: 'scaffold' };

/** What is wrong with a plan's correction, by field. */
export function driftProblems(
  plan: Pick<TrainingPlan, 'driftCorrection' | 'optimizer' | 'momentum' | 'schedule' | 'learningRate'>,
): string[] {
  const { driftCorrection, optimizer, momentum, schedule, learningRate } = plan;
  if (driftCorrection === undefined) return [];
  const problems: string[] = [];
  const check = (holds: boolean, problem: string) => {
    if (!holds) problems.push(`driftCorrection: ${problem}`);
  };
  if (driftCorrection.kind === 'fedprox') {
    const { proximal } = driftCorrection;
    check(Number.isFinite(proximal) && proximal > 0, 'proximal must be a positive number');
    check(
      optimizer?.kind === 'adam' || proximal * learningRate < 1,
      'proximal times learningRate must be below 1, or steps jump over the model they are drawn to',
    );
    return problems;
  }
  check(driftCorrection.kind === 'scaffold', 'kind must be fedprox or scaffold');
  const isPlain = optimizer?.kind !== 'adam' && !(optimizer?.momentum ?? momentum);
  check(
    isPlain,
    'scaffold needs gradient descent without momentum: a control variate is the mean gradient of a round, and ' +
      'follows from its update only where steps are gradients',
  );
  check(
    schedule === undefined || (schedule.kind === 'constant' && !schedule.warmUpSteps),
    'scaffold needs one learning rate in all rounds, since control variates are kept over them: leave schedule out',
  );
  return problems;
}

/** Where a correction applies and what by, over all parameters in the model's flat order. */
export interface DriftTerms {
  /** The round's base, [parameterCount]. */
  readonly base: ArrayLike<number>;
  /** Places of the shared parameters. */
  readonly sharedIndices: ArrayLike<number>;
  readonly correction: DriftCorrection;
  /** c - cᵢ by shared parameter, for scaffold; none is zero: nobody has contributed yet. */
  readonly controlShift?: ArrayLike<number> | undefined;
}

/**
 * The rule, seeing means that are corrected: g + μ (w - base), or g - cᵢ + c.
 *
 * The proximal term is part of the gradient, so that any optimiser minimises loss and term together.
 */
export function correctingDrift(rule: UpdateRule, terms: DriftTerms): UpdateRule {
  const { correction, base, sharedIndices, controlShift } = terms;
  const count = base.length;
  const corrected = new Float64Array(count);
  const shift = new Float64Array(count);
  const pull = new Float64Array(count);
  for (let j = 0; j < sharedIndices.length; j++) {
    const at = sharedIndices[j]!;
    if (correction.kind === 'fedprox') pull[at] = correction.proximal;
    else shift[at] = controlShift?.[j] ?? 0;
  }
  return {
    startStep: (step, noiseDeviation) => rule.startStep(step, noiseDeviation),
    apply(parameters, mean, first, size) {
      for (let i = 0; i < size; i++) {
        const at = first + i;
        corrected[i] = mean[i]! + shift[at]! + pull[at]! * (parameters[at]! - base[at]!);
      }
      rule.apply(parameters, corrected, first, size);
    },
    state: (): OptimizerState => rule.state(),
  };
}
