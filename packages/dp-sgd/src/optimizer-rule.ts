// How parameters follow from the released means. All of it is post-processing: a rule sees nothing else about the
// patients, and so its state may be kept from round to round.
import { learningRateAt } from './learning-rate.ts';
import type { Optimizer } from './optimizer.ts';
import { studyStepsOf, TrainingInputError, type TrainingPlan } from './training-plan.ts';

/**
 * Moves parameters, block by block, so that a step can release and apply a block while it is in the cache. A rule
 * allocates only when it is made.
 */
export interface OptimizerRule {
  /**
   * Starts a step: the next calls of `apply` belong to it.
   *
   * @param step counted from 1 over the whole study
   * @param noiseDeviation standard deviation of the noise in each value of the step's mean
   */
  startStep(step: number, noiseDeviation: number): void;
  /**
   * Moves parameters[first .. first + count) in place by the released means mean[0 .. count). Each coordinate's result
   * depends on that coordinate alone. Every coordinate is moved once per step.
   */
  apply(parameters: Float64Array, mean: Float64Array, first: number, count: number): void;
  /** The state of the rule. The arrays are not copied. */
  state(): OptimizerState;
  /** For gradient descent over a `DescentMemory`: the factors of this step. */
  descent?(): DescentRates;
}

/** The factors of a step of gradient descent: v ← μ v + mean, θ ← kept θ - rate v. */
export interface DescentRates {
  readonly rate: number;
  readonly kept: number;
  /** μ; 0 where there is no velocity. */
  readonly momentum: number;
}

/** The velocity that a `FusedMove` and the rule of gradient descent share. */
export interface DescentMemory {
  readonly hasVelocity: boolean;
  /** [parameterCount], or empty without velocity. */
  readonly velocity: Float64Array;
}

/** What an optimiser remembers between steps, [parameterCount] each. It follows from released values alone. */
export type OptimizerState =
  | { readonly kind: 'sgd'; readonly velocity: Float64Array }
  | {
      readonly kind: 'adam';
      readonly first: Float64Array;
      readonly second: Float64Array;
      /** The noise's variance, averaged as the second moment is. */
      readonly noiseVariance: number;
      readonly steps: number;
    };

/**
 * The rule of a plan, in its initial state or in a given one. With a memory, the rule keeps its velocity there.
 *
 * Weight decay is decoupled (Loshchilov and Hutter 2019): θ ← θ - η λ θ before the gradient's own move, and no part of
 * the gradient, its clipping or the moments.
 *
 * @throws TrainingInputError for a state of another optimiser or model
 */
export function optimizerRuleOf(
  plan: TrainingPlan,
  parameterCount: number,
  state?: OptimizerState,
  memory?: DescentMemory,
): OptimizerRule {
  const optimizer = optimizerOf(plan);
  checkOptimizerState(plan, parameterCount, state);
  if (optimizer.kind === 'adam') {
    return adam(plan, { optimizer, parameterCount, state: state?.kind === 'adam' ? state : undefined });
  }
  const own = { optimizer, parameterCount, state: state?.kind === 'sgd' ? state : undefined };
  return gradientDescent(plan, own, memory);
}

/** The plan's optimiser. The field `momentum` means gradient descent with that momentum. */
export function optimizerOf({ optimizer, momentum }: TrainingPlan): Optimizer {
  return optimizer ?? { kind: 'sgd', ...(momentum !== undefined && { momentum }) };
}

/** @throws TrainingInputError for a state of another optimiser or model */
export function checkOptimizerState(
  plan: TrainingPlan,
  parameterCount: number,
  state: OptimizerState | undefined,
): void {
  if (state === undefined) return;
  const count = state.kind === 'adam' ? state.first.length : state.velocity.length;
  if (state.kind === optimizerOf(plan).kind && count === parameterCount) return;
  throw new TrainingInputError(
    'optimizer: the state given is not of this optimizer and model: start without',
  );
}

interface Start<Kind extends Optimizer['kind']> {
  readonly optimizer: Extract<Optimizer, { kind: Kind }>;
  readonly parameterCount: number;
  readonly state: Extract<OptimizerState, { kind: Kind }> | undefined;
}

