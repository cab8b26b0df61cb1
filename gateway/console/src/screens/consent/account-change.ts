// What a consent does to one account, as numbers to be shown: of the block of patients whom it leaves least.

/** Texts of the ledger, ε at the budget's δ. */
export interface AccountChange {
  readonly total: string;
  /** Left before it. */
  readonly left: string;
  /** Committed after it. */
  readonly committedAfter: string;
}

export interface ShownChange {
  readonly before: number;
  readonly added: number;
  readonly left: number;
  /** How much it would be over the budget. */
  readonly over: number;
  /** Shares of the budget, 0 to 1. */
  readonly shares: { readonly before: number; readonly added: number };
}

/** The parts of an account: what was used before, what is added, and what is left then; none is negative. */
export function changeOf({ total, left, committedAfter }: AccountChange): ShownChange {
  const [all, after] = [Number(total), Number(committedAfter)];
  const before = Math.max(0, all - Number(left));
  const added = Math.max(0, after - before);
  const within = (value: number) => (all > 0 ? Math.min(Math.max(value / all, 0), 1) : 0);
  return {
    before,
    added,
    left: Math.max(0, all - after),
    over: Math.max(0, after - all),
    shares: { before: within(before), added: Math.min(within(added), 1 - within(before)) },
  };
}
