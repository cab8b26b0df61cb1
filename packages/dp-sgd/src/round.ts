// One hospital's round of training, on the calling thread and with a given source of randomness. `trainRound` runs it
// in a worker thread; tests call it with a reproducible source.
import assert from 'node:assert/strict';
import {
  buildStepGraph,
  type ClipLayer,
  type ForwardModel,
  labelRule,
  partitionParameters,
  pick,
  readForwardModel,
  type StepGraphOptions,
} from '@consilium/onnx-grad';
import { addsUnitsInOrder, findBlockedChannels, loopFloatFrom } from '@consilium/onnx-grad/step';
import { ClipNorm, countSigma } from './adaptive-clipping.ts';
import { clipLayersOf } from './clip-layers.ts';
import { ClippedSum } from './clipped-sum.ts';
import { correctingDrift, type DriftTerms, driftTermsOf } from './drift-correction.ts';
import { fastEngine } from './fast/index.ts';
import { checkOptimizerState, type OptimizerState, optimizerRuleOf } from './optimizer-rule.ts';
import { planProblem } from './plan-problem.ts';
import { poissonSampler, shuffle } from './poisson-sampling.ts';
import { type RandomSource, RandomWords } from './randomness.ts';
import {
  calibrateNoise,
  latticeOf,
  MAXIMUM_PARAMETERS,
  MAXIMUM_UNITS,
  type NoiseCalibration,
} from './sensitivity.ts';
import { largestOf, threadsOf } from './shard.ts';
import type { ManySteps, RoundWork, StepEngine } from './step-engine.ts';
import { graphSizesOf, layoutOf, takesStepsTogether } from './step-layout.ts';
import {
  adaptivePlanOf,
  checkTrainingPlan,
  clipNoiseOf,
  expectedBatchUnits,
  lossOf,
  TrainingInputError,
  type TrainingPlan,
} from './training-plan.ts';
import { releaseMean, runSteps, type StepMechanism, type StepProgress } from './training-steps.ts';
import { checkTrainingUnits, type TrainingUnits, unitCount } from './training-units.ts';
import { averagingSteps, WeightAverage } from './weight-average.ts';

/** What a round trains on: the model, where it starts, the units, and the plan. */
export interface RoundInput {
  /** ONNX bytes of the forward model. */
  readonly model: Uint8Array;
  /** Where training starts: all parameters, shared and local, in the model's flat order. */
  readonly parameters: ArrayLike<number>;
  readonly units: TrainingUnits;
  readonly plan: TrainingPlan;
  /** Names, or prefixes ending in `*`, of parameters that stay at the hospital. */
  readonly localPatterns: readonly string[];
  /** c - cᵢ, [sharedCount], with scaffold: added to each mean gradient. Zero by default. */
  readonly controlShift?: ArrayLike<number>;
  /** The state at the end of the previous round. If absent, this is the first round. */
  readonly state?: TrainingState;
}

/**
 * What a hospital keeps from round to round: a function of public numbers and of its own released means, so that
 * keeping it is post-processing. It reveals as much about the hospital's patients as its local parameters do, and it
 * stays at the hospital as they do.
 */
export interface TrainingState {
  /** Private steps taken so far. */
  readonly steps: number;
  /** If absent, the optimiser starts from its initial state. */
  readonly optimizer?: OptimizerState;
  /** With adaptive clipping, the clip norm of the next step; by default the plan's. */
  readonly clipNormL2?: number;
}

/** A model at the end of a round: how far the shared parameters moved, and the values of the local ones. */
export interface RoundModel {
  /** New minus old shared parameters, in the model's flat order without the local ones. */
  readonly sharedDelta: Float64Array;
  /** The local parameters' new values, in the model's flat order without the shared ones. */
  readonly localParameters: Float64Array;
}

/** The result of a round: the model after the last step, from which training continues. */
export interface RoundResult extends RoundModel {
  /** With the plan's averaging, the average of the models after each step of the round (`WeightAverage`). */
  readonly average?: RoundModel;
  /** Private steps taken, as the privacy event states them. */
  readonly steps: number;
  /** To be passed to the next round. */
  readonly state: TrainingState;
  /** The noise that was used. With adaptive clipping, κ is that of the first step. */
  readonly noise: NoiseCalibration;
}

