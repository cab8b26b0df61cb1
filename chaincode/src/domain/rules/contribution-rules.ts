// What each hospital added to a round, from scores that are on the ledger anyway.
//
// A hospital's contribution is its public weight among the included updates times the gain in pooled accuracy
// over the round before, measured on every held-out patient except its own: nobody grades its own work.
// It is leave-one-out in who measures, not in what is measured: a true leave-one-out of updates would need the
// candidate without each of them to be scored, and each score is paid for in privacy.
import type { RoundDossier } from '../answers.ts';
import type { RoundContributions } from '../contribution.ts';
import { ratioOf } from '../decimal.ts';
import type { Study } from '../study.ts';

/** Sums of noised counts over several datasets. */
interface Pooled {
  readonly correct: number;
  readonly total: number;
  readonly scores: number;
}

function pooled({ verdicts }: RoundDossier, keep: (key: string, mspId: string) => boolean): Pooled {
  let correct = 0;
  let total = 0;
  let scores = 0;
  for (const { mspId, scores: given } of verdicts) {
    for (const score of given) {
      if (!keep(score.datasetId, mspId)) continue;
      correct += Number(score.correct);
      total += Number(score.total);
      scores += 1;
    }
  }
  return { correct, total, scores };
}

const DECIMALS = 6;
function decimal(value: number): string {
  const text = value.toFixed(DECIMALS).replace(/[.]?0+$/, '');
  return text === '-0' || text === '' ? '0' : text;
}

/**
 * Contributions of a finalised round. `baseline` is the finalised round it started from.
 *
 * Only datasets scored in both rounds are compared, so that a gain is of the model and not of the patients. The
 * standard error is that of the mechanism's noise on both counts of each score (delta method, accuracy p:
 * variance σ²(1 + p²) / total² per score, summed over scores and both rounds), to first order and with p and
 * the totals as observed; it leaves out the sampling of patients, which is of order sqrt(p(1 - p) / total).
 * Gains add up over rounds; contributions of different hospitals of one round do not sum to the round's gain,
 * since each is measured by different patients.
 *
 * Edge cases: null gains for a first round (nobody scored its base), for rounds whose other hospitals scored
 * nothing in common, and where the noised total is not positive. A hospital without an included update has
 * share 0 and contribution 0.
 */
export function contributionsOf(
  dossier: RoundDossier,
  { baseline, study }: { readonly baseline: RoundDossier | undefined; readonly study: Study },
): RoundContributions {
  const { round } = dossier;
  const included = round.participants.filter(({ datasetId }) => round.included?.includes(datasetId));
  const weights = included.reduce((sum, { weight }) => sum + weight, 0);
  const hospitals = round.validators.map((mspId) => {
    const own = included.filter((participant) => participant.mspId === mspId);
    const share = weights === 0 ? 0 : own.reduce((sum, { weight }) => sum + weight, 0) / weights;
    const measured = baseline && gainWithout(mspId, { dossier, baseline, study });
    return {
      mspId,
      included: own.map(({ datasetId }) => datasetId),
      share: decimal(share),
      gain: measured === undefined ? null : decimal(measured.gain),
      standardError: measured === undefined ? null : decimal(measured.standardError),
      contribution: measured === undefined ? null : decimal(share * measured.gain),
      distinguishable: measured !== undefined && Math.abs(measured.gain) > 2 * measured.standardError,
    };
  });
  return {
    studyId: round.studyId,
    round: round.round,
    baseline: baseline?.round.round ?? null,
    hospitals,
  };
}

function gainWithout(
  mspId: string,
  {
    dossier,
    baseline,
    study,
  }: { readonly dossier: RoundDossier; readonly baseline: RoundDossier; readonly study: Study },
): { gain: number; standardError: number } | undefined {
  const scoredIn = ({ verdicts }: RoundDossier) =>
    new Set(verdicts.flatMap(({ scores }) => scores.map(({ datasetId }) => datasetId)));
  const before = scoredIn(baseline);
  const now = scoredIn(dossier);
  const keep = (datasetId: string, scorer: string) =>
    scorer !== mspId && before.has(datasetId) && now.has(datasetId);
  const a = pooled(baseline, keep);
  const b = pooled(dossier, keep);
  if (a.scores === 0 || a.total <= 0 || b.total <= 0) return undefined;
  const { numerator, denominator } = ratioOf(study.validation.noiseMultiplier);
  const sigma = Number(numerator) / Number(denominator);
  const variance = ({ correct, total, scores }: Pooled): number =>
    (scores * sigma * sigma * (1 + (correct / total) ** 2)) / (total * total);
  return {
    gain: b.correct / b.total - a.correct / a.total,
    standardError: Math.sqrt(variance(a) + variance(b)),
  };
}
