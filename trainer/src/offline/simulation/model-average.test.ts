import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packUnits, TrainingInputError } from '@consilium/dp-sgd';
import {
  averagedParameters,
  initialAverage,
  takeIntoAverage,
} from '@consilium/federation/testing/average-parts';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { StudyModel } from '../../study/study-model.ts';
import { type Averaging, checkAveraging, ModelAverage } from './model-average.ts';
import { simulateStudy } from './simulate-study.ts';
import type { SimulatedHospital } from './simulated-study.ts';

const rounds = [3, -1, 4, 1.5, -9];
const average = (decay: number) => {
  const models = new ModelAverage(decay);
  return rounds.map((value) => {
    const [one, other] = models.add([
      { shared: [value, 2 * value], local: [] },
      { shared: [value, 2 * value], local: [-value] },
    ]);
    assert.equal(one!.local.length, 0);
    assert.equal(other!.local[0], -other!.shared[0]!);
    assert.equal(other!.shared[1], 2 * other!.shared[0]!);
    return one!.shared[0]!;
  });
};

test('the average weighs the rounds by their age and has no part of the initial model', () => {
  const decay = 0.8;
  average(decay).forEach((value, r) => {
    const weights = rounds.slice(0, r + 1).map((_, s) => decay ** (r - s));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const expected = weights.reduce((sum, weight, s) => sum + (weight * rounds[s]!) / total, 0);
    assert.ok(Math.abs(value - expected) < 1e-12, `round ${r + 1}: ${value}, not ${expected}`);
  });
});

test('it is the average that hospitals keep in integers, to half a step of the lattice', () => {
  for (const decay of [0, 0.5, 0.9, 0.9999]) {
    const doubles = new ModelAverage(decay);
    let integers = initialAverage(2);
    for (let r = 0; r < 200; r++) {
      const model = Int32Array.of((r * 7919) % 1_000_003, r % 2 === 0 ? 2 ** 20 : -(2 ** 20));
      integers = takeIntoAverage({ decay }, integers, model);
      const [expected] = doubles.add([{ shared: Float64Array.from(model), local: [] }]);
      averagedParameters(integers).forEach((value, i) => {
        assert.ok(Math.abs(value - expected!.shared[i]!) < 0.5 + 0.01, `decay ${decay}, round ${r}`);
      });
    }
  }
});

test('without decay it is the last model, and no decay of 1 is taken', () => {
  assert.deepEqual(average(0), rounds);
  assert.throws(() => new ModelAverage(1));
});

const UNITS = 20;
const RATE = 0.3;
const SITES = [
  { name: 'north', weight: 100, slope: 0.9, level: 0.5 },
  { name: 'south', weight: 300, slope: -0.4, level: -0.2 },
];
const hospitals: readonly SimulatedHospital[] = SITES.map(({ name, weight, slope, level }) => ({
  name,
  weight,
  bandSize: UNITS,
  training: packUnits(
    1,
    Array.from({ length: UNITS }, (_, i) => {
      const x = i % 2 === 0 ? 0.8 : -0.8;
      return [{ features: [x], label: slope * x + level }];
    }),
  ),
}));

/** Hardly any noise: y = w x + (shared + own offset), squared errors, the whole file in each step. */
async function outcomeOf(shape: { rounds: number; steps: number }, averaging: Averaging, sites = hospitals) {
  const target = { kind: 'numeric', unit: '1', low: -1, high: 1 } as const;
  const graph = buildForwardModel({ kind: 'linear', features: 1, localIntercept: true, target });
  const { parameterCount: parameters } = readForwardModel(graph);
  const localPatterns = ['local.*'];
  return simulateStudy(
    {
      model: await StudyModel.read(graph, { inputs: 1, parameters, localParameters: localPatterns }),
      localPatterns,
      rounds: shape.rounds,
      averaging,
      plan: {
        clipNormL2: 256,
        noiseMultiplier: 1e-6,
        samplingRate: 1,
        steps: shape.steps,
        rowsPerUnit: 1,
        learningRate: RATE,
        loss: { kind: 'squared-error' },
      },
    },
    sites,
  );
}

