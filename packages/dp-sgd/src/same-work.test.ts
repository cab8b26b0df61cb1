// A round does the same work whatever its patients hold: it runs as many graphs, as often, with a patient whose numbers
// overflow, with one whose do not, and without. No clock is asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { probeNumbers } from '@consilium/onnx-grad/testing/graph-parts';
import { StepRuns } from './fast/step-runs.ts';
import { runRound } from './round.ts';
import { GraphRunner } from './shard.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';
import type { TrainingPlan } from './training-plan.ts';
import { type LabelledRow, packUnits } from './training-units.ts';

const FEATURES = 6;
const perceptron = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: FEATURES,
  hidden: [8, 4],
  localIntercept: false,
});
const logistic = buildForwardModel({ kind: 'logistic-regression', features: FEATURES, localIntercept: true });
const wide = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: FEATURES,
  hidden: [128, 512],
  localIntercept: false,
});
const plan: TrainingPlan = {
  clipNormL2: 0.5,
  noiseMultiplier: 1,
  samplingRate: 1,
  steps: 60,
  bandSize: 32,
  rowsPerUnit: 2,
  learningRate: 0.1,
};

/** Graphs that were run, in the order of their runs. */
async function workOf(work: () => Promise<unknown>): Promise<string[]> {
  const runs: string[] = [];
  const [ofGraph, ofLoop] = [GraphRunner.prototype.run, StepRuns.prototype.run];
  GraphRunner.prototype.run = function (graphIndex) {
    runs.push(`graph ${graphIndex}`);
    return ofGraph.call(this, graphIndex);
  };
  StepRuns.prototype.run = function (state, range) {
    runs.push(`steps ${range.first} to ${range.end}`);
    return ofLoop.call(this, state, range);
  };
  try {
    await work();
  } finally {
    GraphRunner.prototype.run = ofGraph;
    StepRuns.prototype.run = ofLoop;
  }
  return runs;
}

const next = probeNumbers(4);
const row = (first: number): LabelledRow => ({
  features: [first, ...Array.from({ length: FEATURES - 1 }, next)],
  label: next() > 0 ? 1 : 0,
});
const others = Array.from({ length: 30 }, () => [row(0), row(0)]);
const WORLDS: readonly (readonly [name: string, one: LabelledRow[] | undefined])[] = [
  ['an ordinary patient', [row(0), row(0)]],
  ['a patient of one row', [row(0)]],
  ['a patient whose numbers overflow', [row(1e6), row(0)]],
  ['a patient of no numbers', [row(Number.NaN)]],
  ['a patient beyond all numbers', [row(3e38)]],
];

const ROUNDS: readonly (readonly [name: string, model: Uint8Array, plan: TrainingPlan])[] = [
  ['many steps in a run', perceptron, plan],
  ['a step in a run', perceptron, { ...plan, steps: 5, stepsPerRun: 1 }],
  ['a logistic regression', logistic, { ...plan, rowsPerUnit: 2 }],
  ['a logistic regression of one row', logistic, { ...plan, rowsPerUnit: 1 }],
  ['an adaptive clip norm', perceptron, { ...plan, steps: 5, clipping: { kind: 'adaptive' } }],
  ['several runs of a batch', perceptron, { ...plan, steps: 5, rowsPerRun: 10 }],
  ['sums in float', wide, { ...plan, steps: 3, rowsPerUnit: 1 }],
];
for (const [name, model, own] of ROUNDS) {
  test(`a round runs the same graphs as often, whatever its patients hold: ${name}`, async () => {
    // Only a patient with another first feature than 0 makes a number overflow.
    const { parameters, values } = readForwardModel(model);
    const [weight] = parameters;
    const start = values.map((value, i) => {
      const isOfFirst = i < weight!.offset + weight!.size / FEATURES && i >= weight!.offset;
      return isOfFirst ? (i % 2 === 0 ? 2e37 : -2e37) : value;
    });
    const fitting = (rows: LabelledRow[]) => rows.slice(0, own.rowsPerUnit);
    const work = (one: LabelledRow[] | undefined) => {
      const units = packUnits(FEATURES, [...others, ...(one ? [one] : [])].map(fitting));
      const input = { model, parameters: start, units, plan: own, localPatterns: [] };
      return workOf(async () => {
        const result = await runRound(input, { randomness: seededRandomness('same work') });
        assert.ok(result.sharedDelta.every(Number.isFinite));
      });
    };
    const without = await work(undefined);
    assert.ok(without.length > 0);
    for (const [who, one] of WORLDS) assert.deepEqual(await work(one), without, who);
  });
}
