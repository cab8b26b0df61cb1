// The drift corrections that a training plan can name, and which other settings each of them allows.
import type { Schedule } from './learning-rate.ts';
import type { Optimizer } from './optimizer.ts';
import { type PlanProblem, planProblem } from './plan-problem.ts';

/** How a hospital corrects the drift of its own steps from the model that all share. */
export type DriftCorrection =
  | {
      readonly kind: 'fedprox';
      /** μ > 0: weight of μ/2 ‖w - base‖² beside the loss (Li et al. 2020, "FedProx", Alg. 2). */
      readonly proximal: number;
    }
  /** Control variates (Karimireddy et al. 2020, "SCAFFOLD", Alg. 1 with option II). */
  | { readonly kind: 'scaffold' };

/** The settings of a training plan that a correction depends on. */
interface CorrectedPlan {
  readonly driftCorrection?: DriftCorrection;
  readonly optimizer?: Optimizer;
  readonly momentum?: number;
  readonly schedule?: Schedule;
  readonly learningRate: number;
}

/** Problems of a plan's correction, each with its field; empty if there are none. */
export function driftProblems(plan: CorrectedPlan): PlanProblem[] {
  const { driftCorrection, optimizer, momentum, schedule, learningRate } = plan;
  if (driftCorrection === undefined) return [];
  const problems: PlanProblem[] = [];
  const check = (holds: boolean, field: string, text: string, remedy?: string) => {
    if (!holds) problems.push(planProblem(field, text, remedy));
  };
  if (driftCorrection.kind === 'fedprox') {
    const { proximal } = driftCorrection;
    check(Number.isFinite(proximal) && proximal > 0, 'driftCorrection.proximal', 'must be a positive number');
    check(
      optimizer?.kind === 'adam' || proximal * learningRate < 1,
      'driftCorrection.proximal',
      'times learningRate must be below 1, or steps jump over the model they are drawn to',
    );
    return problems;
  }
  check(driftCorrection.kind === 'scaffold', 'driftCorrection.kind', 'must be fedprox or scaffold');
  const isPlain = optimizer?.kind !== 'adam' && !(optimizer?.momentum ?? momentum);
  check(
    isPlain,
    'driftCorrection',
    ': scaffold needs gradient descent without momentum: a control variate is the mean gradient of a round, and ' +
      'follows from its update only where steps are gradients',
  );
  check(
    schedule === undefined || (schedule.kind === 'constant' && !schedule.warmUpSteps),
    'driftCorrection',
    ': scaffold needs one learning rate in all rounds, since control variates are kept over them',
    'leave schedule out',
  );
  return problems;
}
