// The ledger's words on how a study's parameters move, as the engine takes them.
//
// On the ledger an optimiser and an adaptive clip norm start from scratch in each round, so that a round depends on
// its base, the study and fresh noise alone, and one that is drawn again after a crash needs no memory. The schedule
// goes on from round to round: its position follows from the round's number.
import type { Study } from '@consilium/domain';
import type { RoundInput, TrainingPlan } from '@consilium/dp-sgd';

type Fields =
  | 'optimizer'
  | 'schedule'
  | 'studySteps'
  | 'weightDecay'
  | 'clipping'
  | 'momentum'
  | 'driftCorrection';

/** Fields of the plan of any round of a study. */
export function optimisationOfStudy({
  training,
  rounds,
}: Pick<Study, 'training' | 'rounds'>): Pick<TrainingPlan, Fields> {
  const { momentum, optimizer, schedule, weightDecay, clipping, stepsPerRound, driftCorrection } = training;
  return {
    studySteps: rounds * stepsPerRound,
    ...(momentum !== undefined && { momentum: Number(momentum) }),
    ...(optimizer && { optimizer: optimizerOf(optimizer) }),
    ...(schedule && { schedule: scheduleOf(schedule) }),
    ...(weightDecay !== undefined && { weightDecay: Number(weightDecay) }),
    ...(clipping && { clipping: clippingOf(clipping) }),
    ...(driftCorrection && { driftCorrection: driftCorrectionOf(driftCorrection) }),
  };
}

/** What a round of a study goes on from. */
export const stateBefore = (
  { training }: Pick<Study, 'training'>,
  round: number,
): NonNullable<RoundInput['state']> => ({ steps: (round - 1) * training.stepsPerRound });

type Words<Field extends keyof Study['training']> = NonNullable<Study['training'][Field]>;

function optimizerOf(words: Words<'optimizer'>): NonNullable<TrainingPlan['optimizer']> {
  const momentum = Number(words.momentum);
  if (words.kind === 'sgd') return { kind: 'sgd', momentum };
  const { secondMomentum, floor } = words;
  return {
    kind: 'adam',
    momentum,
    secondMomentum: Number(secondMomentum),
    ...(floor !== undefined && { floor: Number(floor) }),
  };
}

function scheduleOf(words: Words<'schedule'>): NonNullable<TrainingPlan['schedule']> {
  const { kind, warmUpSteps } = words;
  if (kind === 'constant') return { kind, warmUpSteps };
  if (kind === 'step') {
    return { kind, warmUpSteps, everySteps: words.everySteps, factor: Number(words.factor) };
  }
  return { kind, warmUpSteps, finalFraction: Number(words.finalFraction) };
}

function clippingOf(words: Words<'clipping'>): NonNullable<TrainingPlan['clipping']> {
  if (words.kind === 'per-layer') {
    return { kind: 'per-layer', bounds: words.bounds, ...(words.layers && { layers: words.layers }) };
  }
  return {
    kind: 'adaptive',
    targetQuantile: Number(words.targetQuantile),
    rate: Number(words.rate),
    countNoiseMultiplier: Number(words.countNoiseMultiplier),
    minimumClipNormL2: Number(words.minimumClipNormL2),
    maximumClipNormL2: Number(words.maximumClipNormL2),
  };
}

function driftCorrectionOf(words: Words<'driftCorrection'>): NonNullable<TrainingPlan['driftCorrection']> {
  return words.kind === 'scaffold'
    ? { kind: 'scaffold' }
    : { kind: 'fedprox', proximal: Number(words.proximal) };
}
