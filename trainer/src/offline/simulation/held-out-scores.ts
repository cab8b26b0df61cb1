// Scores of a study's models on held-out patients: exact, which protects nobody's presence among them, or noised and
// charged to the held-out patients' own account.
import type { EncodedTarget } from '@consilium/domain';
import { predictedClasses, type RawOutputs, rawOutputs } from '@consilium/onnx-grad';
import { type LabelledUnits, labelsByUnit } from '../../data/index.ts';
import {
  type Counts,
  countClasses,
  countJudgements,
  knownNoise,
  noiseAll,
  noiseCounts,
  noisedAccuracy,
} from '../../study/held-out-score.ts';
import type { StudyModel } from '../../study/study-model.ts';
import { noisedShareInterval } from '../metrics/intervals.ts';
import { exactScore, NOTHING_MEASURED, type Score } from './label-scores.ts';
import type { HospitalParameters } from './simulate-study.ts';

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

/** What is scored: a study's model on each hospital's held-out units. */
export interface ScoredStudy {
  readonly model: StudyModel;
  readonly heldOut: readonly LabelledUnits[];
  readonly target: EncodedTarget;
}

async function outputsOf(
  { model, heldOut }: ScoredStudy,
  parameters: HospitalParameters,
): Promise<RawOutputs[]> {
  const answers: RawOutputs[] = [];
  for (const [site, { features }] of heldOut.entries()) {
    answers.push(await rawOutputs(await model.onnx(parameters[site]!), features));
  }
  return answers;
}

function joined(outputs: readonly RawOutputs[]): RawOutputs {
  const values = Float64Array.from(outputs.flatMap((own) => [...own.values]));
  return { values, width: outputs[0]?.width ?? 1 };
}

/**
 * Exact scores, as `exactScore` has them.
 *
 * Not private: anybody who sees them may learn about held-out patients.
 */
export function exactScorer(study: ScoredStudy): Scorer {
  const labels = study.heldOut.map((units) => [...units.labels]);
  return {
    async score(round, parameters) {
      const outputs = await outputsOf(study, parameters);
      return {
        round,
        pooled: exactScore(joined(outputs), labels.flat(), study.target),
        sites: labels.map((own, site) => exactScore(outputs[site]!, own, study.target)),
      };
    },
  };
}

/** How many releases `noisedScorer` makes in a study of so many rounds: the baseline, then one a round. */
export const noisedReleases = (rounds: number): number => rounds + 1;

/**
 * Accuracy by unit from noised counts, with discrete Gaussian noise of `noiseMultiplier` times their sensitivity.
 *
 * Round 0 releases the counts behind the baseline (how many units are in each class, and in none), every other round
 * the counts of units judged rightly and wrongly: each is one mechanism as `noiseAll` says. The pooled score is
 * post-processing of the hospitals' own.
 *
 * @param study with a binary or categorical label
 */
export function noisedScorer(study: ScoredStudy, noiseMultiplier: string): Scorer {
  const labels = study.heldOut.map(labelsByUnit);
  const classes = study.target.kind === 'categorical' ? study.target.categories.length : 2;
  let baselines: readonly number[] = [];
  let pooledBaseline = 0;
  return {
    async score(round, parameters) {
      if (round === 0) {
        const released = labels.map((own) => noiseAll(countClasses(own, classes), noiseMultiplier));
        baselines = released.map((own) => largestShare([own]));
        pooledBaseline = largestShare(released);
        return undefined;
      }
      const outputs = await outputsOf(study, parameters);
      const counts = labels.map((own, site) =>
        noiseCounts(countJudgements(own, predictedClasses(outputs[site]!)), noiseMultiplier),
      );
      return {
        round,
        pooled: noisedScore(counts, pooledBaseline, noiseMultiplier),
        sites: counts.map((own, site) => noisedScore([own], baselines[site]!, noiseMultiplier)),
      };
    },
  };
}

/** Share of the most frequent class, from hospitals' noised counts: of each class, and of no class. */
function largestShare(released: readonly (readonly number[])[]): number {
  const sums = released[0]!.map((_, place) => released.reduce((sum, counts) => sum + counts[place]!, 0));
  const total = sums.reduce((sum, count) => sum + count, 0);
  return Math.max(...sums.slice(0, -1).map((right) => noisedAccuracy([{ right, wrong: total - right }])));
}

function noisedScore(scores: readonly Counts[], baseline: number, noiseMultiplier: string): Score {
  const value = noisedAccuracy(scores);
  const interval = noisedShareInterval(value, knownNoise(scores, noiseMultiplier));
  return { ...NOTHING_MEASURED, accuracy: { value, ...interval }, baseline, count: null };
}
