// The steps that are measured: the private one as the trainer takes it, and the same without privacy.

import { defaultLoss, readForwardModel } from '@consilium/onnx-grad';
import { findBlockedChannels } from '@consilium/onnx-grad/step';
import { peerModel } from '@consilium/onnx-grad/testing/peer-models';
import { buildPlainStepGraph } from '@consilium/onnx-grad/testing/plain-step-graph';
import { ClippedSum } from '../../src/clipped-sum.ts';
import { openShardThreads } from '../../src/fast/open-step.ts';
import { secureRandomness, type TrainingPlan, type TrainingUnits } from '../../src/index.ts';
import { prepareRounds } from '../../src/round.ts';
import type { ManySteps } from '../../src/step-engine.ts';
import { graphSizesOf, layoutOf } from '../../src/step-layout.ts';
import { expectedBatchUnits } from '../../src/training-plan.ts';
import { runSteps, type StepMechanism } from '../../src/training-steps.ts';

const BATCHES_IN_MEMORY = 16;

/** Steps of one training, between two looks at the clock. */
const STEPS: Readonly<Record<string, number>> = { lr13: 1024, mlp30: 128, mlp784: 32, cnn28: 8 };

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
  readonly unitsPerRun: number;
  readonly parameterCount: number;
}

export interface Workload {
  readonly model: Uint8Array;
  readonly units: TrainingUnits;
  readonly plan: TrainingPlan;
}

/** Random rows for 16 batches, clip norm 1 and noise multiplier 1.1, as the peers are measured. */
export function workload(name: string, batch: number): Workload {
  const model = peerModel(name, 1).bytes;
  const { features, outputs } = readForwardModel(model);
  const rows = BATCHES_IN_MEMORY * batch;
  const units: TrainingUnits = {
    featureCount: features,
    rowOffsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row),
    features: new Float32Array(rows * features),
    labels: new Float32Array(rows),
  };
  for (let i = 0; i < units.features.length; i++) units.features[i] = Math.random() * 2 - 1;
  for (let row = 0; row < rows; row++) units.labels[row] = Math.floor(Math.random() * Math.max(2, outputs));
  const plan: TrainingPlan = {
    clipNormL2: 1,
    noiseMultiplier: 1.1,
    samplingRate: 1 / BATCHES_IN_MEMORY,
    steps: STEPS[name]!,
    bandSize: rows,
    rowsPerUnit: 1,
    learningRate: 0.05,
  };
  return { model, units, plan };
}

/** The next of 16 fixed batches, as the peers take them. */
function fixedBatches(batch: number): () => Uint32Array {
  const batches = Array.from({ length: BATCHES_IN_MEMORY }, (_, b) =>
    Uint32Array.from({ length: batch }, (_, i) => b * batch + i),
  );
  let cycle = 0;
  return () => batches[cycle++ % BATCHES_IN_MEMORY]!;
}

function stepper({ model, plan }: Workload, mechanism: StepMechanism, runs?: ManySteps): () => Promise<void> {
  let parameters: Float64Array = Float64Array.from(readForwardModel(model).values);
  return async () => {
    parameters =
      runs === undefined
        ? await runSteps(parameters, { plan, mechanism })
        : await runs.takeSteps(parameters, { plan, mechanism });
  };
}

/** A private step on fixed batches, or on Poisson batches of the same mean size. */
export async function openPrivateStep(
  name: string,
  options: { readonly batch: number; readonly poisson?: boolean; readonly stepsPerRun?: number },
): Promise<OpenPrivateStep> {
  return openWorkload(workload(name, options.batch), options);
}

export async function openWorkload(
  { plan, ...rest }: Workload,
  options: { readonly batch: number; readonly poisson?: boolean; readonly stepsPerRun?: number },
): Promise<OpenPrivateStep> {
  const { batch, poisson = false, stepsPerRun } = options;
  const work = { ...rest, plan: { ...plan, ...(stepsPerRun !== undefined && { stepsPerRun }) } };
  const model = readForwardModel(work.model);
  const { parameterCount } = model;
  const round = await prepareRounds({ ...work, localPatterns: [] }, { randomness: secureRandomness });
  const mechanism = poisson ? round.mechanism : { ...round.mechanism, drawBatch: fixedBatches(batch) };
  return {
    step: stepper(work, mechanism, round.runs),
    examples: batch * plan.steps,
    noise: () => void mechanism.drawNoise(),
    unitsPerRun: layoutOf(model, work.plan).unitsPerRun,
    parameterCount,
    close: round.close,
  };
}

/** The same step on fixed batches with neither norms nor clipping nor noise: sums in float, the update as it is. */
export async function openPlainStep(name: string, { batch }: { readonly batch: number }): Promise<OpenStep> {
  const work = workload(name, batch);
  const { plan, units } = work;
  const model = readForwardModel(work.model);
  const layout = layoutOf(model, plan);
  const blockedChannels = await findBlockedChannels(model);
  const graphs = graphSizesOf(layout, plan).map((capacityUnits) =>
    buildPlainStepGraph(model, {
      capacityUnits,
      rowsPerUnit: 1,
      loss: defaultLoss(model.outputs),
      blockedChannels,
    }),
  );
  const summed = new ClippedSum(graphs, units, openShardThreads(graphs, layout.shards));
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