/** The mechanism of a round and its parts, before any step is taken. */
export interface PreparedRound {
  readonly mechanism: StepMechanism;
  readonly noise: NoiseCalibration;
  /** Defined with adaptive clipping. */
  readonly clipNorm: ClipNorm | undefined;
  /** Defined with a drift correction. */
  readonly drift: DriftTerms | undefined;
  /** Defined where many steps are taken in one run. */
  readonly runs: ManySteps | undefined;
  close(): Promise<void>;
}

/** Refuses input that cannot be trained with. @throws TrainingInputError, OnnxFormatError or UnsupportedModelError */
export function checkRound(input: RoundInput): ForwardModel {
  const { plan, units } = input;
  checkTrainingPlan(plan);
  const model = readForwardModel(input.model);
  const { features, outputs, parameterCount } = model;
  const labels = labelRule(lossOf(plan, model), outputs);
  checkTrainingUnits(units, { features, rowsPerUnit: plan.rowsPerUnit, units: MAXIMUM_UNITS, labels });
  if (input.parameters.length !== parameterCount) {
    throw new TrainingInputError(`parameters must have ${parameterCount} values`);
  }
  if (parameterCount > MAXIMUM_PARAMETERS) {
    throw new TrainingInputError(
      `the model has more than ${MAXIMUM_PARAMETERS} parameters: take a smaller one`,
    );
  }
  checkOptimizerState(plan, parameterCount, input.state?.optimizer);
  checkControlShift(input, model);
  layersOf(plan, model);
  return model;
}

function checkControlShift({ plan, controlShift, localPatterns }: RoundInput, model: ForwardModel): void {
  if (controlShift === undefined) return;
  const { sharedIndices } = partitionParameters(model, localPatterns);
  const fits =
    plan.driftCorrection?.kind === 'scaffold' &&
    controlShift.length === sharedIndices.length &&
    Array.from(controlShift).every(Number.isFinite);
  if (fits) return;
  throw new TrainingInputError('controlShift: it is for scaffold, a finite number for each shared parameter');
}

