// A whole study of one or several hospitals in one process, without a ledger: the same training, the same
// aggregation in integers, the same local parameters. For people without a ledger, for benches and for planning.

import {
  checkRound,
  checkTrainingPlan,
  packUnits,
  type RoundModel,
  runRound,
  secureRandomness,
  type TrainingPlan,
  type TrainingState,
  type TrainingUnits,
} from '@consilium/dp-sgd';
import {
  type Aggregation,
  aggregateFedAvg,
  controlShift,
  dequantizeParameters,
  initialModel,
  nextModel,
  quantizeParameters,
  type ServerOptimizerPlan,
  type SharedModel,
  type SiteUpdate,
} from '@consilium/federation';
import type { LabelledUnits } from '../../data/index.ts';
import type { Parameters, StudyModel } from '../../study/study-model.ts';
import { type Averaging, checkAveraging, decayOfRound, ModelAverage } from './model-average.ts';

/** Units of privacy as training takes them: a patient's rows, or single records. */
export const trainingUnits = ({ labels, ...units }: LabelledUnits): TrainingUnits => ({
  ...units,
  labels: Float32Array.from(labels),
});

export interface SimulatedHospital {
  readonly name: string;
  readonly training: TrainingUnits;
  /** Public weight of the dataset's band, in patients. */
  readonly weight: number;
  /** Public expected number of training units: every mean divides by it (times the sampling rate). */
  readonly bandSize: number;
}

export interface SimulatedStudy {
  readonly model: StudyModel;
  readonly localPatterns: readonly string[];
  readonly rounds: number;
  readonly plan: Omit<TrainingPlan, 'bandSize' | 'studySteps' | 'averaging'>;
  /** Whether each round starts without the momentum or moments of the one before; by default they are kept. */
  readonly restartsOptimizer?: boolean;
  /** Where given, the study's outcome is the exponential moving average of its models. */
  readonly averaging?: Averaging;
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
 * Refuses a plan that cannot be trained over hospitals, before anything is made of their rows.
 *
 * @throws TrainingInputError, or the model's own errors
 */
export function checkStudy(
  study: SimulatedStudy,
  hospitals: readonly Pick<SimulatedHospital, 'bandSize'>[],
): void {
  checkAveraging(study);
  const { model, plan, localPatterns } = study;
  const [parameters, units] = [model.join(model.initial), packUnits(model.inputs, [])];
  const studySteps = study.rounds * plan.steps;
  const plans = hospitals.map(({ bandSize }) => ({ ...plan, ...inRound(study), bandSize, studySteps }));
  for (const own of plans) checkTrainingPlan(own);
  checkRound({ model: model.graph, parameters, units, localPatterns, plan: plans[0]! });
}

/** What a round averages by itself. */
const inRound = ({ averaging }: SimulatedStudy): Pick<TrainingPlan, 'averaging'> =>
  averaging?.over === 'steps' ? { averaging: { decay: averaging.decay } } : {};

/**
 * Trains a study over all hospitals; the result is each hospital's model after the last round, or with `averaging`
 * the average of its models over the rounds or steps. Training itself always goes on from the models, never from the
 * average. The model after a step is what the aggregation makes of the hospitals' models after that step, where it is
 * the mean; with a robust rule, the average over a round's steps is what the rule makes of the hospitals' averages.
 *
 * From round to round each hospital keeps its `TrainingState`: the schedule runs over all rounds' steps, and the
 * optimiser goes on where it stopped unless it restarts. The state stays at its hospital, as local parameters do.
 *
 * **Guarantee.** Towards each hospital's units the result is `rounds` compositions of `runRound` under the plan and
 * whatever follows from public numbers: what is kept and what is averaged follows from releases. Hospitals are
 * disjoint, so a patient of one hospital is charged once.
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
  const { model, plan, localPatterns, aggregation = aggregateFedAvg, serverOptimizer, averaging } = study;
  checkAveraging(study);
  const sites = hospitals.map((hospital) => ({
    ...hospital,
    units: hospital.training,
    local: model.initial.local,
    state: undefined as TrainingState | undefined,
  }));
  const control = plan.driftCorrection?.kind === 'scaffold' ? {} : undefined;
  const federation = { aggregation, serverOptimizer, control };
  let current = initialModel(quantizeParameters(model.initial.shared), federation);
  const weights = hospitals.map(({ name, weight }) => ({ site: name, weight }));
  const average = averaging && new ModelAverage(decayOfRound(averaging, plan.steps));
  const studySteps = study.rounds * plan.steps;
  const parameters = (): HospitalParameters => {
    const shared = dequantizeParameters(current.parameters);
    return sites.map(({ local }) => ({ shared, local }));
  };
  /** The hospitals' averages over a round's steps, of which the shared parts are combined as their models' are. */
  const meanOfSteps = (before: SharedModel, averages: readonly RoundModel[]): HospitalParameters => {
    const updates = averages.map(({ sharedDelta }, i) => ({
      site: sites[i]!.name,
      delta: quantizeParameters(sharedDelta),
    }));
    const shared = dequantizeParameters(
      nextModel({ aggregation }, { before, sites: weights, updates }).parameters,
    );
    return averages.map(({ localParameters: local }) => ({ shared, local }));
  };
  const shiftOf = (site: string) => {
    const { variates, parameters: shared } = current;
    if (variates === undefined) return {};
    const round = { site, sites: weights, parameterCount: shared.length };
    return { controlShift: controlShift(variates, { ...round, reach: plan.steps * plan.learningRate }) };
  };
  let outcome = parameters();
  await listeners.onRound?.(0, outcome);
  for (let round = 1; round <= study.rounds; round++) {
    const updates: SiteUpdate[] = [];
    const averages: RoundModel[] = [];
    for (const site of sites) {
      const {
        sharedDelta,
        localParameters,
        state: after,
        average: own,
      } = await runRound(
        {
          model: model.graph,
          parameters: model.join({ shared: dequantizeParameters(current.parameters), local: site.local }),
          units: site.units,
          localPatterns,
          plan: { ...plan, ...inRound(study), bandSize: site.bandSize, studySteps },
          ...(site.state && { state: site.state }),
          ...shiftOf(site.name),
        },
        {
          randomness: secureRandomness,
          onProgress: ({ step, steps }) => listeners.onStep?.({ round, hospital: site.name, step, steps }),
        },
      );
      site.local = localParameters;
      site.state = study.restartsOptimizer ? withoutOptimizer(after) : after;
      updates.push({ site: site.name, delta: quantizeParameters(sharedDelta) });
      if (own !== undefined) averages.push(own);
    }
    const before = current;
    current = nextModel(federation, { before, sites: weights, updates });
    const ofRound = averaging?.over === 'steps' ? meanOfSteps(before, averages) : parameters();
    outcome = average?.add(ofRound) ?? ofRound;
    await listeners.onRound?.(round, outcome);
  }
  return outcome;
}

function withoutOptimizer({ optimizer, ...rest }: TrainingState): TrainingState {
  return rest;
}
