// A budget row is one account of one pool of one dataset: Rényi costs reserved by running studies and spent by
// releases. Costs are integers of 1e-9 at the ledger's fixed orders, rounded up, so that adding them is exact.
import { type Static, Type } from 'typebox';
import { Id, MspId, RowSchema, Strict, Words } from './primitives.ts';
import { POOLS, PrivacyBudget } from './privacy-event.ts';

/** One integer string per ledger order (see accounting), in units of 1e-9. */
export const RdpVector = Type.Array(Type.String({ pattern: '^(0|[1-9][0-9]{0,24})$' }), {
  minItems: 1,
  maxItems: 64,
});
export type RdpVector = Static<typeof RdpVector>;

export const Budget = Strict({
  schema: RowSchema,
  datasetId: Id,
  owner: MspId,
  pool: Words(POOLS),
  budget: PrivacyBudget,
  spent: RdpVector,
  reserved: RdpVector,
});
export type Budget = Static<typeof Budget>;
