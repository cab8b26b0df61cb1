// Counting verdicts: which updates N members accept, and who rejected the others and why.
import type { RoundDossier } from '../answers.ts';
import type { Attestation } from '../attestation.ts';
import type { Round } from '../round.ts';
import type { Verdict } from '../verdict.ts';
import { countedUpdates, judgesOf } from './participation-rules.ts';

/** What has been recorded about a round by its validators. */
export interface Tally {
  readonly verdicts: readonly Verdict[];
  readonly attestations: readonly Attestation[];
  /** Members proven to have signed two different statements on the round. */
  readonly equivocators: readonly string[];
}

/** What of a dossier counts. */
export const tallyIn = ({ verdicts, attestations, equivocations = [] }: RoundDossier): Tally => ({
  verdicts,
  attestations,
  equivocators: equivocations.map(({ mspId }) => mspId),
});

/**
 * An update is included exactly when its consent is in force and at least `quorum.validators` verdicts of judges accept
 * it. `withdrawn` of the round says whose consent is not, and who judges.
 *
 * `shortfall` says why the round fails: too few updates included, or too few members accepting the candidate.
 */
export function tallyOf(
  round: Round,
  given: readonly Verdict[],
): {
  included: string[];
  excluded: NonNullable<Round['excluded']>;
  shortfall: string | undefined;
} {
  const { quorum } = round;
  const updates = countedUpdates(round);
  const judges = judgesOf(round);
  const verdicts = given.filter(({ mspId }) => judges.includes(mspId));
  const included: string[] = [];
  const excluded: NonNullable<Round['excluded']> = [];
  for (const datasetId of updates) {
    const rejectedBy: (typeof excluded)[number]['rejectedBy'] = [];
    let accepts = 0;
    for (const { mspId, decisions } of verdicts) {
      const decision = decisions.find((candidate) => candidate.datasetId === datasetId);
      if (decision?.decision === 'accept') accepts++;
      if (decision?.decision === 'reject') rejectedBy.push({ mspId, reason: decision.reason });
    }
    if (accepts >= quorum.validators) included.push(datasetId);
    else excluded.push({ datasetId, rejectedBy });
  }
  const accepting = verdicts.filter(({ accepted }) => accepted).length;
  const shortfall =
    accepting < quorum.validators
      ? `${accepting} members accept the candidate and ${quorum.validators} are needed`
      : included.length < quorum.updates
        ? `${included.length} updates are accepted and ${quorum.updates} are needed`
        : undefined;
  return { included, excluded, shortfall };
}
