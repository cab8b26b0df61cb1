// What a vote for more rounds claims that they cost.
import { roundDecimal } from '../../format/decimal.ts';

/** ε of one round, of both accounts, as a quote says it. */
export interface RoundCost {
  readonly training: string;
  readonly heldOut: string;
}

/**
 * What so many more rounds cost at most: as often what one does. Losses compose to no more than their sum, and the
 * chaincode reserves what they cost exactly; a claim must only not be below it.
 */
export const claimFor = (cost: RoundCost, rounds: number): RoundCost => {
  const times = (epsilon: string) => roundDecimal(Number(epsilon) * rounds, 6, 'up');
  return { training: times(cost.training), heldOut: times(cost.heldOut) };
};
