// A whole study of several hospitals in one process, without a ledger: the same training, the same aggregation
// in integers, the same local parameters. For benches and for people who plan a study.
import { aggregateFedAvg, dequantizeParameters, quantizeParameters } from '../aggregate/index.ts';
import type { DatasetRow, PatientUnit } from '../data/index.ts';
import { packUnits, secureRandomness, type TrainingPlan } from '../dp-sgd/index.ts';
import { runRound } from '../dp-sgd/round.ts';
import type { StudyModel } from '../study-model.ts';

export interface SimulatedHospital {
  readonly training: readonly PatientUnit[];
  readonly heldOut: readonly PatientUnit[];
  /** Public weight of the dataset's band, in patients. */
  readonly weight: number;
  /** Public expected number of training patients: every mean divides by it (times the sampling rate). */
  readonly bandSize: number;
}

export interface SimulatedStudy {
  readonly model: StudyModel;
  readonly localPatterns: readonly string[];
  readonly rounds: number;
  readonly plan: Omit<TrainingPlan, 'bandSize'>;
}

/** One hospital's held-out rows with the final model's probabilities under its own local parameters. */
export interface SimulatedOutcome {
  readonly probabilities: Float32Array;
  readonly labels: readonly number[];
}

/**
 * Trains a study over all hospitals and scores each hospital's held-out patients with its final model.
 *
 * The outcome is not private: it holds exact scores of held-out patients.
 */
export async function simulateStudy(
  study: SimulatedStudy,
  hospitals: readonly SimulatedHospital[],
): Promise<SimulatedOutcome[]> {
  const { model } = study;
  const sites = hospitals.map((hospital) => ({ ...hospital, local: model.initial.local }));
  let base = quantizeParameters(model.initial.shared);
  for (let round = 0; round < study.rounds; round++) {
    const updates = [];
    for (const site of sites) {
      const result = await runRound(
        {
          model: model.graph,
          parameters: model.join({ shared: dequantizeParameters(base), local: site.local }),
          units: packUnits(
            model.inputs,
            site.training.map(({ rows }) => rows.map(labelled)),
          ),
          localPatterns: study.localPatterns,
          plan: { ...study.plan, bandSize: site.bandSize },
        },
        { randomness: secureRandomness },
      );
      site.local = result.localParameters;
      updates.push({ weight: site.weight, delta: quantizeParameters(result.sharedDelta) });
    }
    base = aggregateFedAvg({ base, updates });
  }
  const shared = dequantizeParameters(base);
  return Promise.all(
    sites.map(async ({ heldOut, local }) => {
      const rows = heldOut.flatMap((unit) => unit.rows);
      const features = Float32Array.from(rows.flatMap(({ x }) => [...x]));
      return {
        probabilities: await model.predict({ shared, local }, features),
        labels: rows.map(({ y }) => y),
      };
    }),
  );
}

const labelled = ({ x, y }: DatasetRow) => ({ features: x, label: y });
