// A whole study of one or several hospitals in one process, without a ledger: the same training, the same
// aggregation in integers, the same local parameters. For people without a ledger, for benches and for planning.

import {
  checkRound,
  checkTrainingPlan,
  packUnits,
  type RoundModel,
  type TrainingState,
} from '@consilium/dp-sgd';
import {
  aggregateFedAvg,
  controlShift,
  dequantizeParameters,
  initialModel,
  nextModel,
  quantizeParameters,
  type SharedModel,
  type SiteUpdate,
} from '@consilium/federation';
import type { Parameters } from '../../study/study-model.ts';
import { HospitalRounds, type RandomnessOf } from './hospital-rounds.ts';
import { type AveragedModels, averagedWith, checkAveraging, decayOfRound } from './model-average.ts';
import { federationOf, planAt, type SimulatedHospital, type SimulatedStudy } from './simulated-study.ts';

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
  const { model, localPatterns } = study;
  const [parameters, units] = [model.join(model.initial), packUnits(model.inputs, [])];
  const plans = hospitals.map((hospital) => planAt(study, hospital));
  for (const own of plans) checkTrainingPlan(own);
  checkRound({ model: model.graph, parameters, units, localPatterns, plan: plans[0]! });
}

/** What a study goes on from after a round: no patient is in it but through what the rounds released. */
export interface StudyProgress {
  /** Rounds that are finished; 0 before the first. */
  readonly round: number;
  readonly shared: SharedModel;
  /** What each hospital keeps to itself, in the hospitals' order. */
  readonly sites: readonly { readonly local: ArrayLike<number>; readonly state: TrainingState | undefined }[];
  /** With `averaging`, the average of the models so far. */
  readonly average: AveragedModels | undefined;
}

export interface StudyListeners {
  /** Called before anything of a round is drawn, and before the first with round 0. */
  readonly onBegin?: (round: number) => void;
  /** Awaited after each round, and before the first with round 0. */
  readonly onRound?: (round: number, parameters: HospitalParameters, after: StudyProgress) => Promise<void>;
  readonly onStep?: (progress: SimulationProgress) => void;
}

export interface StudyOptions extends StudyListeners {
  /** Where the study goes on; by default it begins. */
  readonly from?: StudyProgress | undefined;
  /** The system's randomness by default. */
  readonly randomnessOf?: RandomnessOf | undefined;
}

/** What a round that is lost leaves: it takes its place in the study's schedule, and moves nothing. */
export function afterLostRound({ plan }: SimulatedStudy, before: StudyProgress): StudyProgress {
  return {
    ...before,
    round: before.round + 1,
    sites: before.sites.map(({ local, state }) => ({
      local,
      state: { ...state, steps: (state?.steps ?? 0) + plan.steps },
    })),
  };
}

/**
 * Trains a study over all hospitals; the result is each hospital's model after the last round, or with `averaging`
 * the average of its models over the rounds or steps. Training itself always goes on from the models, never from the
 * average. The model after a step is what the aggregation makes of the hospitals' models after that step, where it is
 * the mean; with a robust rule, the average over a round's steps is what the rule makes of the hospitals' averages.
 *
 * From round to round each hospital keeps its `TrainingState`: the schedule runs over all rounds' steps, and the
 * optimiser goes on where it stopped unless it restarts. The state stays at its hospital, as local parameters do.
 * What does not change from round to round is prepared once (`HospitalRounds`). A study that goes on from what it had
 * come to takes the same steps as one that was never stopped.
 *
 * **Guarantee.** Towards each hospital's units the result is `rounds` compositions of `runRound` under the plan and
 * whatever follows from public numbers: what is kept and what is averaged follows from releases. Hospitals are
 * disjoint, so a patient of one hospital is charged once.
 *
 * @throws AggregationRefusedError where the rule needs more hospitals
 * @throws ParameterRangeError where parameters run away; TrainingInputError for a plan that cannot be trained with
 */
