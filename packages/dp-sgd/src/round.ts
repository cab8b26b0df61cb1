// One hospital's rounds of training, on the calling thread and with a given source of randomness. `trainRound` runs one
// in a worker thread; tests call it with a reproducible source. What does not change from round to round (graphs, their
// sessions and threads, what is known of the units) is prepared once for all of them.
import assert from 'node:assert/strict';
import {
  buildStepGraph,
  type ForwardModel,
  partitionParameters,
  pick,
  type StepGraphOptions,
} from '@consilium/onnx-grad';
import {
  addsUnitsInOrder,
  findBlockedChannels,
  loopFloatFrom,
  numbersPerRow,
} from '@consilium/onnx-grad/step';
import { ClipNorm, countSigma } from './adaptive-clipping.ts';
import { ClippedSum } from './clipped-sum.ts';
import { correctingDrift, type DriftTerms, driftTermsOf } from './drift-correction.ts';
import { fastEngine } from './fast/index.ts';
import { type OptimizerState, optimizerRuleOf } from './optimizer-rule.ts';
import { poissonSampler, shuffle } from './poisson-sampling.ts';
import { type RandomSource, RandomWords } from './randomness.ts';
import {
  checkRound,
  checkSetting,
  checkStart,
  layersOf,
  type RoundInput,
  type RoundModel,
  type RoundResult,
  type RoundSetting,
  type RoundStart,
} from './round-input.ts';
import { calibrateNoise, latticeOf, type NoiseCalibration } from './sensitivity.ts';
import { largestOf, threadsOf } from './shard.ts';
import type { ManySteps, RoundWork, StepEngine } from './step-engine.ts';
import { graphSizesOf, layoutOf, takesStepsTogether } from './step-layout.ts';
import { adaptivePlanOf, clipNoiseOf, expectedBatchUnits, lossOf } from './training-plan.ts';
import {
  type FusedMove,
  releaseMean,
  runSteps,
  type StepMechanism,
  type StepProgress,
} from './training-steps.ts';
import { prepareUnits, unitCount } from './training-units.ts';
import { averagingSteps, WeightAverage } from './weight-average.ts';

/** The mechanism of a hospital's rounds and its parts, before any step is taken. */
export interface PreparedRounds {
  readonly model: ForwardModel;
  readonly mechanism: StepMechanism;
  /** With adaptive clipping, κ is that of the plan's clip norm. */
  readonly noise: NoiseCalibration;
  /** Defined with adaptive clipping. */
  readonly clipNorm: ClipNorm | undefined;
  /** Defined where many steps are taken in one run. */
  readonly runs: ManySteps | undefined;
  /** The same mechanism with draws from a source of its own, from its first bit on. */
  drawingFrom(randomness: RandomSource): {
    readonly mechanism: StepMechanism;
    close(): Promise<void>;
  };
  close(): Promise<void>;
}

/** A hospital's rounds, prepared: one at a time, each from a start of its own. */
export interface Rounds {
  /** About how much memory they hold until they are closed, from public numbers and the number of rows. */
  readonly heldBytes: number;
  /**
   * As `runRound`. After one that failed there is no other.
   *
   * @param options `randomness`: for a round that depends on nothing drawn before it; that of the rounds by default
   * @throws TrainingInputError for a start of another model or optimiser
   */
  run(
    start: RoundStart,
    options?: RoundListeners & { readonly randomness?: RandomSource | undefined },
  ): Promise<RoundResult>;
  close(): Promise<void>;
}

/** Who hears how a round goes on. */
export interface RoundListeners {
  /** Called once everything is prepared, before any unit is drawn. The round waits for it. */
  readonly onDrawing?: (() => void | Promise<void>) | undefined;
  readonly onProgress?: ((progress: StepProgress) => void) | undefined;
}

/** Where a round's chance comes from, and what computes its steps. */
export interface RoundEnvironment {
  readonly randomness: RandomSource;
  /** The fast engine by default. All give the same result. */
  readonly engine?: StepEngine | undefined;
}

/**
 * Checks what stays the same in a hospital's rounds and builds their mechanism.
 *
 * @param rounds how many rounds it is built for; 1 by default
 * @throws as `checkRound`
 */
