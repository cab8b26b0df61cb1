// What each hospital added to a round, from scores that are on the ledger anyway.
//
// A hospital's contribution is its public weight among the included updates times the gain in pooled accuracy
// over the round before, measured on every held-out patient except its own: nobody grades its own work.
// It is leave-one-out in who measures, not in what is measured: a true leave-one-out of updates would need the
// candidate without each of them to be scored, and each score is paid for in privacy.
import type { RoundDossier } from '../answers.ts';
import type { RoundContributions } from '../contribution.ts';
import { countsOf, type PooledCounts, poolCounts } from '../noised-accuracy.ts';
import type { Study } from '../study.ts';

function pooled(
  { verdicts }: RoundDossier,
  study: Study,
  keep: (key: string, mspId: string) => boolean,
): PooledCounts & { readonly total: number; readonly scores: number } {
  const { noiseMultiplier } = study.validation;
  const kept = verdicts.flatMap(({ mspId, scores }) =>
    scores.filter(({ datasetId }) => keep(datasetId, mspId)).map((score) => countsOf(score, noiseMultiplier)),
  );
  const counts = poolCounts(kept);
  return { ...counts, total: counts.right + counts.wrong, scores: kept.length };
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
 * standard error is that of the mechanism's noise on the counts of each score, of the deviation that was drawn
 * (`scoreSigma`; delta method, accuracy p = right/(right + wrong): variance σ²((1 − p)² + p²)/(right + wrong)² per
 * score, or σ²(1 + p²)/all² for scores of right and all), summed over scores and both rounds, to first order and with p
 * and the totals as observed; it leaves out the sampling of patients, which is of order sqrt(p(1 - p) / total).
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
  const a = pooled(baseline, study, keep);
  const b = pooled(dossier, study, keep);
  if (a.scores === 0 || a.total <= 0 || b.total <= 0) return undefined;
  const variance = ({ right, total, varianceAt }: typeof a): number =>
    varianceAt(right / total) / (total * total);
  return {
    gain: b.right / b.total - a.right / a.total,
    standardError: Math.sqrt(variance(a) + variance(b)),
  };
}
