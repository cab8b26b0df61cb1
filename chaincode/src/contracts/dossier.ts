// A round with everything recorded about it, read row by row in the order of its participants and validators.
import type { RoundRow as Round, RoundDossier } from '@consilium/domain';
import type { Ledger } from '../ledger/ledger.ts';
import { roundKey } from '../ledger/rows.ts';
import { equivocationsOf, scoreCommitmentsOf, tallyRows } from './find.ts';

export async function dossierOf(ledger: Ledger, round: Round): Promise<RoundDossier> {
  const updates: RoundDossier['updates'] = [];
  for (const { datasetId } of round.participants) {
    const update = await ledger.get('update', round.studyId, roundKey(round.round), datasetId);
    if (update !== undefined) updates.push(update);
  }
  const scoreCommitments = await scoreCommitmentsOf(ledger, round);
  const { verdicts, attestations } = await tallyRows(ledger, round);
  const equivocations = await equivocationsOf(ledger, round);
  return {
    round,
    updates,
    verdicts: [...verdicts],
    attestations: [...attestations],
    ...(scoreCommitments.length > 0 && { scoreCommitments }),
    ...(equivocations.length > 0 && { equivocations }),
  };
}
