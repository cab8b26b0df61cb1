// What became of an update, read from the records of its round.
import type { RoundDossier } from '../answers.ts';
import { canonicalJson, type Sha256Of } from '../canonical-json.ts';
import type { Receipt } from '../receipt.ts';
import { judgesOf } from './participation-rules.ts';

/**
 * The receipt of one dataset's part in a round.
 *
 * The outcome is final once the round has ended. An update of an aborted round is excluded whatever the verdicts
 * said, with who gave the round up and why.
 *
 * @throws RangeError where the dataset takes no part in the round
 */
export function receiptOf(
  { round, updates, verdicts }: RoundDossier,
  datasetId: string,
  sha256: Sha256Of,
): Receipt {
  const participant = round.participants.find((candidate) => candidate.datasetId === datasetId);
  if (participant === undefined) throw new RangeError(`${datasetId} takes no part in round ${round.round}`);
  const update = updates.find((candidate) => candidate.datasetId === datasetId);
  const acceptedBy: string[] = [];
  const rejectedBy: Receipt['rejectedBy'] = [];
  for (const { mspId, decisions } of verdicts) {
    const decision = decisions.find((candidate) => candidate.datasetId === datasetId);
    if (decision?.decision === 'accept') acceptedBy.push(mspId);
    if (decision?.decision === 'reject') rejectedBy.push({ mspId, reason: decision.reason });
  }
  const judged = round.updates !== undefined && update !== undefined;
  const silent = judged
    ? judgesOf(round).filter((mspId) => !verdicts.some((verdict) => verdict.mspId === mspId))
    : [];
  const included = round.included?.includes(datasetId) ?? false;
  const { outcome, cause } = outcomeOf();
  function outcomeOf(): Pick<Receipt, 'outcome' | 'cause'> {
    if (update === undefined) return { outcome: 'absent', cause: null };
    if (round.state === 'aborted') return { outcome: 'excluded', cause: 'round-aborted' };
    if (round.state !== 'finalized') return { outcome: 'pending', cause: null };
    if (round.withdrawn?.includes(datasetId)) return { outcome: 'excluded', cause: 'withdrawn' };
    if (included) return { outcome: 'included', cause: null };
    return { outcome: 'excluded', cause: rejectedBy.length > 0 ? 'rejected' : 'too-few-verdicts' };
  }
  return {
    studyId: round.studyId,
    round: round.round,
    datasetId,
    owner: participant.mspId,
    outcome,
    cause,
    needed: round.quorum.validators,
    acceptedBy,
    rejectedBy,
    silent,
    updateSha256: update === undefined ? null : sha256(canonicalJson(update)),
    roundState: round.state,
    seal: round.seal ?? null,
    aggregateSha256: outcome === 'included' ? (round.aggregate?.parametersSha256 ?? null) : null,
    abortedBy: round.abortedBy ?? null,
    reason: round.reason ?? null,
  };
}