export async function prepareRounds(
  setting: RoundSetting,
  { randomness, engine = fastEngine, rounds = 1 }: RoundEnvironment & { readonly rounds?: number },
): Promise<PreparedRounds> {
  const { plan } = setting;
  const model = checkSetting(setting);
  const units = prepareUnits(setting.units);
  const { parameterCount } = model;
  const adaptive = adaptivePlanOf(plan);
  const clipNorm = adaptive && new ClipNorm(adaptive);
  const layout = layoutOf(model, plan);
  const { shards, unitsPerRun } = layout;
  const areTogether = takesStepsTogether({ ...plan, steps: rounds * plan.steps }, model, layout);
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
  const release = releaseMean(plan, latticePerUnit);
  const work: RoundWork = {
    ...{ plan, model, units, layout, graphs, noise, release, randomness },
    options: { ...options, addsInOrder },
  };
  const { fused, ...shardsOfStep } = engine.openStep(work);
  const clipped = new ClippedSum(graphs, units, shardsOfStep);
  const runs = areTogether ? await engine.openRuns(work) : undefined;
  // `floatRounding` assumes that both worlds are summed in one type.
  assert(runs === undefined || runs.sumType === graph.sumType);
  const openDraws = (from: RandomSource, fusedNoise?: FusedMove): Draws => {
    const words = new RandomWords(from);
    const { sigma } = noise;
    const source = fusedNoise ?? engine.openNoise({ sigma, count: parameterCount, words, randomness: from });
    const sample = poissonSampler(words, { units: unitCount(units), rate: plan.samplingRate });
    const counts = clipNorm && engine.openGaussian(words, countSigma(clipNorm.settings.countNoiseMultiplier));
    return {
      drawBatch() {
        const batch = sample();
        // `floatRounding` assumes a random order.
        return graph.sumType === 'float32' ? shuffle(words, batch) : batch;
      },
      drawNoise: source.draw,
      ...(counts && { drawCountNoise: () => counts.sample() }),
      close: () => source.close(),
    };
  };
  const mechanismOf = ({ drawBatch, drawNoise, drawCountNoise }: Draws): StepMechanism => ({
    drawBatch,
    drawNoise,
    noiseDeviation: () => noise.sigma / (latticePerUnit() * expectedBatchUnits(plan)),
    release,
    fused,
    ...(clipNorm === undefined || drawCountNoise === undefined
      ? { sumClipped: (parameters, batch) => clipped.sum(parameters, batch) }
      : adaptively(clipNorm, { clipped, drawNoise: drawCountNoise })),
  });
  const draws = openDraws(randomness, fused);
  return {
    ...{ model, noise, clipNorm, runs },
    mechanism: mechanismOf(draws),
    drawingFrom(from) {
      const own = openDraws(from);
      return { mechanism: mechanismOf(own), close: own.close };
    },
    async close() {
      await draws.close();
      await runs?.close();
      await clipped.close();
    },
  };
}

/** All that is random in a round. */
interface Draws extends Pick<StepMechanism, 'drawBatch' | 'drawNoise'> {
  /** With adaptive clipping. */
  readonly drawCountNoise?: () => number;
  close(): Promise<void>;
}

/** Sums an empty batch, so that a graph which cannot be loaded or run fails before any unit is drawn. */
async function tryStep({ parameters }: RoundStart, { mechanism, runs }: PreparedRounds): Promise<void> {
  // A graph of many steps is loaded already. With a fused move, shards expect a move after each sum.
  if (runs !== undefined || mechanism.fused !== undefined) return;
  await mechanism.sumClipped(Float32Array.from(parameters), new Uint32Array());
}

/** The parts of a mechanism with adaptive clipping. */
function adaptively(
  clipNorm: ClipNorm,
  { clipped, drawNoise }: { readonly clipped: ClippedSum; readonly drawNoise: () => number },
): Pick<StepMechanism, 'sumClipped' | 'adaptation'> {
  let last = 0;
  return {
    async sumClipped(parameters, batch) {
      const { sum, count } = await clipped.sumAndCount(parameters, batch, clipNorm.current);
      last = count;
      return sum;
    },
    adaptation: {
      count: () => last,
      drawNoise,
      release: (sums) => clipNorm.release(sums),
      follow: (released) => clipNorm.follow(released),
    },
  };
}

