// A receipt is what became of one update: included, or excluded with reasons and by whom.
import { type Static, Type } from 'typebox';
import { Id, MspId, Reason, RoundNumber, Sha256, Strict, Words } from './primitives.ts';
import { EXCLUSION_REASONS } from './round.ts';
import { ROUND_STATES } from './round-transitions.ts';

export const RECEIPT_OUTCOMES = ['pending', 'included', 'excluded', 'absent'] as const;
export const EXCLUSION_CAUSES = ['rejected', 'too-few-verdicts', 'round-aborted', 'withdrawn'] as const;

/** What became of one update: pending, included, excluded with reasons and by whom, or absent. */
export const Receipt = Strict({
  studyId: Id,
  round: RoundNumber,
  datasetId: Id,
  owner: MspId,
  outcome: Words(RECEIPT_OUTCOMES, 'absent: the dataset takes part and no update of it was recorded.'),
  cause: Type.Union([Words(EXCLUSION_CAUSES), Type.Null()]),
  needed: Type.Integer({ description: 'Acceptances that an update needs.' }),
  acceptedBy: Type.Array(MspId),
  rejectedBy: Type.Array(Strict({ mspId: MspId, reason: Words(EXCLUSION_REASONS) })),
  silent: Type.Array(MspId, { description: 'Validators that have given no verdict.' }),
  updateSha256: Type.Union([Sha256, Type.Null()], {
    description: 'SHA-256 of the canonical update row: what the hospital can hold against the ledger.',
  }),
  roundState: Words(ROUND_STATES),
  seal: Type.Union([Sha256, Type.Null()], {
    description: "The ended round's digest of its updates, verdicts and attestations.",
  }),
  aggregateSha256: Type.Union([Sha256, Type.Null()], {
    description: 'Parameters hash of the aggregate that holds the update.',
  }),
  abortedBy: Type.Union([MspId, Type.Null()]),
  reason: Type.Union([Reason, Type.Null()]),
});
export type Receipt = Static<typeof Receipt>;
