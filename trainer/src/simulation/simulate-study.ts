// A whole study of one or several hospitals in one process, without a ledger: the same training, the same
// aggregation in integers, the same local parameters. For people without a ledger, for benches and for planning.
import {
  type Aggregation,
  aggregateFedAvg,
  dequantizeParameters,
  initialServerState,
  quantizeParameters,
  type ServerOptimizerPlan,
  stepServer,
} from '../aggregate/index.ts';
import type { DatasetRow } from '../data/index.ts';
import { packUnits, runRound, secureRandomness, type TrainingPlan } from '../dp-sgd/index.ts';
import type { Parameters, StudyModel } from '../study-model.ts';

/** The rows of one unit of privacy: a patient's, or a single record. */
export type UnitRows = readonly DatasetRow[];

export interface SimulatedHospital {
  readonly name: string;
  readonly training: readonly UnitRows[];
  /** Public weight of the dataset's band, in patients. */
  readonly weight: number;
  /** Public expected number of training units: every mean divides by it (times the sampling rate). */
  readonly bandSize: number;
}

export interface SimulatedStudy {
  readonly model: StudyModel;
  readonly localPatterns: readonly string[];
  readonly rounds: number;
  readonly plan: Omit<TrainingPlan, 'bandSize'>;
  /** FedAvg by default. */
  readonly aggregation?: Aggregation;
  /** How the aggregate moves the shared model; by default it becomes the model. */
  readonly serverOptimizer?: ServerOptimizerPlan;
}

/** Each hospital's model after a round, in the hospitals' order: one shared part, and each one's own. */
export type HospitalParameters = readonly Parameters[];

export interface SimulationProgress {
  readonly round: number;
  readonly hospital: string;
  readonly step: number;
  readonly steps: number;
}

/**
 * Trains a study over all hospitals; the result is each hospital's model after the last round.
 *
 * **Guarantee.** Towards each hospital's units the result is `rounds` compositions of `runRound` under the plan and
 * whatever follows from public numbers. Hospitals are disjoint, so a patient of one hospital is charged once.
 *
 * @param listeners `onRound` is awaited after each round, and before the first with round 0
 * @throws AggregationRefusedError where the rule needs more hospitals
 * @throws ParameterRangeError where parameters run away; TrainingInputError for a plan that cannot be trained with
 */
export async function simulateStudy(
  study: SimulatedStudy,
  hospitals: readonly SimulatedHospital[],
  listeners: {
    readonly onRound?: (round: number, parameters: HospitalParameters) => Promise<void>;
    readonly onStep?: (progress: SimulationProgress) => void;
  } = {},
): Promise<HospitalParameters> {
  const { model, plan, localPatterns, aggregation = aggregateFedAvg, serverOptimizer } = study;
  const sites = hospitals.map((hospital) => ({
    ...hospital,
    units: packUnits(
      model.inputs,
      hospital.training.map((rows) => rows.map(({ x, y }) => ({ features: x, label: y }))),
    ),
    local: model.initial.local,
  }));
  let base = quantizeParameters(model.initial.shared);
  let state = initialServerState(base.length);
  const parameters = (): HospitalParameters => {
    const shared = dequantizeParameters(base);
    return sites.map(({ local }) => ({ shared, local }));
  };
  await listeners.onRound?.(0, parameters());
  for (let round = 1; round <= study.rounds; round++) {
    const updates = [];
    for (const site of sites) {
      const { sharedDelta, localParameters } = await runRound(
        {
          model: model.graph,
          parameters: model.join({ shared: dequantizeParameters(base), local: site.local }),
          units: site.units,
          localPatterns,
          plan: { ...plan, bandSize: site.bandSize },
        },
        {
          randomness: secureRandomness,
          onProgress: ({ step, steps }) => listeners.onStep?.({ round, hospital: site.name, step, steps }),
        },
      );
      site.local = localParameters;
      updates.push({ weight: site.weight, delta: quantizeParameters(sharedDelta) });
    }
    const aggregate = aggregation({ base, updates });
    if (serverOptimizer === undefined) base = aggregate;
    else ({ model: base, state } = stepServer(serverOptimizer, { base, aggregate, state }));
    await listeners.onRound?.(round, parameters());
  }
  return parameters();
}
