// The loop of DP-SGD (Abadi et al. 2016, Alg. 1) over its private mechanism: draw a batch, sum clipped gradients,
// add noise to the integers, step. All that touches patients is in the mechanism; the rest is post-processing.
import type { ClipAdaptation } from './adaptive-clipping.ts';
import {
  type DescentMemory,
  type DescentRates,
  type OptimizerRule,
  optimizerRuleOf,
} from './optimizer-rule.ts';
import type { Sums } from './shard.ts';
import { TILE, type TiledSums } from './tiled-sums.ts';
import { expectedBatchUnits, type TrainingPlan } from './training-plan.ts';
import type { WeightAverage } from './weight-average.ts';

/**
 * The released mean gradient of some parameters, from their sums and noise (all of the same length). The result is at
 * the start of `into`, where that is given.
 */
export type Release = (
  sums: { readonly sum: Sums; readonly noise: Float64Array; readonly batch: Uint32Array },
  into?: Float64Array,
) => Float64Array;

/** Arrays that a step and a `FusedMove` share, [parameterCount] each. */
export interface MoveMemory extends DescentMemory {
  readonly parameters: Float64Array;
  /** The parameters rounded to float32, as shards read them. */
  readonly rounded: Float32Array;
}

/** Noise, release and gradient descent in one pass over the parameters (`fast/`). */
export interface FusedMove {
  readonly memory: MoveMemory;
  /** The release that `move` computes on the way. */
  readonly release: Release;
  /**
   * Fresh integer noise, [parameterCount], of the kind that `move` uses; a mechanism with another source of noise does
   * not use `move`. The array is valid until the next call, or the next move.
   */
  readonly draw: () => Float64Array;
  /** Whether a sum is the one that the memory's shards computed last. */
  canMove(sum: TiledSums): boolean;
  /**
   * Releases the shards' sum with fresh noise, and moves the memory's parameters by it: to the bit what `releaseMean`
   * and the rule of gradient descent do. `draw` never returns the same noise.
   */
  move(rates: DescentRates): void;
  close(): Promise<void>;
}

/** The four parts of one private step. Each is a function, so that an audit can replace it by a broken one. */
export interface StepMechanism {
  /** Indices of the units in this step's batch. */
  drawBatch(): Uint32Array;
  /** Σ of clipped gradients over a batch, [parameterCount]; the array may be overwritten by the next sum. */
  sumClipped(parameters: Float32Array, batch: Uint32Array): Promise<TiledSums>;
  /** Fresh integer noise, [parameterCount]; the array may be overwritten by the next draw. */
  drawNoise(): Float64Array;
  /** Standard deviation of the noise in each value of the next released mean. */
  noiseDeviation(): number;
  release: Release;
  /** With adaptive clipping, what the same step releases besides the gradient. */
  readonly adaptation?: ClipAdaptation;
  /** Computes the same as `drawNoise`, `release` and gradient descent, to the bit. */
  readonly fused?: FusedMove | undefined;
}

/** Releases the count of the step's last sum, and moves the clip norm of the next. */
export function adapt(adaptation: ClipAdaptation): void {
  const { count, drawNoise } = adaptation;
  adaptation.follow(adaptation.release({ count: count(), noise: drawNoise() }));
}

/** The released mean of one lattice step. */
export const meanPerStep = (plan: TrainingPlan, latticePerUnit: number): number =>
  1 / (latticePerUnit * expectedBatchUnits(plan));

/** Added to a double below 2^51 in size, it leaves no bits for a fraction. */
export const ROUNDER = 1.5 * 2 ** 52;

/**
 * The released mean: round the sum to the lattice, add the noise as integers, scale back, and divide by the
 * public expected batch size (never by the batch drawn, whose size is itself a fact about patients).
 *
 * Exact up to the final scaling: sums and noise stay below 2^53 lattice steps.
 */