/** The same in doubles: slope, shared and own offset of each hospital, averaged over the steps of all rounds. */
function expectedOutcome({ rounds, steps }: { rounds: number; steps: number }, decay: number) {
  const total = SITES.reduce((sum, { weight }) => sum + weight, 0);
  const combine = (models: readonly number[][]) =>
    [0, 1].map((i) => SITES.reduce((sum, { weight }, site) => sum + (weight / total) * models[site]![i]!, 0));
  let shared = [0, 0];
  const own = SITES.map(() => 0);
  let [weights, sharedSum] = [0, [0, 0]];
  const ownSums = SITES.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    const models = SITES.map(() => [...shared]);
    for (let step = 0; step < steps; step++) {
      SITES.forEach(({ slope, level }, site) => {
        const model = models[site]!;
        const error = model[1]! + own[site]! - level;
        model[0] = model[0]! - RATE * 2 * 0.64 * (model[0]! - slope);
        model[1] = model[1]! - RATE * 2 * error;
        own[site] = own[site]! - RATE * 2 * error;
      });
      weights = decay * weights + 1;
      const now = combine(models);
      sharedSum = sharedSum.map((sum, i) => decay * sum + now[i]!);
      ownSums.forEach((sum, site) => {
        ownSums[site] = decay * sum + own[site]!;
      });
    }
    shared = combine(models);
  }
  return { shared: sharedSum.map((sum) => sum / weights), local: ownSums.map((sum) => sum / weights) };
}

test('over steps it is the average of the hospitals’ combined models after each step of all rounds', async () => {
  for (const [shape, decay] of [
    [{ rounds: 1, steps: 4 }, 0.9],
    [{ rounds: 3, steps: 4 }, 0.9],
    [{ rounds: 4, steps: 3 }, 0.5],
  ] as const) {
    const outcome = await outcomeOf(shape, { decay, over: 'steps' });
    const expected = expectedOutcome(shape, decay);
    outcome.forEach(({ shared, local }, site) => {
      const actual = [...Array.from(shared), ...Array.from(local)];
      [...expected.shared, expected.local[site]!].forEach((value, i) => {
        assert.ok(Math.abs(actual[i]! - value) < 2e-3, `value ${i}: ${actual[i]}, not ${value}`);
      });
    });
  }
});

test('for one hospital it does not depend on how its steps are parted into rounds', async () => {
  const one = hospitals.slice(0, 1);
  const at = async (shape: { rounds: number; steps: number }, averaging: Averaging) => {
    const [model] = await outcomeOf(shape, averaging, one);
    return [...Array.from(model!.shared), ...Array.from(model!.local)];
  };
  const [whole, parted, byRound] = [
    await at({ rounds: 1, steps: 12 }, { decay: 0.9, over: 'steps' }),
    await at({ rounds: 3, steps: 4 }, { decay: 0.9, over: 'steps' }),
    await at({ rounds: 12, steps: 1 }, { decay: 0.9, over: 'rounds' }),
  ];
  const last = await at({ rounds: 1, steps: 12 }, { decay: 0, over: 'steps' });
  whole.forEach((value, i) => {
    assert.ok(Math.abs(value - parted[i]!) < 1e-3 && Math.abs(value - byRound[i]!) < 1e-3);
  });
  assert.ok(
    whole.some((value, i) => Math.abs(value - last[i]!) > 0.02),
    'the average is not the last model',
  );
});

test('an average of one round, or of steps beside a server optimiser, is refused with the remedy', () => {
  const refused = (study: Parameters<typeof checkAveraging>[0], says: RegExp) =>
    assert.throws(
      () => checkAveraging(study),
      (error: Error) => error instanceof TrainingInputError && says.test(error.message),
    );
  refused({ averaging: { decay: 0.5, over: 'rounds' }, rounds: 1 }, /say over: steps/);
  refused({ averaging: { decay: 0.5, over: 'steps' }, rounds: 2, serverOptimizer: {} }, /say over: rounds/);
  checkAveraging({ averaging: { decay: 0.5, over: 'rounds' }, rounds: 2, serverOptimizer: {} });
  checkAveraging({ averaging: { decay: 0.5, over: 'steps' }, rounds: 1 });
});