function driftOf(
  { plan, localPatterns }: RoundSetting,
  { parameters: base, controlShift }: RoundStart,
  model: ForwardModel,
): DriftTerms | undefined {
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
  environment: RoundEnvironment & RoundListeners,
): Promise<RoundResult> {
  checkRound(input);
  const rounds = await openRounds(input, environment);
  try {
    return await rounds.run(input, environment);
  } finally {
    await rounds.close();
  }
}

/**
 * Prepares a hospital's rounds.
 *
 * **Guarantee.** Each round is one of `runRound`: batches and noise are fresh in every step of every round, and what is
 * kept from round to round besides the units is a function of public numbers.
 *
 * @param environment `rounds`: how many rounds will be run; 1 by default
 * @throws as `checkRound`
 */
export async function openRounds(
  setting: RoundSetting,
  environment: RoundEnvironment & { readonly rounds?: number },
): Promise<Rounds> {
  const prepared = await prepareRounds(setting, environment);
  let isFree = true;
  return {
    heldBytes: heldBytesOf(setting, prepared),
    async run(start, { randomness, ...listeners } = {}) {
      checkStart(setting, start, prepared.model);
      assert(isFree, 'one round at a time, and none after one that failed');
      isFree = false;
      const own = randomness && prepared.drawingFrom(randomness);
      try {
        const result = await runPrepared(
          setting,
          { ...prepared, ...(own && { mechanism: own.mechanism }) },
          { start, listeners },
        );
        isFree = true;
        return result;
      } finally {
        await own?.close();
      }
    },
    close: prepared.close,
  };
}

/** Inputs and about three times as many values between them, of each unit of a run; and rows that are kept again. */
function heldBytesOf({ plan, units }: RoundSetting, { model, runs }: PreparedRounds): number {
  const { shards, unitsPerRun } = layoutOf(model, plan);
  const perUnit = plan.rowsPerUnit * (model.features + 3 * numbersPerRow(model)) + model.parameterCount;
  const perRow = runs === undefined ? 2 : 4 + model.features + 2 * model.parameterCount;
  return 4 * (shards * unitsPerRun * perUnit + units.labels.length * perRow + 16 * model.parameterCount);
}

async function runPrepared(
  setting: RoundSetting,
  prepared: PreparedRounds,
  { start, listeners }: { readonly start: RoundStart; readonly listeners: RoundListeners },
): Promise<RoundResult> {
  const { plan, localPatterns } = setting;
  const { model, mechanism, clipNorm, runs } = prepared;
  clipNorm?.restart(start.state?.clipNormL2);
  const noise = clipNorm
    ? { ...prepared.noise, latticePerUnit: latticeOf(clipNorm.current) }
    : prepared.noise;
  const { onDrawing, onProgress } = listeners;
  if (onDrawing !== undefined) {
    await tryStep(start, prepared);
    await onDrawing();
  }
  const stepsBefore = start.state?.steps ?? 0;
  const count = start.parameters.length;
  const average =
    plan.averaging && new WeightAverage({ ...plan.averaging, parameterCount: count, stepsBefore });
  const drift = driftOf(setting, start, model);
  let rule = optimizerRuleOf(plan, count, start.state?.optimizer, mechanism.fused?.memory);
  if (drift !== undefined) rule = correctingDrift(rule, drift);
  if (average !== undefined) rule = averagingSteps(rule, average);
  const options = { plan, mechanism, rule, average, stepsBefore, onProgress };
  const trained =
    runs === undefined
      ? await runSteps(start.parameters, options)
      : await runs.takeSteps(start.parameters, { ...options, drift });
  const { sharedIndices, localIndices } = partitionParameters(model, localPatterns);
  const before = pick(start.parameters, sharedIndices);
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
      optimizer: ownState(rule.state()),
      ...(clipNorm && { clipNormL2: clipNorm.current }),
    },
    noise,
  };
}

/** The next round overwrites the arrays of a rule that works in the threads' memory. */
const ownState = (state: OptimizerState): OptimizerState =>
  state.kind === 'sgd'
    ? { ...state, velocity: state.velocity.slice() }
    : { ...state, first: state.first.slice(), second: state.second.slice() };
