// The arithmetic of an account: reserved by a consent, spent by a release, returned by a settlement.
//
// An account is held to its budget by one measure that was fixed when it opened, so that the guarantee also holds where
// later studies were chosen by what earlier ones found (decision 37): by the closed form of Gaussian differential
// privacy where nothing is sampled, else at one Rényi order. Accounts from before take the best of all orders.
import { addGaussian, subtractGaussian } from '../accounting/gaussian-cost.ts';
import { epsilonFromGaussian } from '../accounting/gaussian-epsilon.ts';
import { bestOrder, epsilonAtOrder, epsilonFromRdp } from '../accounting/ledger-epsilon.ts';
import { type PrivacyCost, timesCost } from '../accounting/privacy-cost.ts';
import { addRdp, subtractRdp, zeroRdp } from '../accounting/rdp-vector.ts';
import type { BudgetStatement } from '../answers.ts';
import type { Block } from '../block.ts';
import type { Accounting, Budget } from '../budget.ts';
import type { Consent } from '../consent.ts';
import { compareDecimals, subtractDecimals } from '../decimal.ts';
import { DomainError } from '../errors.ts';
import type { Population } from '../population.ts';
import { POOLS, type Pool } from '../privacy-event.ts';
import { ROW_SCHEMA } from '../row-schema.ts';

type HeldTo = Pick<Population, 'privacyBudget' | 'accounting'>;

/** Scores never sample. How training adds up is the owner's choice, once. */
function accountingOf(pool: Pool, { privacyBudget, accounting }: HeldTo): Accounting {
  if (pool === 'held-out' || accounting?.kind === 'gaussian') return { kind: 'gaussian' };
  return { kind: 'renyi', order: accounting?.order ?? bestOrder(privacyBudget) };
}

/**
 * The accounts a block starts with: one per pool, each with the whole budget, since neither pools nor blocks share a
 * patient.
 */
export const openBudgets = (
  population: HeldTo,
  { populationId, block, owner }: Pick<Block, 'populationId' | 'block' | 'owner'>,
): Budget[] =>
  POOLS.map((pool: Pool) => {
    const { privacyBudget } = population;
    const accounting = accountingOf(pool, population);
    return {
      schema: ROW_SCHEMA.budget,
      populationId,
      block,
      owner,
      pool,
      budget: privacyBudget,
      accounting,
      spent: zeroRdp(),
      reserved: zeroRdp(),
      ...(accounting.kind === 'gaussian' && { gaussian: { spent: '0', reserved: '0' } }),
    };
  });

const spentOf = ({ spent, gaussian }: Budget): PrivacyCost => ({ renyi: spent, gaussian: gaussian?.spent });
const reservedOf = ({ reserved, gaussian }: Budget): PrivacyCost => ({
  renyi: reserved,
  gaussian: gaussian?.reserved,
});

/** a and b combined in both measures; a has only those that its account adds up. */
function combine(
  a: PrivacyCost,
  b: PrivacyCost,
  by: { readonly renyi: typeof addRdp; readonly gaussian: typeof addGaussian },
): PrivacyCost {
  if (a.gaussian !== undefined && b.gaussian === undefined) {
    throw new RangeError('a cost from before there was this measure was never reserved here');
  }
  return {
    renyi: by.renyi(a.renyi, b.renyi),
    gaussian: a.gaussian === undefined ? undefined : by.gaussian(a.gaussian, b.gaussian!),
  };
}
const add = (a: PrivacyCost, b: PrivacyCost) => combine(a, b, { renyi: addRdp, gaussian: addGaussian });
const subtract = (a: PrivacyCost, b: PrivacyCost) =>
  combine(a, b, { renyi: subtractRdp, gaussian: subtractGaussian });

const withSums = (account: Budget, spent: PrivacyCost, reserved: PrivacyCost): Budget => ({
  ...account,
  spent: spent.renyi,
  reserved: reserved.renyi,
  ...(spent.gaussian !== undefined &&
    reserved.gaussian !== undefined && {
      gaussian: { spent: spent.gaussian, reserved: reserved.gaussian },
    }),
});

/** The ε of a cost, by the account's measure, and for Rényi costs at their best order. */
export const epsilonIn = (
  { accounting, budget }: Pick<Budget, 'accounting' | 'budget'>,
  { renyi, gaussian }: PrivacyCost,
): string =>
  accounting?.kind === 'gaussian'
    ? epsilonFromGaussian(gaussian!, budget.delta)
    : epsilonFromRdp(renyi, budget.delta);

