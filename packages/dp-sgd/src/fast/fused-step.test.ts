// Steps of a large model whose noise and move a worker shares, beside the same steps one tile after the other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { secureRandomness } from '../randomness.ts';
import { prepareRounds, runRound } from '../round.ts';
import type { RoundInput } from '../round-input.ts';
import { copyOf } from '../tiled-sums.ts';
import type { TrainingPlan } from '../training-plan.ts';
import { meanPerStep, ROUNDER, runSteps, type StepMechanism } from '../training-steps.ts';
import { type LabelledRow, packUnits } from '../training-units.ts';

const features = 256;
const bytes = buildForwardModel({
  kind: 'multilayer-perceptron',
  features,
  hidden: [256],
  localIntercept: false,
});
const { values } = readForwardModel(bytes);
const next = testNumbers(8);
const row = (scale: number): LabelledRow[] => [
  { features: Array.from({ length: features }, () => Math.fround(next() * scale)), label: 1 },
];
const patients = [...Array.from({ length: 300 }, (_, i) => row(10 ** (i % 3))), row(1e25), row(Number.NaN)];
const plan: TrainingPlan = {
  clipNormL2: 0.5,
  noiseMultiplier: 1,
  samplingRate: 0.5,
  steps: 6,
  bandSize: 300,
  rowsPerUnit: 1,
  learningRate: 0.1,
  weightDecay: 0.001,
};
const inputOf = (changes: Partial<TrainingPlan>): RoundInput => ({
  model: bytes,
  parameters: values,
  units: packUnits(features, patients),
  plan: { ...plan, ...changes },
  localPatterns: [],
});

/**
 * Parameters after steps of one mechanism, as it takes them, and by the same batches, sums and noise tile by tile. The
 * noise of a move is computed from how far it moved the parameters, since with these rates no other noise moves them
 * so.
 */
async function bothWays(
  changes: Partial<TrainingPlan>,
  change: (mechanism: StepMechanism) => StepMechanism = (mechanism) => mechanism,
): Promise<{ one: Float64Array; other: Float64Array; moves: number }> {
  const input = inputOf(changes);
  const {
    mechanism,
    noise: calibration,
    close,
  } = await prepareRounds(input, { randomness: secureRandomness });
  assert.ok(mechanism.fused !== undefined);
  const { fused } = mechanism;
  const { parameters, velocity } = fused.memory;
  const perStep = meanPerStep(input.plan, calibration.latticePerUnit);
  let moves = 0;
  const drawn: { sum: Float64Array; noise?: Float64Array }[] = [];
  const draw = () => {
    const noise = fused.draw();
    drawn.at(-1)!.noise = noise.slice();
    return noise;
  };
  const recording: StepMechanism = {
    ...mechanism,
    async sumClipped(rounded, batch) {
      const sum = await mechanism.sumClipped(rounded, batch);
      drawn.push({ sum: Float64Array.from(copyOf(sum)) });
      return sum;
    },
    drawNoise: draw,
    fused: {
      ...fused,
      draw,
      move(rates) {
        moves++;
        const before = [parameters.slice(), velocity.slice()] as const;
        fused.move(rates);
        const { sum } = drawn.at(-1)!;
        drawn.at(-1)!.noise = sum.map((value, i) => {
          const v = (before[0][i]! * rates.kept - parameters[i]!) / rates.rate;
          const mean = v - rates.momentum * (before[1][i] ?? 0);
          const integer = value * calibration.latticePerUnit + ROUNDER - ROUNDER;
          return Math.round(mean / perStep) - integer;
        });
      },
    },
  };
  const one = (await runSteps(values, { plan: input.plan, mechanism: change(recording) })).slice();
  let step = 0;
  const { fused: _, ...parts } = mechanism;
  const replay: StepMechanism = {
    ...parts,
    sumClipped: async () => drawn[step]!.sum,
    drawNoise: () => drawn[step++]!.noise!,
  };
  const other = await runSteps(values, { plan: input.plan, mechanism: replay });
  await close();
  return { one, other, moves };
}

test('steps in one loop are those of sum, noise, release and rule, to the bit', async () => {
  for (const changes of [{ momentum: 0.8 }, {}]) {
    const { one, other, moves } = await bothWays(changes);
    assert.equal(moves, plan.steps);
    assert.deepEqual(one, other);
    assert.ok(one.every((value, i) => Number.isFinite(value) && value !== values[i]));
  }
});

test('a batch of several runs, and another optimiser, are released tile by tile', async () => {
  for (const changes of [
    { rowsPerRun: 140, samplingRate: 0.4, bandSize: 200 },
    { optimizer: { kind: 'adam' } },
  ] as const) {
    const { one, other, moves } = await bothWays(changes);
    assert.ok(moves < plan.steps, `${moves} moves`);
    assert.deepEqual(one, other);
  }
});

test('a mechanism whose release is another is not overruled', async () => {
  const { one, other, moves } = await bothWays({}, (mechanism) => ({
    ...mechanism,
    release: (sums, into) => mechanism.release(sums, into).fill(0),
  }));
  assert.equal(moves, 0);
  assert.notDeepEqual(one, other);
});

test('a round ends with the model of its steps, and the next goes on from its momentum', async () => {
  const input = inputOf({ momentum: 0.8, noiseMultiplier: 1e-5, samplingRate: 1, bandSize: 400 });
  const first = await runRound(input, { randomness: secureRandomness });
  const moved = first.sharedDelta.map((value, i) => value + values[i]!);
  const second = await runRound(
    { ...input, parameters: moved, state: first.state },
    { randomness: secureRandomness },
  );
  const long = { ...input, plan: { ...input.plan, steps: 2 * plan.steps } };
  const whole = await runRound(long, { randomness: secureRandomness });
  const gap = Math.hypot(
    ...whole.sharedDelta.map((value, i) => value + values[i]! - moved[i]! - second.sharedDelta[i]!),
  );
  assert.ok(gap < 1e-2 * Math.hypot(...whole.sharedDelta), `${gap}`);
});