export function releaseMean(
  plan: TrainingPlan,
  latticePerUnit: () => number,
): (sums: { readonly sum: Sums; readonly noise: Float64Array }, into?: Float64Array) => Float64Array {
  return ({ sum, noise }, into) => {
    const perUnit = latticePerUnit();
    const scale = meanPerStep(plan, perUnit);
    const mean = into ?? new Float64Array(sum.length);
    for (let i = 0; i < sum.length; i++) {
      // Adding and taking away 1.5 · 2^52 rounds to an integer, to the even one of two.
      const integer = sum[i]! * perUnit + ROUNDER - ROUNDER;
      mean[i] = (integer + noise[i]!) * scale;
    }
    return mean;
  };
}

/** How many of the steps of a round are done. */
export interface StepProgress {
  readonly step: number;
  readonly steps: number;
}

export interface StepsOptions {
  readonly plan: TrainingPlan;
  readonly mechanism: StepMechanism;
  /** By default the plan's rule in its initial state. With an average, a rule that also averages (`averagingSteps`). */
  readonly rule?: OptimizerRule;
  /** The average that the parameters after each step enter. */
  readonly average?: WeightAverage | undefined;
  /** Steps that the study took before; 0 by default. */
  readonly stepsBefore?: number;
  readonly onProgress?: ((progress: StepProgress) => void) | undefined;
}

/** Takes one step after the other; the parameters are kept in double and rounded to float32 for the graph. */
export class Stepper {
  readonly parameters: Float64Array;
  readonly #rounded: Float32Array;
  readonly #mean: Float64Array;
  readonly #mechanism: StepMechanism;
  readonly #rule: OptimizerRule;

  /** Where the mechanism has a fused move, the parameters are those of its memory. */
  constructor(
    start: ArrayLike<number>,
    { mechanism, rule }: { mechanism: StepMechanism; rule: OptimizerRule },
  ) {
    const memory = mechanism.fused?.memory;
    this.parameters = memory?.parameters ?? new Float64Array(start.length);
    if (start !== this.parameters) this.parameters.set(start);
    this.#rounded = memory?.rounded ?? new Float32Array(start.length);
    this.#rounded.set(this.parameters);
    this.#mean = new Float64Array(Math.min(start.length, TILE));
    this.#mechanism = mechanism;
    this.#rule = rule;
  }

  async take(step: number, batch: Uint32Array, drawNoise: () => Float64Array): Promise<void> {
    const [mechanism, rule, parameters, rounded] = [
      this.#mechanism,
      this.#rule,
      this.parameters,
      this.#rounded,
    ];
    const sum = await mechanism.sumClipped(rounded, batch);
    rule.startStep(step, mechanism.noiseDeviation());
    const { fused } = mechanism;
    const isItsOwn = fused?.release === mechanism.release && fused.draw === drawNoise;
    if (rule.descent !== undefined && fused !== undefined && isItsOwn && fused.canMove(sum)) {
      fused.move(rule.descent());
      return;
    }
    const noise = drawNoise();
    for (let first = 0; first < parameters.length; first += TILE) {
      const end = Math.min(first + TILE, parameters.length);
      const own = { sum: sum.subarray(first, end), noise: noise.subarray(first, end), batch };
      rule.apply(parameters, mechanism.release(own, this.#mean), first, end - first);
      // A loop takes less time than a copy between arrays of two types.
      for (let i = first; i < end; i++) rounded[i] = parameters[i]!;
    }
  }

  /** Continues from other parameters. */
  moveTo(parameters: Float64Array): void {
    this.parameters.set(parameters);
    this.#rounded.set(parameters);
  }
}

/**
 * Parameters after the plan's steps, [parameterCount], by the plan's optimizer. Where the mechanism has a fused
 * move, the array belongs to its memory and is valid until the next steps.
 */
export async function runSteps(start: ArrayLike<number>, options: StepsOptions): Promise<Float64Array> {
  const { plan, mechanism, onProgress, stepsBefore = 0 } = options;
  const rule = options.rule ?? optimizerRuleOf(plan, start.length, undefined, mechanism.fused?.memory);
  const stepper = new Stepper(start, { mechanism, rule });
  for (let step = 1; step <= plan.steps; step++) {
    await stepper.take(stepsBefore + step, mechanism.drawBatch(), mechanism.drawNoise);
    if (mechanism.adaptation !== undefined) adapt(mechanism.adaptation);
    onProgress?.({ step, steps: plan.steps });
  }
  return stepper.parameters;
}
