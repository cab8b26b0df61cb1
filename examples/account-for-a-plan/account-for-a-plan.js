// What a training plan costs each patient, and how much noise it needs to stay within a budget.
import { calibrateNoiseByPld, epsilonByPld } from '@consilium/dp-accountant';

// 30 epochs, each in 20 steps: a patient is in a step's batch with probability 1/20.
const plan = { samplingRate: 1 / 20, steps: 30 * 20 };
const delta = 1e-5;

for (const noiseMultiplier of [0.8, 1.1, 2]) {
  const epsilon = epsilonByPld([{ noiseMultiplier, ...plan }], delta);
  console.log(`noise multiplier ${noiseMultiplier}: ε = ${epsilon.toFixed(3)} at δ = ${delta}`);
}

const noiseMultiplier = calibrateNoiseByPld({ targetEpsilon: 3, delta, ...plan });
console.log(`for ε = 3 the plan needs a noise multiplier of ${noiseMultiplier}`);

// A noised score of the model on the same patients is one more release, and costs them too.
const withScore = epsilonByPld(
  [
    { noiseMultiplier, ...plan },
    { noiseMultiplier: 9, samplingRate: 1, steps: 1 },
  ],
  delta,
);
console.log(`with one noised score: ε = ${withScore.toFixed(3)}`);
