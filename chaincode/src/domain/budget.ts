// A budget is one account of one pool of one dataset: Rényi costs reserved by running studies and spent by
// releases. Costs are integers of 1e-9 at the ledger's fixed orders, rounded up, so that adding them is exact.
// On the ledger it is a row that says whose account it is and which version holds, and one row for each version of
// its sums.
import { type Static, Type } from 'typebox';
import { Described, Id, Instant, MspId, RowSchema, Sha256, Strict, Words } from './primitives.ts';
import { POOLS, PrivacyBudget } from './privacy-event.ts';

/** One integer string per ledger order (see accounting), in units of 1e-9. */
export const RdpVector = Type.Array(Type.String({ pattern: '^(0|[1-9][0-9]{0,24})$' }), {
  minItems: 1,
  maxItems: 64,
});
export type RdpVector = Static<typeof RdpVector>;

const Holder = {
  schema: RowSchema,
  datasetId: Id,
  owner: MspId,
  pool: Words(POOLS),
  budget: PrivacyBudget,
};
const Sums = { spent: RdpVector, reserved: RdpVector };

export const Budget = Strict({ ...Holder, ...Sums });
export type Budget = Static<typeof Budget>;

/** The account's row, which its owner's peer guards: it names the version that holds. */
export const BudgetRow = Strict({
  ...Holder,
  version: Type.Integer({ minimum: 1 }),
  versionSha256: Described(Sha256, "Digest of that version's row."),
});
export type BudgetRow = Static<typeof BudgetRow>;

/** An account's sums from one change to the next. Written once. */
export const BudgetVersion = Strict({
  schema: RowSchema,
  ...Sums,
  transactionId: Type.String(),
  changedAt: Instant,
  previousSha256: Type.Optional(
    Described(Sha256, 'Digest of the version before, or of the account from before there were versions.'),
  ),
});
export type BudgetVersion = Static<typeof BudgetVersion>;
