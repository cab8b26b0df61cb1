// How parameters follow from the released means. It is all post-processing: a rule sees nothing else of the patients.
import type { TrainingPlan } from './training-plan.ts';

/**
 * Moves parameters, block by block, so that a step can release and apply a block while it is in the cache. A rule
 * allocates only when it is made.
 */
export interface UpdateRule {
  /** Says which step, counted from 1, the blocks to come belong to. */
  startStep(step: number): void;
  /**
   * Moves parameters[first .. first + count) in place by the released means mean[0 .. count). Each coordinate's result
   * depends on that coordinate alone; every coordinate is moved once a step.
   */
  apply(parameters: Float64Array, mean: Float64Array, first: number, count: number): void;
}

/** The rule of a plan, in its initial state. */
export function updateRuleOf(plan: TrainingPlan, parameterCount: number): UpdateRule {
  return gradientDescent(plan, parameterCount);
}

/** θ ← θ - η v, v ← μ v + mean: gradient descent with heavy-ball momentum (Polyak 1964). */
function gradientDescent(
  { learningRate, momentum = 0 }: Pick<TrainingPlan, 'learningRate' | 'momentum'>,
  parameterCount: number,
): UpdateRule {
  const velocity = new Float64Array(parameterCount);
  return {
    startStep: () => undefined,
    apply(parameters, mean, first, count) {
      for (let i = 0; i < count; i++) {
        const moved = momentum * velocity[first + i]! + mean[i]!;
        velocity[first + i] = moved;
        parameters[first + i]! -= learningRate * moved;
      }
    },
  };
}