/** Checks a round's input and builds its mechanism. @throws as `checkRound` */
export async function prepareRound(
  input: RoundInput,
  randomness: RandomSource,
  engine: StepEngine = fastEngine,
): Promise<PreparedRound> {
  const { plan, units } = input;
  const model = checkRound(input);
  const { parameterCount } = model;
  const clipNorm = clipNormOf(input);
  const layout = layoutOf(model, plan);
  const { shards, unitsPerRun } = layout;
  const areTogether = takesStepsTogether(plan, model, layout);
  const layers = layersOf(plan, model);
  const options: StepGraphOptions = {
    clipNormL2: clipNorm === undefined ? plan.clipNormL2 : 'input',
    capacityUnits: unitsPerRun,
    rowsPerUnit: plan.rowsPerUnit,
    loss: lossOf(plan, model),
    blockedChannels: await findBlockedChannels(model),
    ...(layers && { layers }),
    ...(areTogether && { floatFrom: loopFloatFrom(model) }),
  };
  const inBlocks = buildStepGraph(model, options);
  const addsInOrder = await addsUnitsInOrder(inBlocks, threadsOf(inBlocks, shards));
  // For sums in order, the bound of `floatRounding` holds for every size of the graph.
  const sizes = areTogether ? [unitsPerRun] : graphSizesOf(layout, plan);
  const graphs = addsInOrder
    ? sizes.map((capacityUnits) => buildStepGraph(model, { ...options, capacityUnits, addsInOrder }))
    : [inBlocks];
  const graph = largestOf(graphs);
  const noise = calibrateNoise({
    clipNormL2: clipNorm?.current ?? plan.clipNormL2,
    noiseMultiplier: clipNoiseOf(plan)?.gradients ?? plan.noiseMultiplier,
    parameterCount,
    rounding: graph.rounding,
  });
  const latticePerUnit = () => (clipNorm === undefined ? noise.latticePerUnit : latticeOf(clipNorm.current));
  const words = new RandomWords(randomness);
  const release = releaseMean(plan, latticePerUnit);
  const drift = driftOf(input, model);
  const work: RoundWork = {
    ...{ plan, model, units, layout, graphs, noise, release, randomness, drift },
    options: { ...options, addsInOrder },
  };
  const { fused, ...shardsOfStep } = engine.openStep(work);
  const clipped = new ClippedSum(graphs, units, shardsOfStep);
  const runs = areTogether ? await engine.openRuns(work) : undefined;
  // `floatRounding` assumes that both worlds are summed in one type.
  assert(runs === undefined || runs.sumType === graph.sumType);
  const source = fused ?? engine.openNoise({ sigma: noise.sigma, count: parameterCount, words, randomness });
  const sample = poissonSampler(words, { units: unitCount(units), rate: plan.samplingRate });
  const common = {
    drawBatch() {
      const batch = sample();
      // `floatRounding` assumes a random order.
      return graph.sumType === 'float32' ? shuffle(words, batch) : batch;
    },
    drawNoise: source.draw,
    noiseDeviation: () => noise.sigma / (latticePerUnit() * expectedBatchUnits(plan)),
    release,
    fused,
  };
  const mechanism: StepMechanism =
    clipNorm === undefined
      ? { ...common, sumClipped: (parameters, batch) => clipped.sum(parameters, batch) }
      : { ...common, ...adaptively(clipNorm, { clipped, words, engine }) };
  const close = async () => {
    await source.close();
    await runs?.close();
    await clipped.close();
  };
  return { mechanism, noise, clipNorm, drift, runs, close };
}

/** Sums an empty batch, so that a graph which cannot be loaded or run fails before any unit is drawn. */
async function tryStep({ parameters }: RoundInput, { mechanism, runs }: PreparedRound): Promise<void> {
  // A graph of many steps is loaded already. With a fused move, shards expect a move after each sum.
  if (runs !== undefined || mechanism.fused !== undefined) return;
  await mechanism.sumClipped(Float32Array.from(parameters), new Uint32Array());
}

function layersOf(plan: TrainingPlan, model: ForwardModel): readonly ClipLayer[] | undefined {
  const { clipping, clipNormL2 } = plan;
  if (clipping?.kind !== 'per-layer') return undefined;
  const found = clipLayersOf(model, { clipping, clipNormL2 });
  if ('layers' in found) return found.layers;
  throw new TrainingInputError([planProblem('clipping.layers', found.problem)]);
}

function clipNormOf({ plan, state }: RoundInput): ClipNorm | undefined {
  const adaptive = adaptivePlanOf(plan);
  return adaptive && new ClipNorm(adaptive, state?.clipNormL2);
}

/** The parts of a mechanism with adaptive clipping. */
function adaptively(
  clipNorm: ClipNorm,
  step: { readonly clipped: ClippedSum; readonly words: RandomWords; readonly engine: StepEngine },
): Pick<StepMechanism, 'sumClipped' | 'adaptation'> {
  const { clipped, words, engine } = step;
  const gaussian = engine.openGaussian(words, countSigma(clipNorm.settings.countNoiseMultiplier));
  let last = 0;
  return {
    async sumClipped(parameters, batch) {
      const { sum, count } = await clipped.sumAndCount(parameters, batch, clipNorm.current);
      last = count;
      return sum;
    },
    adaptation: {
      count: () => last,
      drawNoise: () => gaussian.sample(),
      release: (sums) => clipNorm.release(sums),
      follow: (released) => clipNorm.follow(released),
    },
  };
}

function driftOf(input: RoundInput, model: ForwardModel): DriftTerms | undefined {
  const { plan, parameters: base, localPatterns, controlShift } = input;
  if (plan.driftCorrection === undefined) return undefined;
  const { sharedIndices } = partitionParameters(model, localPatterns);
  return driftTermsOf(plan.driftCorrection, { base, sharedIndices, controlShift });
}

