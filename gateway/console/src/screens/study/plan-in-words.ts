// What a study's plan says of one patient, as sentences of the catalogue with the plan's own numbers. Each sentence is
// a part of the guarantee that follows from the plan: the unit, who are neighbours, and ε at the δ of the accounts.
import {
  epsilonOf,
  plannedScoreEvent,
  plannedTrainingEvent,
  type Study,
  scoreSigma,
} from '@consilium/domain';
import { roundDecimal } from '../../format/decimal.ts';

type Plan = Pick<Study, 'training' | 'validation' | 'unit' | 'rounds'>;

/** ε of the whole study for one unit of each pool, with the ledger's accounting. */
export interface PlanCost {
  readonly training: string;
  readonly heldOut: string;
  readonly delta: string;
}

/** What the plan costs at most at a δ, if every round releases. @throws RangeError where δ is not in (0, 1) */
export const planCost = (plan: Plan, delta: string): PlanCost => ({
  training: epsilonOf([{ event: plannedTrainingEvent(plan), count: plan.rounds }], delta),
  heldOut: epsilonOf([{ event: plannedScoreEvent(plan), count: plan.rounds }], delta),
  delta,
});

/** The sentences, in the order in which they are read. */
export type PlanSentence =
  | { readonly key: 'influence'; readonly clip: string }
  | { readonly key: 'noise'; readonly times: string; readonly deviation: string }
  | { readonly key: 'everyone' }
  | { readonly key: 'sampled'; readonly percent: string }
  | { readonly key: 'steps'; readonly steps: number; readonly rounds: number }
  | { readonly key: 'scores'; readonly deviation: string };

const DIGITS = 3;
/** Noise is never said to be more than it is, nor an influence less. */
const down = (value: string | number): string => roundDecimal(value, DIGITS, 'down');
const up = (value: string | number): string => roundDecimal(value, DIGITS, 'up');

/** The sentences on the mechanism. */
export function planSentences({ training, validation, rounds }: Plan): readonly PlanSentence[] {
  const { clipNormL2, noiseMultiplier, samplingRate, stepsPerRound } = training;
  return [
    { key: 'influence', clip: up(clipNormL2) },
    {
      key: 'noise',
      times: down(noiseMultiplier),
      deviation: down(Number(noiseMultiplier) * Number(clipNormL2)),
    },
    Number(samplingRate) === 1
      ? { key: 'everyone' }
      : { key: 'sampled', percent: up(Number(samplingRate) * 100) },
    { key: 'steps', steps: stepsPerRound, rounds },
    { key: 'scores', deviation: String(scoreSigma(validation.noiseMultiplier, 'right-wrong')) },
  ];
}

/** e^ε, rounded up: how many times as likely anything may become by one unit; undefined beyond a million. */
export function factorOf(epsilon: string): string | undefined {
  const factor = Math.exp(Number(epsilon));
  return factor > 1e6 ? undefined : up(factor);
}

/** What the plan does not promise, in the order in which it is read. */
export const NOT_PROMISED = ['general', 'group', 'others', 'word', 'public', 'inside'] as const;
