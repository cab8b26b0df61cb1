// What privacy events cost, in both of the ledger's measures: each account adds up the one that is its own.
import type { RdpVector } from '../budget.ts';
import { compareDecimals } from '../decimal.ts';
import type { PrivacyEvent } from '../privacy-event.ts';
import { addGaussian, gaussianOfEvent, timesGaussian } from './gaussian-cost.ts';
import { epsilonFromGaussian } from './gaussian-epsilon.ts';
import { epsilonFromRdp } from './ledger-epsilon.ts';
import { rdpOfEvent } from './ledger-rdp.ts';
import { addRdp, timesRdp, zeroRdp } from './rdp-vector.ts';

export interface PrivacyCost {
  readonly renyi: RdpVector;
  /** Σ μ² in units of 1e-18; undefined in costs that were recorded before there was this measure. */
  readonly gaussian: string | undefined;
}

export const costOfEvent = (event: PrivacyEvent): PrivacyCost => ({
  renyi: rdpOfEvent(event),
  gaussian: gaussianOfEvent(event),
});

export const timesCost = ({ renyi, gaussian }: PrivacyCost, n: number): PrivacyCost => ({
  renyi: timesRdp(renyi, n),
  gaussian: gaussian === undefined ? undefined : timesGaussian(gaussian, n),
});

/**
 * The ε of a cost at a given δ: the lesser of both measures' bounds, each of which holds for events that were fixed
 * before the first of them. What an account bears is decided by its own measure alone (budget-rules.ts).
 */
export function epsilonOfCost({ renyi, gaussian }: PrivacyCost, delta: string): string {
  const byRenyi = epsilonFromRdp(renyi, delta);
  if (gaussian === undefined) return byRenyi;
  const byGaussian = epsilonFromGaussian(gaussian, delta);
  return compareDecimals(byGaussian, byRenyi) < 0 ? byGaussian : byRenyi;
}

/** The ε of events composed, each taken `count` times, at a given δ. No events cost '0'. */
export function epsilonOf(
  events: readonly { readonly event: PrivacyEvent; readonly count: number }[],
  delta: string,
): string {
  let total: PrivacyCost = { renyi: zeroRdp(), gaussian: '0' };
  for (const { event, count } of events) {
    const { renyi, gaussian } = timesCost(costOfEvent(event), count);
    total = { renyi: addRdp(total.renyi, renyi), gaussian: addGaussian(total.gaussian!, gaussian!) };
  }
  return epsilonOfCost(total, delta);
}
