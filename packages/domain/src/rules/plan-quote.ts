// What a plan would cost a dataset before anybody has proposed it: by the arithmetic that holds reservations to
// budgets, so that whoever plans reads what a steward will be quoted.
import type { Budget } from '../budget.ts';
import type { ClaimedCost } from '../consent.ts';
import { compareDecimals } from '../decimal.ts';
import type { Study } from '../study.ts';
import { afterReserving, epsilonIn, statementOf, timesThatFit } from './budget-rules.ts';
import { costPerRound, timesRounds } from './plan-cost.ts';

/** Both accounts of one block of patients. */
export interface BlockAccounts {
  readonly training: Budget;
  readonly heldOut: Budget;
}

/** What of a study decides its cost. */
export type CostingPlan = Pick<Study, 'training' | 'validation' | 'unit' | 'rounds'>;

/** A plan's cost to each patient of one dataset, as ε at the budget's δ, and what its accounts can bear. */
export interface PlanQuote {
  readonly perRound: ClaimedCost;
  readonly whole: ClaimedCost;
  /** Of the block that has least left. */
  readonly left: ClaimedCost;
  /** Of the block that comes to most, with all rounds reserved. */
  readonly committedAfter: ClaimedCost;
  /** How many of the blocks bear all rounds. */
  readonly fitting: number;
  /** How many rounds of this plan every block bears, as its accounts are now; at most `ROUNDS_COUNTED`. */
  readonly roundsThatFit: number;
}

/** As many rounds as a study can have. */
export const ROUNDS_COUNTED = 1000;

const SIDES = ['training', 'heldOut'] as const;
const extremeOf = (costs: readonly ClaimedCost[], sign: 1 | -1): ClaimedCost =>
  costs.reduce((found, cost) => {
    const extreme = (side: (typeof SIDES)[number]): string =>
      compareDecimals(cost[side], found[side]) * sign > 0 ? cost[side] : found[side];
    return { training: extreme('training'), heldOut: extreme('heldOut') };
  });

/**
 * Quotes a plan for one dataset.
 *
 * @param blocks accounts of the blocks of patients that a consent would give, one at least
 * @throws RangeError without a block
 */
export function quotePlan(plan: CostingPlan, blocks: readonly BlockAccounts[]): PlanQuote {
  const [first] = blocks;
  if (first === undefined) throw new RangeError('a plan is quoted for one block of patients at least');
  const cost = costPerRound(plan);
  const whole = timesRounds(cost, plan.rounds);
  const after = blocks.map((accounts) => ({
    training: afterReserving(accounts.training, whole.training),
    heldOut: afterReserving(accounts.heldOut, whole.heldOut),
  }));
  return {
    perRound: {
      training: epsilonIn(first.training, cost.training),
      heldOut: epsilonIn(first.heldOut, cost.heldOut),
    },
    whole: {
      training: epsilonIn(first.training, whole.training),
      heldOut: epsilonIn(first.heldOut, whole.heldOut),
    },
    left: extremeOf(
      blocks.map(({ training, heldOut }) => ({
        training: statementOf(training).leftEpsilon,
        heldOut: statementOf(heldOut).leftEpsilon,
      })),
      -1,
    ),
    committedAfter: extremeOf(
      after.map(({ training, heldOut }) => ({
        training: training.committed,
        heldOut: heldOut.committed,
      })),
      1,
    ),
    fitting: after.filter(({ training, heldOut }) => training.fits && heldOut.fits).length,
    roundsThatFit: blocks
      .flatMap((accounts) => SIDES.map((side) => ({ account: accounts[side], cost: cost[side] })))
      .reduce((most, one) => timesThatFit(one.account, one.cost, most), ROUNDS_COUNTED),
  };
}