/** The factors of a step: η, and 1 - η λ, the part of each parameter that weight decay leaves. */
export function ratesOf(
  plan: TrainingPlan,
): (step: number) => { readonly rate: number; readonly kept: number } {
  const { weightDecay = 0 } = plan;
  const scheduled = { ...plan, studySteps: studyStepsOf(plan) };
  return (step) => {
    const rate = learningRateAt(scheduled, step);
    return { rate, kept: 1 - rate * weightDecay };
  };
}

/**
 * v ← μ v + mean, θ ← θ - η v: gradient descent with heavy-ball momentum (Polyak 1964). Without momentum v is never
 * read, and stays 0: for large models, memory traffic is the cost of a step.
 */
function gradientDescent(
  plan: TrainingPlan,
  { optimizer, parameterCount, state }: Start<'sgd'>,
  memory?: DescentMemory,
): OptimizerRule {
  const { momentum = 0 } = optimizer;
  const ratesAt = ratesOf(plan);
  const isInMemory = memory?.hasVelocity === momentum > 0;
  const isNone = momentum === 0 && state === undefined;
  const none = () => new Float64Array(isNone ? 0 : parameterCount);
  const velocity = isInMemory && momentum > 0 ? memory.velocity : none();
  if (state !== undefined) velocity.set(state.velocity);
  else velocity.fill(0);
  let [rate, kept] = [plan.learningRate, 1];
  return {
    startStep(step) {
      ({ rate, kept } = ratesAt(step));
    },
    apply(parameters, mean, first, count) {
      const [by, left] = [rate, kept];
      if (momentum === 0) {
        for (let i = 0; i < count; i++) parameters[first + i] = left * parameters[first + i]! - by * mean[i]!;
        return;
      }
      for (let i = 0; i < count; i++) {
        const moved = momentum * velocity[first + i]! + mean[i]!;
        velocity[first + i] = moved;
        parameters[first + i] = left * parameters[first + i]! - by * moved;
      }
    },
    state: () => ({ kind: 'sgd', velocity: isNone ? new Float64Array(parameterCount) : velocity }),
    ...(isInMemory && { descent: () => ({ rate, kept, momentum }) }),
  };
}

/**
 * Adam (Kingma and Ba 2015) with the noise removed from the second moment (Tang, Shpilevskiy and Lécuyer 2024,
 * "DP-AdamBC", Alg. 1):
 *
 * m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - η m̂ / √max(v̂ - φ̂, γ), with g the released mean, m̂ and v̂
 * the moments over 1 - β₁ᵗ and 1 - β₂ᵗ, and φ̂ the mean noise variance under the same weights as v̂: where noise has
 * one deviation s in all steps, as in the paper, φ̂ = s². The noise's variance is public, so this costs nothing.
 * γ is the paper's γ'; its default, φ̂, limits the move of a coordinate without signal to about η per step.
 */
function adam(plan: TrainingPlan, { optimizer, parameterCount, state }: Start<'adam'>): OptimizerRule {
  const { momentum = 0.9, secondMomentum = 0.999, floor } = optimizer;
  const ratesAt = ratesOf(plan);
  const first = state?.first.slice() ?? new Float64Array(parameterCount);
  const second = state?.second.slice() ?? new Float64Array(parameterCount);
  let { steps, noiseVariance } = state ?? { steps: 0, noiseVariance: 0 };
  let [rate, kept, secondScale, bias, least] = [0, 1, 1, 0, 0];
  return {
    startStep(step, noiseDeviation) {
      steps++;
      noiseVariance = secondMomentum * noiseVariance + (1 - secondMomentum) * noiseDeviation ** 2;
      const rates = ratesAt(step);
      kept = rates.kept;
      rate = rates.rate / (1 - momentum ** steps);
      secondScale = 1 / (1 - secondMomentum ** steps);
      bias = noiseVariance * secondScale;
      least = floor ?? bias;
    },
    apply(parameters, mean, offset, count) {
      for (let i = 0; i < count; i++) {
        const at = offset + i;
        const gradient = mean[i]!;
        const m = momentum * first[at]! + (1 - momentum) * gradient;
        const v = secondMomentum * second[at]! + (1 - secondMomentum) * gradient * gradient;
        first[at] = m;
        second[at] = v;
        const scale = Math.sqrt(Math.max(v * secondScale - bias, least));
        parameters[at] = kept * parameters[at]! - (rate * m) / scale;
      }
    },
    state: () => ({ kind: 'adam', first, second, noiseVariance, steps }),
  };
}