/**
 * The ε of so many rounds of a consent alone, by the measure of the account of that pool: what one study cost. It does
 * not add up with that of others: composed, they cost less.
 */
export function epsilonOfRounds(
  account: Pick<Budget, 'accounting' | 'budget' | 'pool'>,
  { costPerRound, gaussianPerRound }: Pick<Consent, 'costPerRound' | 'gaussianPerRound'>,
  rounds: number,
): string {
  const side = account.pool === 'training' ? 'training' : 'heldOut';
  const cost = timesCost({ renyi: costPerRound[side], gaussian: gaussianPerRound?.[side] }, rounds);
  // Consents from before have no other measure.
  return cost.gaussian === undefined
    ? epsilonFromRdp(cost.renyi, account.budget.delta)
    : epsilonIn(account, cost);
}

/** The ε that a cost is held to: at the account's own order, where it has one. */
const heldTo = (account: Budget, cost: PrivacyCost): string => {
  const { accounting, budget } = account;
  return accounting?.order === undefined
    ? epsilonIn(account, cost)
    : epsilonAtOrder(cost.renyi, budget.delta, accounting.order);
};

/** All that is spent or reserved, composed. */
const committed = (account: Budget): PrivacyCost => add(spentOf(account), reservedOf(account));

/** An account with its sums as ε at the budget's δ, each rounded up, and what is left. */
export function statementOf(account: Budget): BudgetStatement {
  const committedEpsilon = epsilonIn(account, committed(account));
  return {
    ...account,
    spentEpsilon: epsilonIn(account, spentOf(account)),
    reservedEpsilon: epsilonIn(account, reservedOf(account)),
    committedEpsilon,
    leftEpsilon: subtractDecimals(account.budget.epsilon, committedEpsilon),
  };
}

/**
 * Whether an account can bear a cost on top of what it has committed, and what it would come to: by the measure that it
 * is held to where that is too much.
 */
export function afterReserving(account: Budget, cost: PrivacyCost): { committed: string; fits: boolean } {
  const total = add(committed(account), cost);
  const held = heldTo(account, total);
  const fits = compareDecimals(held, account.budget.epsilon) <= 0;
  return { committed: fits ? epsilonIn(account, total) : held, fits };
}

/**
 * How often an account can bear a cost on top of what it has committed, up to `most`: as reservations are held to the
 * budget, one after the other. More of a cost never fits where less does not.
 */
export function timesThatFit(account: Budget, cost: PrivacyCost, most: number): number {
  const before = committed(account);
  const fits = (times: number): boolean => {
    const held = heldTo(account, add(before, timesCost(cost, times)));
    return compareDecimals(held, account.budget.epsilon) <= 0;
  };
  if (most === 0 || fits(most)) return most;
  let [low, high] = [0, most];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Block 1 has the name of its population, as datasets from before have one only. */
const nameOf = ({ populationId, block }: Budget): string =>
  block === 1 ? populationId : `block ${block} of ${populationId}`;

/** @throws DomainError BUDGET_EXCEEDED saying what is left. */
export function reserve(account: Budget, cost: PrivacyCost): Budget {
  const { committed: total, fits } = afterReserving(account, cost);
  if (!fits) {
    const { leftEpsilon } = statementOf(account);
    const { accounting } = account;
    const measure =
      accounting?.kind === 'gaussian'
        ? ', which takes releases without sampling only'
        : accounting?.order !== undefined
          ? `, at order ${accounting.order}, which was fixed when the account opened`
          : '';
    throw new DomainError(
      'BUDGET_EXCEEDED',
      `the ${account.pool} account of ${nameOf(account)} has ε ${leftEpsilon} left of ` +
        `${account.budget.epsilon} (δ ${account.budget.delta}); with this it would come to ${total}${measure}`,
    );
  }
  return withSums(account, spentOf(account), add(reservedOf(account), cost));
}

/** Turns a reserved cost into a spent one. The cost must have been reserved. */
export const spend = (account: Budget, cost: PrivacyCost): Budget =>
  withSums(account, add(spentOf(account), cost), subtract(reservedOf(account), cost));

/** Returns a reserved cost. The cost must have been reserved. */
export const giveBack = (account: Budget, cost: PrivacyCost): Budget =>
  withSums(account, spentOf(account), subtract(reservedOf(account), cost));
