// A process that trains by a seed and prints a digest of what it got: once with steps of lanes that run side by side,
// once with steps that are taken many to a run.
import { createHash } from 'node:crypto';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { runRound } from '../round.ts';
import { packUnits } from '../training-units.ts';
import { seededRandomness } from './seeded-randomness.ts';

const FEATURES = 6;
const CASES = [
  { kind: 'multilayer-perceptron', hidden: [128, 512], steps: 3 },
  { kind: 'logistic-regression', steps: 80 },
] as const;

const next = testNumbers(3);
const units = packUnits(
  FEATURES,
  Array.from({ length: 40 }, (_, unit) => [
    { features: Array.from({ length: FEATURES }, () => next()), label: unit % 2 },
  ]),
);

for (const { steps, ...description } of CASES) {
  const model = buildForwardModel({ ...description, features: FEATURES, localIntercept: false });
  const { sharedDelta } = await runRound(
    {
      model,
      parameters: readForwardModel(model).values,
      units,
      localPatterns: [],
      plan: {
        clipNormL2: 1,
        noiseMultiplier: 1,
        samplingRate: 0.5,
        steps,
        bandSize: 40,
        rowsPerUnit: 1,
        learningRate: 0.1,
      },
    },
    { randomness: seededRandomness('bindings') },
  );
  const bytes = new Uint8Array(sharedDelta.buffer, sharedDelta.byteOffset, sharedDelta.byteLength);
  process.stdout.write(`${description.kind} ${createHash('sha256').update(bytes).digest('hex')}\n`);
}
