// Scores of a study's models on held-out patients: exact, which protects nobody's presence among them, or noised and
// charged to the held-out patients' own account.
import type { EncodedTarget } from '@consilium/domain';
import { openScoring, predictedClasses, type RawOutputs } from '@consilium/onnx-grad';
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

/** What noised scores of later rounds go on from: shares of the most frequent class, as they were released. */
export interface ScorerState {
  readonly baselines: readonly number[];
  readonly pooledBaseline: number;
}

/** Scores a study's models after each round. What is the same in every round is prepared once. */
export interface Scorer {
  score(round: number, parameters: HospitalParameters): Promise<RoundScores | undefined>;
  /** To be kept with a run that may go on later; undefined for exact scores. */
  state(): ScorerState | undefined;
  close(): Promise<void>;
}

/** What is scored: a study's model on each hospital's held-out units. */
export interface ScoredStudy {
  readonly model: StudyModel;
  readonly heldOut: readonly LabelledUnits[];
  readonly target: EncodedTarget;
}

interface Outputs {
  of(parameters: HospitalParameters): Promise<RawOutputs[]>;
  close(): Promise<void>;
}

async function openOutputs({ model, heldOut }: ScoredStudy): Promise<Outputs> {
  const scoring = await openScoring(model.graph);
  return {
    async of(parameters) {
      const answers: RawOutputs[] = [];
      for (const [site, { features }] of heldOut.entries()) {
        // Rounded to float32, as they are in the file that is handed over.
        answers.push(await scoring.outputs(model.join(parameters[site]!), features));
      }
      return answers;
    },
    close: () => scoring.close(),
  };
}

function joined(outputs: readonly RawOutputs[]): RawOutputs {
  const values = new Float64Array(outputs.reduce((sum, own) => sum + own.values.length, 0));
  let end = 0;
  for (const own of outputs) {
    values.set(own.values, end);
    end += own.values.length;
  }
  return { values, width: outputs[0]?.width ?? 1 };
}

/**
 * Exact scores, as `exactScore` has them.
 *
 * Not private: anybody who sees them may learn about held-out patients.
 */
export async function exactScorer(study: ScoredStudy): Promise<Scorer> {
  const labels = study.heldOut.map((units) => [...units.labels]);
  const all = labels.flat();
  const outputs = await openOutputs(study);
  return {
    async score(round, parameters) {
      const own = await outputs.of(parameters);
      const sites = labels.map((ofSite, site) => exactScore(own[site]!, ofSite, study.target));
      const pooled = sites.length === 1 ? sites[0]! : exactScore(joined(own), all, study.target);
      return { round, pooled, sites };
    },
    state: () => undefined,
    close: outputs.close,
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
 * @param before what an earlier scorer of the study came to, where round 0 was scored by it
 */
export async function noisedScorer(
  study: ScoredStudy,
  noiseMultiplier: string,
  before?: ScorerState,
): Promise<Scorer> {
  const outputs = await openOutputs(study);
  const labels = study.heldOut.map(labelsByUnit);
  const classes = study.target.kind === 'categorical' ? study.target.categories.length : 2;
  let { baselines, pooledBaseline }: ScorerState = before ?? { baselines: [], pooledBaseline: 0 };
  return {
    async score(round, parameters) {
      if (round === 0) {
        const released = labels.map((own) => noiseAll(countClasses(own, classes), noiseMultiplier));
        baselines = released.map((own) => largestShare([own]));
        pooledBaseline = largestShare(released);
        return undefined;
      }
      const answers = await outputs.of(parameters);
      const counts = labels.map((own, site) =>
        noiseCounts(countJudgements(own, predictedClasses(answers[site]!)), noiseMultiplier),
      );
      return {
        round,
        pooled: noisedScore(counts, pooledBaseline, noiseMultiplier),
        sites: counts.map((own, site) => noisedScore([own], baselines[site]!, noiseMultiplier)),
      };
    },
    state: () => ({ baselines, pooledBaseline }),
    close: outputs.close,
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
