import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRounds, packUnits, type Rounds, type TrainingUnits } from '@consilium/dp-sgd';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { graphEngineInProcess } from '../../containment/graph-engine.ts';
import { StudyModel } from '../../study/study-model.ts';
import { exactScorer } from './held-out-scores.ts';
import { HospitalRounds } from './hospital-rounds.ts';
import { simulateStudy } from './simulate-study.ts';
import type { SimulatedHospital, SimulatedStudy } from './simulated-study.ts';

const UNITS = packUnits(
  2,
  Array.from({ length: 40 }, (_, i) => [{ features: [i % 2, 1 - (i % 2)], label: i % 2 }]),
);
const graph = buildForwardModel({ kind: 'logistic-regression', features: 2, localIntercept: false });
const { parameterCount: parameters } = readForwardModel(graph);
const engine = { ...graphEngineInProcess };
const model = await StudyModel.read(graph, { inputs: 2, parameters, localParameters: [] }, engine);

const studyOf = (rounds: number): SimulatedStudy => ({
  model,
  localPatterns: [],
  rounds,
  plan: {
    clipNormL2: 1,
    noiseMultiplier: 1,
    samplingRate: 0.5,
    steps: 3,
    rowsPerUnit: 1,
    learningRate: 0.1,
  },
});

/** Hospitals whose units count how often their features are read. */
function watchedHospitals(names: readonly string[]) {
  let reads = 0;
  const { features, ...rest } = UNITS;
  const training = (): TrainingUnits =>
    Object.defineProperty({ ...rest } as TrainingUnits, 'features', {
      enumerable: true,
      get() {
        reads++;
        return features;
      },
    });
  const hospitals = names.map(
    (name): SimulatedHospital => ({ name, weight: 40, bandSize: 40, training: training() }),
  );
  return { hospitals, reads: () => reads };
}

test('a study looks at its patients once, not once a round', async () => {
  const readsOf = async (rounds: number) => {
    const { hospitals, reads } = watchedHospitals(['north', 'south']);
    await simulateStudy(studyOf(rounds), hospitals);
    return reads();
  };
  assert.equal(await readsOf(7), await readsOf(1));
});

test('rounds of a hospital are opened once, and all are closed', async () => {
  const { hospitals } = watchedHospitals(['north', 'south']);
  const counts = { opened: 0, closed: 0 };
  const rounds = new HospitalRounds(studyOf(4), hospitals, { open: counting(counts) });
  for (let round = 0; round < 4; round++) {
    for (const site of hospitals.keys()) await rounds.run(site, { parameters: [0, 0, 0] }, { round: 1 });
  }
  assert.deepEqual(counts, { opened: 2, closed: 0 });
  await rounds.close();
  assert.deepEqual(counts, { opened: 2, closed: 2 });
});

test('no more hospitals and no more bytes are kept than the limits say', async () => {
  const { hospitals } = watchedHospitals(['a', 'b', 'c']);
  for (const limits of [
    { hospitals: 1, bytes: Number.POSITIVE_INFINITY },
    { hospitals: 3, bytes: 150 },
  ]) {
    const counts = { opened: 0, closed: 0 };
    const rounds = new HospitalRounds(studyOf(4), hospitals, {
      limits,
      open: counting(counts, { heldBytes: 100 }),
    });
    for (let round = 0; round < 2; round++) {
      for (const site of hospitals.keys()) await rounds.run(site, { parameters: [0, 0, 0] }, { round: 1 });
    }
    assert.deepEqual(counts, { opened: 1 + 2 * 2, closed: 2 * 2 });
    await rounds.close();
    assert.equal(counts.closed, counts.opened);
  }
});

test('a round that cannot be run leaves nothing open', async () => {
  const { hospitals } = watchedHospitals(['a']);
  const counts = { opened: 0, closed: 0 };
  const limits = { hospitals: 0, bytes: 0 };
  const rounds = new HospitalRounds(studyOf(1), hospitals, { limits, open: counting(counts) });
  await assert.rejects(rounds.run(0, { parameters: [] }, { round: 1 }), /parameters/);
  assert.deepEqual(counts, { opened: 1, closed: 1 });
});

function counting(
  counts: { opened: number; closed: number },
  changes: Partial<Pick<Rounds, 'heldBytes'>> = {},
): typeof openRounds {
  return async (...args) => {
    counts.opened++;
    const rounds = await openRounds(...args);
    const close = async () => {
      counts.closed++;
      await rounds.close();
    };
    return { ...rounds, ...changes, close };
  };
}

test('scores write no model file, and are those of the file that is handed over', async () => {
  let written = 0;
  engine.write = async (...args) => {
    written++;
    return graphEngineInProcess.write(...args);
  };
  const { rowOffsets, features, labels } = UNITS;
  const heldOut = { featureCount: 2, rowOffsets, features, labels: Float64Array.from(labels) };
  const scorer = await exactScorer({ model, heldOut: [heldOut, heldOut], target: { kind: 'binary' } });
  const own = { shared: [1 / 3, -0.7, 0.1], local: [] };
  const scores = await scorer.score(3, [own, own]);
  await scorer.close();
  assert.equal(written, 0);
  assert.equal(scores?.pooled?.count, 80);
  assert.deepEqual(scores?.sites[0], scores?.sites[1]);
  const file = readForwardModel(await model.onnx(own));
  const outputs = await graphEngineInProcess.outputs(graph, {
    values: Float64Array.from(file.values),
    features,
  });
  const right = labels.filter((label, row) => (outputs.values[row]! >= 0 ? 1 : 0) === label).length;
  assert.equal(scores?.sites[0]?.accuracy?.value, right / labels.length);
});
