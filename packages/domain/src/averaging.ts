// What a study hands over: its models' average over the rounds (Polyak and Juditsky 1992; De et al. 2022 for DP-SGD).
// It is post-processing of what the rounds released and costs no privacy. The average is part of each aggregate's
// artefact and of the hash that members attest, so that every member can go on from any round.
import type { Static } from 'typebox';
import { DecimalThat, Described, Strict } from './primitives.ts';
import { type Problem, problem } from './problem.ts';

/** Over the rounds; the initial model has no part in it. */
export const Averaging = Strict({
  decay: Described(
    DecimalThat((value) => value <= 0.9999, 'at most 0.9999'),
    'How much less each round counts than the one after it; 0 is the last model itself.',
  ),
});
export type Averaging = Static<typeof Averaging>;

/** Why a study has nothing to average; none for one that has, or that does not average. */
export function averagingProblems({
  averaging,
  rounds,
}: {
  readonly averaging?: Averaging;
  readonly rounds: number;
}): Problem[] {
  if (averaging === undefined || rounds > 1) return [];
  return [
    problem('averaging', ': over one round there is nothing to average', 'take more rounds, or leave it out'),
  ];
}