export async function simulateStudy(
  study: SimulatedStudy,
  hospitals: readonly SimulatedHospital[],
  options: StudyOptions = {},
): Promise<HospitalParameters> {
  checkAveraging(study);
  const { randomnessOf, from } = options;
  const rounds = new HospitalRounds(study, hospitals, {
    randomnessOf,
    rounds: study.rounds - (from?.round ?? 0),
  });
  try {
    return await simulateRounds(study, { hospitals, rounds, listeners: options, from });
  } finally {
    await rounds.close();
  }
}

async function simulateRounds(
  study: SimulatedStudy,
  given: {
    readonly hospitals: readonly SimulatedHospital[];
    readonly rounds: HospitalRounds;
    readonly listeners: StudyListeners;
    readonly from: StudyProgress | undefined;
  },
): Promise<HospitalParameters> {
  const { model, plan, aggregation = aggregateFedAvg, averaging } = study;
  const { hospitals, rounds, listeners, from } = given;
  const federation = federationOf(study);
  const weights = hospitals.map(({ name, weight }) => ({ site: name, weight }));
  let progress: StudyProgress = from ?? {
    round: 0,
    shared: initialModel(quantizeParameters(model.initial.shared), federation),
    sites: hospitals.map(() => ({ local: model.initial.local, state: undefined })),
    average: undefined,
  };
  const modelsAfter = ({ shared: { parameters }, sites }: StudyProgress): HospitalParameters => {
    const shared = dequantizeParameters(parameters);
    return sites.map(({ local }) => ({ shared, local }));
  };
  /** The hospitals' averages over a round's steps, of which the shared parts are combined as their models' are. */
  const meanOfSteps = (before: SharedModel, averages: readonly RoundModel[]): HospitalParameters => {
    const updates = averages.map(({ sharedDelta }, i) => ({
      site: hospitals[i]!.name,
      delta: quantizeParameters(sharedDelta),
    }));
    const shared = dequantizeParameters(
      nextModel({ aggregation }, { before, sites: weights, updates }).parameters,
    );
    return averages.map(({ localParameters: local }) => ({ shared, local }));
  };
  const shiftOf = (site: string) => {
    const { variates, parameters: shared } = progress.shared;
    if (variates === undefined) return {};
    const round = { site, sites: weights, parameterCount: shared.length };
    return { controlShift: controlShift(variates, { ...round, reach: plan.steps * plan.learningRate }) };
  };
  const outcomeOf = (own: StudyProgress) => own.average?.models ?? modelsAfter(own);
  if (from === undefined) {
    listeners.onBegin?.(0);
    await listeners.onRound?.(0, outcomeOf(progress), progress);
  }
  while (progress.round < study.rounds) {
    const round = progress.round + 1;
    listeners.onBegin?.(round);
    const { shared: before, sites: statesBefore } = progress;
    const updates: SiteUpdate[] = [];
    const averages: RoundModel[] = [];
    const sites: StudyProgress['sites'][number][] = [];
    for (const [site, { name }] of hospitals.entries()) {
      const { local, state } = statesBefore[site]!;
      const start = {
        parameters: model.join({ shared: dequantizeParameters(before.parameters), local }),
        ...(state && { state }),
        ...shiftOf(name),
      };
      const result = await rounds.run(site, start, {
        round,
        onProgress: ({ step, steps }) => listeners.onStep?.({ round, hospital: name, step, steps }),
      });
      const { sharedDelta, localParameters, state: after, average: own } = result;
      sites.push({
        local: localParameters,
        state: study.restartsOptimizer ? withoutOptimizer(after) : after,
      });
      updates.push({ site: name, delta: quantizeParameters(sharedDelta) });
      if (own !== undefined) averages.push(own);
    }
    const shared = nextModel(federation, { before, sites: weights, updates });
    progress = { round, shared, sites, average: progress.average };
    if (averaging !== undefined) {
      const models = averaging.over === 'steps' ? meanOfSteps(before, averages) : modelsAfter(progress);
      const decay = decayOfRound(averaging, plan.steps);
      progress = { ...progress, average: averagedWith(progress.average, models, decay) };
    }
    await listeners.onRound?.(round, outcomeOf(progress), progress);
  }
  return outcomeOf(progress);
}

function withoutOptimizer({ optimizer, ...rest }: TrainingState): TrainingState {
  return rest;
}
