// Why a verdict rejects: which rule failed, and the numbers that it rests on.
//
// **Claim.** Grounds are a function of the verdict's own row and of the study's text. Every number in them follows from
// scores that the verdict recorded, and that were charged with it; so they tell nobody more than the row does
// (post-processing: Dwork and Roth 2014, Prop. 2.1). They are not sent by the hospital that judges, which could put
// into them what is charged to nobody: whoever asks has them computed.
import type { VerdictGrounds } from '../answers.ts';
import { accuracyOf, countsOf, poolCounts } from '../noised-accuracy.ts';
import type { Study } from '../study.ts';
import type { Verdict } from '../verdict.ts';

const MILLION = 1_000_000;

/**
 * The grounds of a verdict that rejects the candidate, or an update; undefined for one that accepts everything. By the
 * study's text of now: an amendment may have changed the minimum since.
 *
 * Edge cases: `not-stated` where the recorded scores reach the minimum, or there are none, and the candidate is
 * rejected all the same. It is the word of its author then.
 */
export function groundsOf(
  { accepted, decisions, scores }: Verdict,
  { validation: { minimum, noiseMultiplier } }: Pick<Study, 'validation'>,
): VerdictGrounds | undefined {
  const rejected = decisions.flatMap((decision) =>
    decision.decision === 'reject' ? [{ datasetId: decision.datasetId, reason: decision.reason }] : [],
  );
  if (accepted) return rejected.length === 0 ? undefined : { rule: 'update-rejected', rejected };
  if (rejected.length === decisions.length) return { rule: 'no-acceptable-update', rejected };
  if (scores.length === 0) return { rule: 'not-stated', rejected };
  const { right, wrong } = poolCounts(scores.map((score) => countsOf(score, noiseMultiplier)));
  const accuracy = accuracyOf({ right, wrong });
  return {
    rule: accuracy < Number(minimum) ? 'accuracy-below-minimum' : 'not-stated',
    rejected,
    right,
    wrong,
    accuracyMillionths: Math.floor(accuracy * MILLION),
    minimum,
  };
}
