// Accuracy on the four UCI heart-disease files under the demo's plan, without privacy and at ε = 1, 3 and 8 per
// patient for the whole study (δ = 1e-5): JSON lines. Every patient is held out once per seed (five folds by a
// salted hash of the patient's id), and the scores of a seed's five folds are averaged. Hyperparameters are fixed in
// advance, on the synthetic cohorts of network/cohorts; nothing here is chosen by the held-out patients it reports on.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bandWeight, encodingOf, inputNames } from '@consilium/domain';
import { buildForwardModel, scoreRows } from '@consilium/onnx-grad';
import { divideDataset, patientIdAt, readDataset } from '../src/data/index.ts';
import { type Classification, classify } from '../src/offline/metrics/classification.ts';
import { noiseFor } from '../src/offline/simulation/privacy-plan.ts';
import { simulateStudy } from '../src/offline/simulation/simulate-study.ts';
import { StudyModel } from '../src/study/study-model.ts';
import { trainingUnitsOf } from '../src/study/training-units.ts';

const HOSPITALS = ['cleveland', 'hungarian', 'switzerland', 'va'];
const SEEDS = 5;
const DELTA = '0.00001';
const root = join(import.meta.dirname, '..', '..', '..');
const study = join(root, 'network', 'studies', 'heart-disease');
const folder = join(study, 'data');

/** Smaller steps where the noise is larger; both learning rates were chosen on synthetic cohorts. */
const PLANS = [
  { epsilon: null, learningRate: 2 },
  { epsilon: 1, learningRate: 1 },
  { epsilon: 3, learningRate: 2 },
  { epsilon: 8, learningRate: 2 },
] as const;
const [ROUNDS, STEPS, FOLDS] = [6, 5, 5];

type Scores = Pick<Classification, 'accuracy' | 'baseline' | 'auc'>;
interface Run {
  readonly pooled: Scores;
  readonly hospitals: readonly Scores[];
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values: number[]) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
const foldOf = (text: string) => createHash('sha256').update(text).digest().readUInt32BE(0) % FOLDS;
const averagedScores = (scores: readonly Scores[]): Scores => ({
  accuracy: mean(scores.map(({ accuracy }) => accuracy)),
  baseline: mean(scores.map(({ baseline }) => baseline)),
  auc: mean(scores.map(({ auc }) => auc)),
});
const averaged = (folds: readonly Run[]): Run => ({
  pooled: averagedScores(folds.map(({ pooled }) => pooled)),
  hospitals: HOSPITALS.map((_, index) => averagedScores(folds.map(({ hospitals }) => hospitals[index]!))),
});
const digits = (value: number) => Number(value.toFixed(4));

const dictionary = JSON.parse(readFileSync(join(study, 'dictionary.json'), 'utf8'));
const inputs = inputNames(encodingOf(dictionary).features).length;
const graph = buildForwardModel({ kind: 'logistic-regression', features: inputs, localIntercept: true });
const localPatterns = ['local.*'];
const datasets = await Promise.all(
  HOSPITALS.map((name) =>
    readDataset({ path: join(folder, `processed.${name}.data`), dictionary, encode: true }),
  ),
);
for (const { epsilon, learningRate } of PLANS) {
  const noiseMultiplier =
    epsilon === null
      ? 1e-6
      : noiseFor({
          targetEpsilon: epsilon,
          delta: Number(DELTA),
          samplingRate: 1,
          steps: ROUNDS * STEPS,
        });
  const runs: Run[] = [];
  for (let seed = 0; seed < SEEDS; seed++) {
    const folds: Run[] = [];
    for (let fold = 0; fold < FOLDS; fold++) {
      const model = await StudyModel.read(graph, {
        inputs,
        parameters: inputs + 2,
        localParameters: localPatterns,
      });
      const divided = datasets.map((dataset, hospital) => {
        const { patients } = dataset;
        const flags = Uint8Array.from({ length: patients.count }, (_, patient) =>
          Number(foldOf(`${seed} ${hospital} ${patientIdAt(patients, patient)}`) === fold),
        );
        return divideDataset(dataset, { flags, unit: 'patient' });
      });
      const parameters = await simulateStudy(
        {
          model,
          localPatterns,
          rounds: ROUNDS,
          plan: {
            clipNormL2: 1,
            noiseMultiplier,
            samplingRate: 1,
            steps: STEPS,
            rowsPerUnit: 1,
            learningRate,
          },
        },
        datasets.map(({ recordCountBand }, hospital) => ({
          name: HOSPITALS[hospital]!,
          training: trainingUnitsOf(divided[hospital]!.training),
          weight: bandWeight(recordCountBand),
          bandSize: (1 - 1 / FOLDS) * bandWeight(recordCountBand),
        })),
      );
      const outcomes = await Promise.all(
        divided.map(async ({ heldOut }, hospital) => ({
          probabilities: await scoreRows(await model.onnx(parameters[hospital]!), heldOut.features),
          labels: [...heldOut.labels],
        })),
      );
      folds.push({
        pooled: classify(
          outcomes.flatMap(({ probabilities }) => [...probabilities]),
          outcomes.flatMap(({ labels }) => labels),
        ),
        hospitals: outcomes.map(({ probabilities, labels }) => classify(probabilities, labels)),
      });
    }
    runs.push(averaged(folds));
  }
  const pooled = runs.map((run) => run.pooled);
  console.log(
    JSON.stringify({
      bench: 'heart-accuracy',
      epsilon,
      delta: epsilon === null ? null : Number(DELTA),
      noiseMultiplier: epsilon === null ? 0 : digits(noiseMultiplier),
      seeds: SEEDS,
      folds: FOLDS,
      patients: mean(datasets.map(({ patients }) => patients.count)) * HOSPITALS.length,
      accuracy: digits(mean(pooled.map(({ accuracy }) => accuracy))),
      accuracySpread: digits(spread(pooled.map(({ accuracy }) => accuracy))),
      auc: digits(mean(pooled.map(({ auc }) => auc))),
      aucSpread: digits(spread(pooled.map(({ auc }) => auc))),
      baseline: digits(mean(pooled.map(({ baseline }) => baseline))),
      meanOverHospitals: digits(
        mean(runs.map(({ hospitals }) => mean(hospitals.map((one) => one.accuracy)))),
      ),
      hospitals: Object.fromEntries(
        HOSPITALS.map((name, index) => [
          name,
          {
            accuracy: digits(mean(runs.map(({ hospitals }) => hospitals[index]!.accuracy))),
            baseline: digits(mean(runs.map(({ hospitals }) => hospitals[index]!.baseline))),
          },
        ]),
      ),
    }),
  );
}
