// Takes the same steps one by one and many to a run, with the same draws, for tests that compare both.
import assert from 'node:assert/strict';
import { buildStepGraph, readForwardModel } from '@consilium/onnx-grad';
import { addsUnitsInOrder, buildStepLoop } from '@consilium/onnx-grad/step';
import {
  decodeModel,
  encodeModel,
  type GraphProto,
  type ModelProto,
} from '@consilium/onnx-grad/testing/graph-parts';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { ClippedSum } from '../../clipped-sum.ts';
import { correctingDrift, type DriftTerms } from '../../drift-correction.ts';
import { optimizerOf, optimizerRuleOf } from '../../optimizer-rule.ts';
import { calibrateNoise } from '../../sensitivity.ts';
import { capacityUnitsOf, lossOf, type TrainingPlan } from '../../training-plan.ts';
import { meanPerStep, releaseMean, runSteps, type StepMechanism } from '../../training-steps.ts';
import { type LabelledRow, packUnits } from '../../training-units.ts';
import { averagingSteps, WeightAverage } from '../../weight-average.ts';
import { StepRuns } from '../step-runs.ts';
import { runStepsTogether } from '../steps-together.ts';

export interface StepsCase {
  readonly model: Uint8Array;
  readonly rows: readonly (readonly LabelledRow[])[];
  readonly plan: TrainingPlan;
  /** Units of each step's batch; drawn by coins by default. */
  readonly batchOf?: (step: number) => readonly number[];
  /** What the means are corrected by, by parameter. */
  readonly drift?: DriftTerms;
  /** The model's parameters, where not those in its file. */
  readonly start?: Float32Array;
  /** Work on one gradient from which sums are in float, in both ways; none by default. */
  readonly floatFrom?: number;
  /** Whether steps together leave out units that overflow; by default none may. */
  readonly isMasked?: boolean;
  /** Noise from a seed by default. */
  readonly isNoiseless?: boolean;
  readonly mutate?: (model: ModelProto) => void;
}

export type Way = 'one by one' | 'together';

interface Outcome {
  readonly parameters: Float64Array;
  readonly velocity: Float64Array;
  /** Where the plan averages. */
  readonly average: Float64Array | undefined;
  readonly noise: readonly Float64Array[];
  /** Sums taken one by one. */
  readonly sums: number;
  /** Δ, and what one lattice step is in a mean. */
  readonly sensitivity: number;
  readonly latticeStep: number;
}

/** The case's steps with the draws that one seed gives, one by one or together. */
export async function takeSteps(given: StepsCase, way: Way): Promise<Outcome> {
  const model = readForwardModel(given.model);
  const graphOptions = {
    clipNormL2: given.plan.clipNormL2,
    capacityUnits: capacityUnitsOf(given.plan),
    rowsPerUnit: given.plan.rowsPerUnit,
    loss: lossOf(given.plan, model),
    floatFrom: given.floatFrom ?? Number.POSITIVE_INFINITY,
  };
  const inBlocks = buildStepGraph(model, graphOptions);
  const options = { ...graphOptions, addsInOrder: await addsUnitsInOrder(inBlocks, 1) };
  const { parameterCount } = model;
  const { start = model.values } = given;
  const graph = buildStepGraph(model, options);
  const { latticePerUnit, sigma, sensitivity } = calibrateNoise({
    ...given.plan,
    parameterCount,
    rounding: graph.rounding,
  });
  const units = packUnits(model.features, given.rows);
  const clipped = new ClippedSum([graph], units);
  const next = testNumbers(11);
  const noise: Float64Array[] = [];
  let [drawn, sums] = [0, 0];
  const mechanism: StepMechanism = {
    drawBatch() {
      const batch = given.batchOf?.(drawn) ?? given.rows.flatMap((_, unit) => (next() < -0.5 ? [unit] : []));
      drawn++;
      return Uint32Array.from(batch);
    },
    sumClipped(parameters, batch) {
      sums++;
      return clipped.sum(parameters, batch);
    },
    drawNoise() {
      const scale = given.isNoiseless ? 0 : sigma;
      noise.push(Float64Array.from({ length: parameterCount }, () => Math.round(next() * scale)));
      return noise.at(-1)!;
    },
    noiseDeviation: () => 1,
    release: releaseMean(given.plan, () => latticePerUnit),
  };
  const { kind: correction, ...corrections } = given.drift ?? {};
  const stepsBefore = 3;
  const { averaging } = given.plan;
  const average = averaging && new WeightAverage({ ...averaging, parameterCount, stepsBefore });
  let rule = optimizerRuleOf(given.plan, parameterCount);
  if (given.drift !== undefined) rule = correctingDrift(rule, given.drift);
  if (average !== undefined) rule = averagingSteps(rule, average);
  const latticeStep = meanPerStep(given.plan, latticePerUnit);
  const loop = buildStepLoop(model, {
    ...options,
    latticePerUnit,
    meanPerStep: latticeStep,
    momentum: optimizerOf(given.plan).momentum ?? 0,
    decays: (given.plan.weightDecay ?? 0) > 0,
    averages: average !== undefined,
    ...(correction && { correction }),
    isMasked: given.isMasked ?? false,
    mayExtendRows: true,
  });
  const decoded = decodeModel(loop.bytes);
  given.mutate?.(decoded);
  const { clipNormL2, stepsPerRun = 1 } = given.plan;
  assert.equal(loop.sumType, graph.sumType);
  const runs = await StepRuns.open({ ...loop, bytes: encodeModel(decoded) }, units, {
    clipNormL2,
    latticePerUnit,
    stepsPerRun,
  });
  runs.correct(corrections);
  const taken = { plan: given.plan, mechanism, rule, average, stepsBefore };
  const parameters =
    way === 'together' ? await runStepsTogether(start, runs, taken) : await runSteps(start, taken);
  await runs.close();
  await clipped.close();
  const state = rule.state();
  assert(state.kind === 'sgd');
  const { velocity } = state;
  return { parameters, velocity, average: average?.values, noise, sums, sensitivity, latticeStep };
}

/** How many values differ, in any bit, between steps together and one by one, and how many were taken one by one. */
export async function compareWays(
  given: StepsCase,
): Promise<{ readonly differing: number; readonly redone: number }> {
  const [expected, actual] = [await takeSteps(given, 'one by one'), await takeSteps(given, 'together')];
  assert.deepEqual(actual.noise, expected.noise);
  const { sums: redone } = actual;
  const count = (part: 'parameters' | 'velocity' | 'average') => {
    const [a, b] = [actual[part] ?? [], expected[part] ?? []];
    assert.equal(a.length, b.length);
    return Array.from(a).filter((value, i) => !Object.is(value, b[i])).length;
  };
  const differing = count('parameters') + count('velocity') + count('average');
  return { differing, redone };
}

/** The steps' graph within the Scan. */
export function bodyOf({ graph }: ModelProto): GraphProto {
  const scan = graph.node.find(({ opType }) => opType === 'Scan')!;
  return scan.attribute.find(({ name }) => name === 'body')!.g!;
}

/** Gives all nodes of a kind in a graph other inputs. */
export function rewire({ node }: GraphProto, opType: string, change: (inputs: string[]) => string[]): void {
  const nodes = node.filter((candidate) => candidate.opType === opType);
  assert.ok(nodes.length > 0);
  for (const candidate of nodes) candidate.input = change(candidate.input);
}
