// What noised counts of right and wrong judgements say of a model's accuracy, and how far the noise alone may have
// moved it: as the ledger judges by them (noised-accuracy.ts of @consilium/domain).
import type { RoundDossier } from '@consilium/client/browser';

/** Accuracy of a round's candidate, all scores together. */
export interface RoundScore {
  readonly round: number;
  /** From 0 to 1. */
  readonly accuracy: number;
  /** Two standard deviations of the noise, cut so that the bar stays within 0 and 1. */
  readonly error: readonly [number, number];
  /** How many scores are in it. */
  readonly scores: number;
}

/** What the counts of one score carry: the deviation of their noise, and which two were released. */
interface Counts {
  readonly right: number;
  readonly wrong: number;
  /** Variance of (1 − p) right − p wrong, at a share p. */
  readonly varianceAt: (share: number) => number;
}

type Score = RoundDossier['verdicts'][number]['scores'][number];

function countsOf({ right, wrong, correct, total, privacyEvent }: Score): Counts | undefined {
  const noise = Number(privacyEvent.noiseMultiplier);
  if (right !== undefined && wrong !== undefined) {
    const sigma = Math.ceil(noise);
    return {
      right: Number(right),
      wrong: Number(wrong),
      varianceAt: (p) => sigma * sigma * ((1 - p) ** 2 + p * p),
    };
  }
  if (correct === undefined || total === undefined) return undefined;
  // Scores from before count right and all instead.
  const sigma = Math.ceil(Math.sqrt(2 * noise * noise + 1 / 12));
  return {
    right: Number(correct),
    wrong: Number(total) - Number(correct),
    varianceAt: (p) => sigma * sigma * (1 + p * p),
  };
}

/**
 * The accuracy of a round by all its scores: right⁺ / (right⁺ + wrong⁺), where a negative count is taken as 0. The
 * error is that of the noise alone, to first order: of the patients that were drawn it says nothing.
 *
 * @returns undefined where no score is recorded, or noise leaves no count that is positive
 */
export function scoreOf({
  round,
  verdicts,
}: Pick<RoundDossier, 'round' | 'verdicts'>): RoundScore | undefined {
  const counts = verdicts.flatMap(({ scores }) => scores.flatMap((score) => countsOf(score) ?? []));
  const sum = (which: 'right' | 'wrong') =>
    Math.max(
      0,
      counts.reduce((all, one) => all + one[which], 0),
    );
  const [right, wrong] = [sum('right'), sum('wrong')];
  const all = right + wrong;
  if (all === 0) return undefined;
  const accuracy = right / all;
  const variance = counts.reduce((total, one) => total + one.varianceAt(accuracy), 0);
  const error = (2 * Math.sqrt(variance)) / all;
  return {
    round: round.round,
    accuracy,
    error: [Math.min(error, accuracy), Math.min(error, 1 - accuracy)],
    scores: counts.length,
  };
}
