// An activity is one transaction as auditors look for it: what was done, by whom, when, to what. It is written
// with the facts themselves and indexed by study, dataset, hospital and purpose, so that questions over years of
// a ledger read only what they answer.
import { type Static, Type } from 'typebox';
import { Described, Id, Instant, MspId, RoundNumber, RowSchema, Strict, Words } from './primitives.ts';

/** What activities are indexed by; `all` is every activity of the ledger. */
export const ACTIVITY_INDEXES = ['all', 'study', 'dataset', 'hospital', 'purpose'] as const;
/** What activities can be looked up by. Those of `all` are in the order of time. */
export type ActivityIndex = (typeof ACTIVITY_INDEXES)[number];

/** What one transaction did: its name, its signer, its time, and the study, dataset and round that it is about. */
export const Activity = Strict({
  schema: RowSchema,
  at: Instant,
  transactionId: Type.String(),
  transaction: Type.String({ description: 'What was done, as `contract:function`.' }),
  mspId: Described(MspId, 'The organisation that did it.'),
  studyId: Type.Optional(Id),
  datasetId: Type.Optional(Id),
  round: Type.Optional(RoundNumber),
});
export type Activity = Static<typeof Activity>;

/** A question to the index. Times are inclusive from, exclusive to. */
export const ActivityQuestion = {
  by: Words(ACTIVITY_INDEXES, 'What to look up; `all` needs no value.'),
  value: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: 'A study, dataset, MSP id or purpose.' }),
  ),
  from: Type.Optional(Described(Instant, 'A UTC time such as 2026-11-29T00:00:00Z, from which on is asked.')),
  to: Type.Optional(Described(Instant, 'A UTC time such as 2026-11-30T00:00:00Z, before which is asked.')),
};
