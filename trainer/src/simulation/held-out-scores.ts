// Scores of a study's models on held-out patients: exact, which protects nobody's presence among them, or noised and
// charged to the held-out patients' own account.
import { type Counts, countCorrect, noiseCounts, noisedAccuracy, scoreSigma } from '../held-out-score.ts';
import { classify } from '../metrics/classification.ts';
import { areaInterval, type Interval, noisedShareInterval, wilsonInterval } from '../metrics/intervals.ts';
import { scoreRows } from '../onnx/index.ts';
import type { StudyModel } from '../study-model.ts';
import type { HospitalParameters, UnitRows } from './simulate-study.ts';

/** A number with its 95 % confidence interval. */
export interface Estimate extends Interval {
  readonly value: number;
}

export interface Score {
  readonly accuracy: Estimate;
  /** Null where only one label occurs among the held-out rows, and for noised scores. */
  readonly auc: Estimate | null;
  /** Accuracy of always naming the more frequent label. */
  readonly baseline: number;
  /** Rows that were scored; null for noised scores, where it is not told. */
  readonly count: number | null;
}

export interface RoundScores {
  readonly round: number;
  /** Over all hospitals' held-out patients; null where there are none. */
  readonly pooled: Score | null;
  readonly sites: readonly (Score | null)[];
}

/** Scores a study's models after each round. */
export interface Scorer {
  score(round: number, parameters: HospitalParameters): Promise<RoundScores | undefined>;
}

type HeldOut = readonly (readonly UnitRows[])[];

const flat = (heldOut: HeldOut) => heldOut.map((units) => units.flat());

async function probabilitiesOf(
  { model, heldOut }: { readonly model: StudyModel; readonly heldOut: HeldOut },
  parameters: HospitalParameters,
): Promise<Float64Array[]> {
  const answers: Float64Array[] = [];
  for (const [site, rows] of flat(heldOut).entries()) {
    answers.push(
      await scoreRows(model.onnx(parameters[site]!), Float32Array.from(rows.flatMap(({ x }) => [...x]))),
    );
  }
  return answers;
}

/**
 * Exact accuracy (Wilson's interval) and area under the curve (Newcombe's), by row.
 *
 * Not private: whoever sees them may learn about held-out patients.
 */
export function exactScorer(study: { readonly model: StudyModel; readonly heldOut: HeldOut }): Scorer {
  const labels = flat(study.heldOut).map((rows) => rows.map(({ y }) => y));
  return {
    async score(round, parameters) {
      const probabilities = await probabilitiesOf(study, parameters);
      const all = probabilities.flatMap((site) => [...site]);
      return {
        round,
        pooled: exactScore(all, labels.flat()),
        sites: labels.map((own, site) => exactScore(probabilities[site]!, own)),
      };
    },
  };
}

function exactScore(probabilities: ArrayLike<number>, labels: readonly number[]): Score | null {
  if (labels.length === 0) return null;
  const { accuracy, auc, baseline, count, positives } = classify(probabilities, labels);
  const groups = { positives, negatives: count - positives };
  return {
    accuracy: { value: accuracy, ...wilsonInterval(accuracy, count) },
    auc: Number.isNaN(auc) ? null : { value: auc, ...areaInterval(auc, groups) },
    baseline,
    count,
  };
}

/** How many releases `noisedScorer` makes in a study of so many rounds: the baseline, then one a round. */
export const noisedReleases = (rounds: number): number => rounds + 1;

/**
 * Accuracy by unit from noised counts, with discrete Gaussian noise of `noiseMultiplier` times their sensitivity.
 *
 * Round 0 releases the counts behind the baseline, every other round the counts of units judged rightly: each is one
 * mechanism as `noiseCounts` says. The pooled score is post-processing of the hospitals' own.
 */
export function noisedScorer(
  study: { readonly model: StudyModel; readonly heldOut: HeldOut },
  noiseMultiplier: number,
): Scorer {
  const labels = study.heldOut.map((units) => units.map((rows) => rows.map(({ y }) => y)));
  const release = (site: number, probabilities: ArrayLike<number>) =>
    noiseCounts(countCorrect(labels[site]!, probabilities), noiseMultiplier);
  const sigma = scoreSigma(noiseMultiplier);
  let baselines: readonly Counts[] = [];
  return {
    async score(round, parameters) {
      if (round === 0) {
        baselines = labels.map((own, site) =>
          release(
            site,
            own.flat().map(() => 1),
          ),
        );
        return undefined;
      }
      const probabilities = await probabilitiesOf(study, parameters);
      const counts = labels.map((_, site) => release(site, probabilities[site]!));
      return {
        round,
        pooled: noisedScore(counts, baselines, sigma),
        sites: counts.map((own, site) => noisedScore([own], [baselines[site]!], sigma)),
      };
    },
  };
}

function noisedScore(counts: readonly Counts[], baselines: readonly Counts[], sigma: number): Score {
  const value = noisedAccuracy(counts);
  const total = counts.reduce((sum, own) => sum + own.total, 0);
  const ones = noisedAccuracy(baselines);
  return {
    accuracy: {
      value,
      ...noisedShareInterval(value, { total, sigma: sigma * Math.sqrt(counts.length) }),
    },
    auc: null,
    baseline: Math.max(ones, 1 - ones),
    count: null,
  };
}
