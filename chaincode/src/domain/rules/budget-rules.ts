// The arithmetic of an account: reserved by a consent, spent by a release, returned by a settlement.
import { epsilonFromRdp } from '../accounting/ledger-epsilon.ts';
import { addRdp, subtractRdp, zeroRdp } from '../accounting/rdp-vector.ts';
import type { BudgetStatement } from '../answers.ts';
import type { Budget, RdpVector } from '../budget.ts';
import type { Dataset } from '../dataset.ts';
import { compareDecimals, subtractDecimals } from '../decimal.ts';
import { DomainError } from '../errors.ts';
import { POOLS, type Pool } from '../privacy-event.ts';
import { ROW_SCHEMA } from '../row-schema.ts';

/** The accounts a dataset starts with: one per pool, each with the whole budget, since pools share no patient. */
export const openBudgets = ({ datasetId, owner, privacyBudget }: Dataset): Budget[] =>
  POOLS.map((pool: Pool) => ({
    schema: ROW_SCHEMA.budget,
    datasetId,
    owner,
    pool,
    budget: privacyBudget,
    spent: zeroRdp(),
    reserved: zeroRdp(),
  }));

/** ε of all that is spent or reserved, composed. */
const committed = ({ spent, reserved, budget }: Budget): string =>
  epsilonFromRdp(addRdp(spent, reserved), budget.delta);

export function statementOf(account: Budget): BudgetStatement {
  const { budget, spent, reserved } = account;
  const committedEpsilon = committed(account);
  return {
    ...account,
    spentEpsilon: epsilonFromRdp(spent, budget.delta),
    reservedEpsilon: epsilonFromRdp(reserved, budget.delta),
    committedEpsilon,
    leftEpsilon: subtractDecimals(budget.epsilon, committedEpsilon),
  };
}

/** Whether an account can bear a cost on top of what it has committed, and what it would come to. */
export function afterReserving(account: Budget, cost: RdpVector): { committed: string; fits: boolean } {
  const total = committed({ ...account, reserved: addRdp(account.reserved, cost) });
  return { committed: total, fits: compareDecimals(total, account.budget.epsilon) <= 0 };
}

/** @throws DomainError BUDGET_EXCEEDED saying what is left. */
export function reserve(account: Budget, cost: RdpVector): Budget {
  const { committed: total, fits } = afterReserving(account, cost);
  if (!fits) {
    const { leftEpsilon } = statementOf(account);
    throw new DomainError(
      'BUDGET_EXCEEDED',
      `the ${account.pool} account of ${account.datasetId} has ε ${leftEpsilon} left of ` +
        `${account.budget.epsilon} (δ ${account.budget.delta}); with this it would come to ${total}`,
    );
  }
  return { ...account, reserved: addRdp(account.reserved, cost) };
}

/** Turns a reserved cost into a spent one. The cost must have been reserved. */
export const spend = (account: Budget, cost: RdpVector): Budget => ({
  ...account,
  reserved: subtractRdp(account.reserved, cost),
  spent: addRdp(account.spent, cost),
});

/** Returns a reserved cost. The cost must have been reserved. */
export const giveBack = (account: Budget, cost: RdpVector): Budget => ({
  ...account,
  reserved: subtractRdp(account.reserved, cost),
});