/**
 * One round of DP-SGD.
 *
 * **Guarantee.** Neighbouring datasets differ by adding or removing one unit (patient) with all its rows. The
 * result, local parameters included, is a function of T = `steps` adaptive releases, each a Poisson-subsampled
 * (rate q) discrete Gaussian with per-coordinate variance sigma² on integers of L2 sensitivity Δ, where
 * sigma ≥ noiseMultiplier · Δ (`calibrateNoise`). For every integer order α ≥ 2 each release has Rényi divergence at
 * most that of the Poisson-subsampled Gaussian mechanism with the same noise multiplier and rate: for an integer
 * shift μ the moments E[(P(x-μ)/P(x))^k] of the discrete Gaussian are exp(k(k-1)‖μ‖²/2σ²), exactly the Gaussian's,
 * since k μ lies on the lattice, and reflection about μ/2 maps the lattice to itself (Mironov, Talwar and Zhang
 * 2019, Thm 5 and Sec. 3.3; Canonne, Kamath and Steinke 2020, Thm 14). T releases compose by adding. q = 1 is the
 * plain discrete Gaussian. Whatever follows the noise is post-processing, averages over steps included. Per-layer
 * clipping changes nothing of this (`calibrateNoise`); with adaptive clipping each release is that of gradients and
 * count together, of the same multiplier and rate (`gradientNoiseMultiplier`), and the clip norm follows from the
 * releases before. Accounting by privacy loss distributions uses that σ² - 1/12 ≥ (noiseMultiplier · Δ)² instead
 * (`distanceFromRounded`). Where batches are put in random order all this holds for each pair of orders
 * (`floatRounding`), and so for the whole.
 *
 * This holds for empty datasets, empty batches, labels of one class and units that are not finite.
 */
export async function runRound(
  input: RoundInput,
  environment: {
    readonly randomness: RandomSource;
    /** The fast engine by default. All give the same result. */
    readonly engine?: StepEngine | undefined;
    /** Called once everything is prepared, before any unit is drawn. The round waits for it. */
    readonly onDrawing?: (() => void | Promise<void>) | undefined;
    readonly onProgress?: ((progress: StepProgress) => void) | undefined;
  },
): Promise<RoundResult> {
  const { plan } = input;
  const prepared = await prepareRound(input, environment.randomness, environment.engine);
  const { mechanism, noise, clipNorm, drift, runs, close } = prepared;
  try {
    const { onDrawing, onProgress } = environment;
    if (onDrawing !== undefined) {
      await tryStep(input, prepared);
      await onDrawing();
    }
    const stepsBefore = input.state?.steps ?? 0;
    const count = input.parameters.length;
    const average =
      plan.averaging && new WeightAverage({ ...plan.averaging, parameterCount: count, stepsBefore });
    let rule = optimizerRuleOf(plan, count, input.state?.optimizer, mechanism.fused?.memory);
    if (drift !== undefined) rule = correctingDrift(rule, drift);
    if (average !== undefined) rule = averagingSteps(rule, average);
    const options = { plan, mechanism, rule, average, stepsBefore, onProgress };
    const trained =
      runs === undefined
        ? await runSteps(input.parameters, options)
        : await runs.takeSteps(input.parameters, options);
    const { sharedIndices, localIndices } = partitionParameters(
      readForwardModel(input.model),
      input.localPatterns,
    );
    const before = pick(input.parameters, sharedIndices);
    const handedOver = (parameters: Float64Array): RoundModel => ({
      sharedDelta: pick(parameters, sharedIndices).map((value, i) => value - before[i]!),
      localParameters: pick(parameters, localIndices),
    });
    return {
      ...handedOver(trained),
      ...(average && { average: handedOver(average.values) }),
      steps: plan.steps,
      state: {
        steps: stepsBefore + plan.steps,
        optimizer: rule.state(),
        ...(clipNorm && { clipNormL2: clipNorm.current }),
      },
      noise,
    };
  } finally {
    await close();
  }
}
