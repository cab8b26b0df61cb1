// What a run comes to, as the line of JSON that scripts read.
import type { EncodedTarget } from '@consilium/domain';
import type { Calibration } from '../metrics/calibration.ts';
import type { ModelCard } from '../report/model-card.ts';
import type { Metric, Score } from '../simulation/label-scores.ts';
import type { Epsilon } from '../simulation/privacy-plan.ts';

/** The line that scripts read. Numbers that are not known are null. */
export interface Summary {
  readonly accuracy: number | null;
  readonly auc: number | null;
  readonly baseline: number | null;
  readonly epsilonPld: number | null;
  readonly epsilonRdp: number | null;
  readonly delta: number | null;
  readonly steps: number;
  /** Of training and scoring together (`Timing`). */
  readonly seconds: number;
  readonly examplesPerSecond: number;
  readonly private: boolean;
  readonly label: EncodedTarget['kind'];
  /** Whether the scores are private. */
  readonly scores: ModelCard['metrics']['scores'];
  readonly rmse: number | null;
  readonly mae: number | null;
  readonly r2: number | null;
  readonly deviance: number | null;
  /** Of yes/no labels, beside exact scores. */
  readonly slope: number | null;
  readonly intercept: number | null;
  readonly brier: number | null;
  /** The parts of `seconds`. */
  readonly trainingSeconds: number | null;
  readonly scoringSeconds: number | null;
}

/** Four digits, which is what is measured of a time. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

export function summaryOf(
  { privacy, timing, data, metrics }: ModelCard,
  about: {
    readonly score: Score | null;
    readonly calibration: Calibration | null;
    readonly steps: number;
    readonly rate: number;
  },
): Summary {
  const { score, calibration, steps, rate } = about;
  const value = (metric: Metric) => score?.[metric]?.value ?? null;
  const worst = (pick: (account: Epsilon) => number) => {
    if (privacy === null) return null;
    const [training, heldOut] = [pick(privacy.training), privacy.heldOut && pick(privacy.heldOut)];
    return Math.max(training, heldOut ?? 0);
  };
  return {
    accuracy: value('accuracy'),
    auc: value('auc'),
    baseline: score?.baseline ?? null,
    epsilonPld: worst(({ epsilonPld }) => epsilonPld),
    epsilonRdp: worst(({ epsilonRdp }) => epsilonRdp),
    delta: privacy?.delta ?? null,
    steps,
    seconds: timing.seconds,
    examplesPerSecond: rounded(rate),
    private: privacy !== null,
    label: data.target.kind,
    scores: metrics.scores,
    rmse: value('rmse'),
    mae: value('mae'),
    r2: value('r2'),
    deviance: value('deviance'),
    slope: calibration?.slope?.value ?? null,
    intercept: calibration?.intercept?.value ?? null,
    brier: calibration?.brier.value ?? null,
    trainingSeconds: timing.trainingSeconds ?? null,
    scoringSeconds: timing.scoringSeconds ?? null,
  };
}
