// How the numerical work of a round is carried out: the one interface between the mechanism and its speed. The
// mechanism (plan, sampling, clipping, release, accounting) never knows which engine works for it. `plain-engine.ts` is
// the obvious way on the calling thread; `fast/` is the one with WebAssembly and threads.
import type { ForwardModel, StepGraph, StepGraphOptions } from '@consilium/onnx-grad';
import type { GaussianSampler } from './discrete-gaussian.ts';
import type { DriftTerms } from './drift-correction.ts';
import type { RandomSource, RandomWords } from './randomness.ts';
import type { NoiseCalibration } from './sensitivity.ts';
import type { OpenShards, SizedGraphs } from './shard.ts';
import type { StepLayout } from './step-layout.ts';
import type { TrainingPlan } from './training-plan.ts';
import type { FusedMove, Release, StepsOptions } from './training-steps.ts';
import type { PreparedUnits } from './training-units.ts';

/** All that an engine is given of a hospital's rounds. What it decides follows from public numbers, never from the units. */
export interface RoundWork {
  readonly plan: TrainingPlan;
  readonly model: ForwardModel;
  readonly units: PreparedUnits;
  readonly layout: StepLayout;
  /** What `graphs` were built with. */
  readonly options: StepGraphOptions;
  readonly graphs: SizedGraphs;
  readonly noise: NoiseCalibration;
  readonly release: Release;
  readonly randomness: RandomSource;
}

/** Vectors of integer noise. */
export interface NoiseSource {
  /** Fresh noise, [count]; the array is valid until the next call. */
  draw(): Float64Array;
  close(): Promise<void>;
}

/** Shards, and, where the engine offers it, a fused move over their memory. */
export interface StepWork extends OpenShards {
  readonly fused?: FusedMove | undefined;
}

/** Takes many steps in one run of ONNX Runtime. */
export interface ManySteps {
  /** The type in which clipped gradients are summed. */
  readonly sumType: StepGraph['sumType'];
  /**
   * The same as `runSteps`, to the bit.
   *
   * @param options `drift`: the terms that the rule corrects means by, where the plan corrects them
   */
  takeSteps(
    start: ArrayLike<number>,
    options: StepsOptions & { readonly drift?: DriftTerms | undefined },
  ): Promise<Float64Array>;
  close(): Promise<void>;
}

/**
 * What an engine offers a round.
 *
 * All engines draw noise from exactly the same law, each in its own way: the same random words make other integers.
 * For the same batches and the same noise all give the same parameters, to the bit (`step-engine.test.ts`).
 */
export interface StepEngine {
  /** A sampler of N_Z(0, σ²). @param sigma an integer in [1, MAXIMUM_SIGMA] */
  openGaussian(words: RandomWords, sigma: number): GaussianSampler;
  /** Vectors of `count` samples of N_Z(0, σ²), from `words` or from a generator as secure as `randomness`. */
  openNoise(options: {
    readonly sigma: number;
    readonly count: number;
    readonly words: RandomWords;
    readonly randomness: RandomSource;
  }): NoiseSource;
  /** The shards that batches are summed in. */
  openStep(round: RoundWork): StepWork;
  /** For rounds that `takesStepsTogether`; undefined where steps are to be taken one by one. */
  openRuns(round: RoundWork): Promise<ManySteps | undefined>;
}
