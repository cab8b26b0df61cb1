// A budget is one account of one pool of one block of patients: Rényi costs reserved by running studies and spent by
// releases. Costs are integers of 1e-9 at the ledger's fixed orders, rounded up, so that adding them is exact.
// On the ledger it is a row that says whose account it is and which version holds, and one row for each version of
// its sums.
import { type Static, Type } from 'typebox';
import { BlockNumber } from './block.ts';
import { Described, Id, Instant, MspId, RowSchema, Sha256, Strict, Words } from './primitives.ts';
import { POOLS, PrivacyBudget } from './privacy-event.ts';

/** One integer string per ledger order (see accounting), in units of 1e-9. */
export const RdpVector = Type.Array(Type.String({ pattern: '^(0|[1-9][0-9]{0,24})$' }), {
  minItems: 1,
  maxItems: 64,
});
export type RdpVector = Static<typeof RdpVector>;

/** Σ μ² of Gaussian differential privacy, an integer string in units of 1e-18. */
export const GaussianSum = Type.String({ pattern: '^(0|[1-9][0-9]{0,36})$' });

export const ACCOUNTINGS = ['renyi', 'gaussian'] as const;

/** How an account adds up and is held to its budget: by one measure for its whole life. */
export const Accounting = Strict({
  kind: Words(
    ACCOUNTINGS,
    'renyi: any sampling rate. gaussian: sampling rate 1 only, by a closed form that costs 7 to 10 % less ε.',
  ),
  order: Type.Optional(
    Type.Integer({
      minimum: 2,
      description: 'Of renyi: the order that decides what fits; the best for the budget where absent.',
    }),
  ),
});
export type Accounting = Static<typeof Accounting>;

const Holder = {
  schema: RowSchema,
  populationId: Id,
  block: BlockNumber,
  owner: MspId,
  pool: Words(POOLS),
  budget: PrivacyBudget,
  accounting: Type.Optional(
    Described(Accounting, 'Accounts from before take the best of all orders each time.'),
  ),
};
const Sums = {
  spent: RdpVector,
  reserved: RdpVector,
  gaussian: Type.Optional(
    Described(
      Strict({ spent: GaussianSum, reserved: GaussianSum }),
      'The same sums as μ², of accounts that add up so.',
    ),
  ),
};

/** One account: the budget of one pool of one block of patients, and the costs that are spent and reserved of it. */
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
