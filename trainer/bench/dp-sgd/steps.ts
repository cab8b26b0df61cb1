// The steps that are measured: the private one as the trainer takes it, and the same without privacy.

import { ClippedSum } from '../../src/dp-sgd/clipped-sum.ts';
import {
  expectedBatchUnits,
  packUnits,
  secureRandomness,
  type TrainingPlan,
  type TrainingUnits,
} from '../../src/dp-sgd/index.ts';
import { prepareRound } from '../../src/dp-sgd/round.ts';
import { layoutOf } from '../../src/dp-sgd/step-layout.ts';
import type { StepRuns } from '../../src/dp-sgd/step-runs.ts';
import { runStepsTogether } from '../../src/dp-sgd/steps-together.ts';
import { runSteps, type StepMechanism } from '../../src/dp-sgd/training-steps.ts';
import { defaultLoss, readForwardModel } from '../../src/onnx/index.ts';
import { peerModel } from '../../src/onnx/testing/peer-models.ts';
import { buildPlainStepGraph } from '../../src/onnx/testing/plain-step-graph.ts';

const BATCHES_IN_MEMORY = 16;

/** Steps of one training, between two looks at the clock. */
const STEPS: Readonly<Record<string, number>> = { lr13: 1024, mlp30: 128, mlp784: 8, cnn28: 8 };

/** One or several steps at a time. */
export interface OpenStep {
  step(): Promise<void>;
  /** In these steps. */
  readonly examples: number;
  close(): Promise<void>;
}

/** A private step's noise can be drawn by itself as well. */
export interface OpenPrivateStep extends OpenStep {
  noise(): void;
  readonly parameterCount: number;
}

interface Workload {
  readonly model: Uint8Array;
  readonly units: TrainingUnits;
  readonly plan: TrainingPlan;
}

/** Random rows for 16 batches, clip norm 1 and noise multiplier 1.1, as the peers are measured. */
function workload(name: string, batch: number): Workload {
  const model = peerModel(name, 1).bytes;
  const { features, outputs } = readForwardModel(model);
  const rows = Array.from({ length: BATCHES_IN_MEMORY * batch }, () => [
    {
      features: Float32Array.from({ length: features }, () => Math.random() * 2 - 1),
      label: Math.floor(Math.random() * Math.max(2, outputs)),
    },
  ]);
  const plan: TrainingPlan = {
    clipNormL2: 1,
    noiseMultiplier: 1.1,
    samplingRate: 1 / BATCHES_IN_MEMORY,
    steps: STEPS[name]!,
    bandSize: rows.length,
    rowsPerUnit: 1,
    learningRate: 0.05,
  };
  return { model, units: packUnits(features, rows), plan };
}

/** The next of 16 fixed batches, as the peers take them. */
function fixedBatches(batch: number): () => Uint32Array {
  const batches = Array.from({ length: BATCHES_IN_MEMORY }, (_, b) =>
    Uint32Array.from({ length: batch }, (_, i) => b * batch + i),
  );
  let cycle = 0;
  return () => batches[cycle++ % BATCHES_IN_MEMORY]!;
}

function stepper({ model, plan }: Workload, mechanism: StepMechanism, runs?: StepRuns): () => Promise<void> {
  let parameters: Float64Array = Float64Array.from(readForwardModel(model).values);
  return async () => {
    parameters =
      runs === undefined
        ? await runSteps(parameters, { plan, mechanism })
        : await runStepsTogether(parameters, runs, { plan, mechanism });
  };
}

/** A private step on fixed batches, or on Poisson batches of the same mean size. */
export async function openPrivateStep(
  name: string,
  options: { readonly batch: number; readonly poisson?: boolean; readonly stepsPerRun?: number },
): Promise<OpenPrivateStep> {
  const { batch, poisson = false, stepsPerRun } = options;
  const { plan, ...rest } = workload(name, batch);
  const work = { ...rest, plan: { ...plan, ...(stepsPerRun !== undefined && { stepsPerRun }) } };
  const { values, parameterCount } = readForwardModel(work.model);
  const round = await prepareRound({ ...work, parameters: values, localPatterns: [] }, secureRandomness);
  const mechanism = poisson ? round.mechanism : { ...round.mechanism, drawBatch: fixedBatches(batch) };
  return {
    step: stepper(work, mechanism, round.runs),
    examples: batch * plan.steps,
    noise: () => void mechanism.drawNoise(),
    parameterCount,
    close: round.close,
  };
}

/** The same step on fixed batches with neither norms nor clipping nor noise: sums in float, the update as it is. */
export async function openPlainStep(name: string, { batch }: { readonly batch: number }): Promise<OpenStep> {
  const work = workload(name, batch);
  const { plan, units } = work;
  const model = readForwardModel(work.model);
  const { lanes, unitsPerRun } = layoutOf(model, plan);
  const graph = buildPlainStepGraph(model, {
    capacityUnits: unitsPerRun,
    rowsPerUnit: 1,
    loss: defaultLoss(model.outputs),
  });
  const summed = await ClippedSum.open(graph, units, model, lanes);
  const scale = 1 / expectedBatchUnits(plan);
  const noNoise = new Float64Array(0);
  const mechanism: StepMechanism = {
    drawBatch: fixedBatches(batch),
    sumClipped: (parameters, drawn) => summed.sum(parameters, drawn),
    drawNoise: () => noNoise,
    noiseDeviation: () => 0,
    release({ sum }, into = new Float64Array(sum.length)) {
      for (let i = 0; i < sum.length; i++) into[i] = sum[i]! * scale;
      return into;
    },
  };
  return { step: stepper(work, mechanism), examples: batch * plan.steps, close: () => summed.close() };
}
