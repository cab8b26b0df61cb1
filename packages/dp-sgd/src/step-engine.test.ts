// Both engines take the same rounds: the plain one is the reference, and the fast one must agree with it to the bit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { probeNumbers } from '@consilium/onnx-grad/testing/graph-parts';
import { peerModel } from '@consilium/onnx-grad/testing/peer-models';
import { fastEngine } from './fast/index.ts';
import { plainEngine } from './plain-engine.ts';
import { RandomWords } from './randomness.ts';
import { runRound } from './round.ts';
import type { RoundInput, RoundResult } from './round-input.ts';
import type { StepEngine } from './step-engine.ts';
import { kolmogorovSmirnov, normalCdf, varianceScore } from './testing/goodness-of-fit.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';
import type { TrainingPlan } from './training-plan.ts';
import { type LabelledRow, packUnits } from './training-units.ts';

const plan: TrainingPlan = {
  clipNormL2: 0.5,
  noiseMultiplier: 0.7,
  samplingRate: 0.5,
  steps: 60,
  bandSize: 40,
  rowsPerUnit: 2,
  learningRate: 0.3,
};
const logistic = buildForwardModel({ kind: 'logistic-regression', features: 6, localIntercept: true });
const perceptron = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: 6,
  hidden: [8, 4],
  localIntercept: false,
});
const wide = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: 6,
  hidden: [128, 512],
  localIntercept: false,
});
const images = peerModel('cnn28', 1).bytes;

function inputOf(model: Uint8Array, changes: Partial<TrainingPlan>, count = 40): RoundInput {
  const own = { ...plan, ...changes };
  const { features, outputs, values } = readForwardModel(model);
  const next = probeNumbers(12);
  const row = (scale: number): LabelledRow => ({
    features: Array.from({ length: features }, () => next() * scale),
    label: outputs === 1 ? (next() > 0 ? 1 : 0) : Math.floor(Math.abs(next()) * 1e6) % outputs,
  });
  const ordinary = Array.from({ length: count - 2 }, (_, i) =>
    Array.from({ length: 1 + (i % own.rowsPerUnit) }, () => row(1)),
  );
  const units = packUnits(features, [...ordinary, [row(1e25)], [row(Number.NaN)]]);
  return { model, parameters: values, units, plan: own, localPatterns: [] };
}

/** A round by an engine, with one engine's draws in both cases. */
function roundBy(engine: StepEngine, input: RoundInput): Promise<RoundResult> {
  const { openGaussian, openNoise } = fastEngine;
  return runRound(input, {
    randomness: seededRandomness('both engines'),
    engine: { ...engine, openGaussian, openNoise },
  });
}

const ROUNDS: readonly (readonly [name: string, RoundInput])[] = [
  ['a logistic regression, many steps in a run', inputOf(logistic, {})],
  ['a perceptron with momentum and decay', inputOf(perceptron, { momentum: 0.8, weightDecay: 0.01 })],
  ['averaged parameters', inputOf(perceptron, { averaging: { decay: 0.9 } })],
  ['a proximal term', inputOf(logistic, { driftCorrection: { kind: 'fedprox', proximal: 0.1 } })],
  ['steps taken one by one', inputOf(perceptron, { steps: 4, optimizer: { kind: 'adam' } })],
  ['an adaptive clip norm', inputOf(perceptron, { steps: 4, clipping: { kind: 'adaptive' } })],
  ['a batch of several runs', inputOf(perceptron, { steps: 4, rowsPerRun: 10 })],
  ['a large layer, summed in float on two threads', inputOf(wide, { steps: 3, bandSize: 300 }, 300)],
  ['a convolution on two threads', inputOf(images, { steps: 2, bandSize: 150, rowsPerUnit: 1 }, 150)],
];
for (const [name, input] of ROUNDS) {
  test(`the fast engine trains what the plain one trains, to the bit: ${name}`, async () => {
    const [plain, fast] = [await roundBy(plainEngine, input), await roundBy(fastEngine, input)];
    assert.deepEqual(fast, plain);
    assert.ok(plain.sharedDelta.some((value) => value !== 0));
    assert.ok(plain.sharedDelta.every(Number.isFinite));
  });
}

test('the comparison catches an engine whose shards lose a gradient', async () => {
  const [, input] = ROUNDS[4]!;
  const losing: StepEngine = {
    ...fastEngine,
    openStep(round) {
      const work = fastEngine.openStep(round);
      const shards = work.shards.map((shard) => ({
        ...shard,
        async finish() {
          await shard.finish();
          shard.buffers.sum[0] = 0;
        },
      }));
      return { ...work, shards };
    },
  };
  const [plain, other] = [await roundBy(plainEngine, input), await roundBy(losing, input)];
  assert.notDeepEqual(other.sharedDelta, plain.sharedDelta);
});

for (const [name, engine] of Object.entries({ plain: plainEngine, fast: fastEngine })) {
  test(`the ${name} engine draws integer noise of the scale and the shape of its σ`, async () => {
    const randomness = seededRandomness('engines');
    for (const sigma of [700, 1_234_567]) {
      const words = new RandomWords(randomness);
      const source = engine.openNoise({ sigma, count: 500, words, randomness });
      const samples = Array.from({ length: 60 }, () => [...source.draw()]).flat();
      const sampler = engine.openGaussian(words, sigma);
      for (let i = 0; i < 20_000; i++) samples.push(sampler.sample());
      await source.close();
      assert.ok(samples.every(Number.isSafeInteger));
      assert.ok(Math.abs(varianceScore(samples, sigma)) < 4.5);
      assert.ok(kolmogorovSmirnov(samples, (x) => normalCdf((x + 0.5) / sigma)) < 2.2);
      // A scale that is off by a twentieth is rejected.
      assert.ok(Math.abs(varianceScore(samples, sigma * 1.05)) > 8);
    }
  });
}
