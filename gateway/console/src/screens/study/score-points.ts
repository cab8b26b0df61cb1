// What the noised scores of each round say of the model's accuracy, and how far the noise may have moved them.
import { accuracyOf, countsOf, poolCounts, type RoundDossier, type Verdict } from '@consilium/domain';

/** Standard deviations that a bar reaches to each side: 95 of 100 such bars hold what is without noise. */
export const BAR_DEVIATIONS = 1.96;

/** The accuracy of one candidate by the scores of one hospital, or of all of them together. */
export interface ScorePoint {
  readonly round: number;
  /** Undefined: all hospitals of the round together. */
  readonly mspId: string | undefined;
  /** In [0, 1]. */
  readonly accuracy: number;
  /** Half the length of the bar, to first order; undefined where the counts are smaller than their noise. */
  readonly deviation: number | undefined;
  readonly right: number;
  readonly wrong: number;
}

type Noise = { readonly noiseMultiplier: string };

/**
 * One point of these verdicts' scores together; undefined where they have none.
 *
 * The error is that of the noise alone, which was added for privacy: which patients happened to be held out is not in
 * it.
 */
function pointOf(
  verdicts: readonly Verdict[],
  { noiseMultiplier }: Noise,
  of: Pick<ScorePoint, 'round' | 'mspId'>,
): ScorePoint | undefined {
  const scores = verdicts.flatMap((verdict) => verdict.scores);
  if (scores.length === 0) return undefined;
  const { right, wrong, varianceAt } = poolCounts(scores.map((score) => countsOf(score, noiseMultiplier)));
  const accuracy = accuracyOf({ right, wrong });
  const total = right + wrong;
  const noise = Math.sqrt(varianceAt(accuracy));
  // Where the counts do not exceed their noise, a quotient of them says nothing.
  const deviation = total > 2 * noise ? Math.min(noise / total, 1) : undefined;
  return { ...of, accuracy, deviation, right, wrong };
}

/** The points of each hospital, and of all together, round by round. */
export function scorePoints(
  rounds: readonly Pick<RoundDossier, 'round' | 'verdicts'>[],
  validation: Noise,
): ScorePoint[] {
  return rounds.flatMap(({ round: { round }, verdicts }) =>
    [
      pointOf(verdicts, validation, { round, mspId: undefined }),
      ...verdicts.map((verdict) => pointOf([verdict], validation, { round, mspId: verdict.mspId })),
    ].filter((point) => point !== undefined),
  );
}

/** From where to where a bar reaches, cut to [0, 1]; all of it where nothing is known. */
export function barOf({
  accuracy,
  deviation,
}: Pick<ScorePoint, 'accuracy' | 'deviation'>): readonly [number, number] {
  if (deviation === undefined) return [0, 1];
  const reach = BAR_DEVIATIONS * deviation;
  return [Math.max(0, accuracy - reach), Math.min(1, accuracy + reach)];
}

/** Rounds that are drawn at a time: with more, bars are too narrow to see one by one. */
export const ROUNDS_DRAWN = 24;

/** Rounds that are drawn together, the first and the last of them. */
export interface RoundRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What is drawn of so many rounds: the last ones, which is where a reader begins, and then every round in ranges that
 * stay the same when more come, the newest first. One range where all are drawn at a time.
 */
export function roundRanges(last: number, most = ROUNDS_DRAWN): readonly [RoundRange, ...RoundRange[]] {
  if (last <= most) return [{ first: 1, last }];
  const count = Math.ceil(last / most);
  const fixed = Array.from({ length: count }, (_, at) => ({
    first: at * most + 1,
    last: Math.min((at + 1) * most, last),
  }));
  return [{ first: last - most + 1, last }, ...fixed.toReversed()];
}
