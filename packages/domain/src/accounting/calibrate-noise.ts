// How much noise a plan needs to stay within a budget.

import { epsilonOfRdp, rdpSampledGaussian } from '@consilium/dp-accountant';
import type { PrivacyEvent } from '../privacy-event.ts';
import { epsilonFromRdp } from './ledger-epsilon.ts';
import { rdpOfEvent } from './ledger-rdp.ts';
import { LEDGER_ORDERS } from './rdp-vector.ts';

const LOWEST = 0.01;
const HIGHEST = 1e6;
const DECIMALS = 4;

/** A number as the ledger writes it: at most 15 decimals, no exponent. */
const plainDecimal = (value: number): string => value.toFixed(15).replace(/[.]?0+$/, '');

/**
 * The smallest noise multiplier of 4 decimals whose ε on the ledger is at most the target.
 *
 * For `steps` Poisson-subsampled discrete Gaussian releases in all (rounds times steps per round), at the
 * given δ, under adding or removing one unit. Bisection in floating point, then checked and, if need be,
 * raised by the ledger's own accounting, so that a consent for it fits a budget of exactly the target.
 *
 * @throws RangeError for a target that no noise reaches: below the ε that the conversion costs on its own.
 */
export function calibrateNoiseMultiplier(plan: {
  readonly targetEpsilon: number;
  readonly delta: number;
  readonly samplingRate: number;
  readonly steps: number;
}): number {
  const { targetEpsilon, delta, samplingRate, steps } = plan;
  if (!(targetEpsilon > 0)) throw new RangeError('targetEpsilon must be above 0');
  if (!Number.isSafeInteger(steps) || steps < 1) throw new RangeError('steps must be a count of at least 1');
  const epsilonAt = (noiseMultiplier: number): number =>
    epsilonOfRdp(
      LEDGER_ORDERS,
      LEDGER_ORDERS.map((order) => steps * rdpSampledGaussian({ noiseMultiplier, samplingRate, order })),
      delta,
    );
  const ledgerEpsilonAt = (noiseMultiplier: number): number => {
    const event: PrivacyEvent = {
      mechanism: 'discrete-gaussian',
      noiseMultiplier: plainDecimal(noiseMultiplier),
      samplingRate: plainDecimal(samplingRate),
      steps,
      adjacency: 'add-or-remove-one',
      unit: 'patient',
      pool: 'training',
    };
    return Number(epsilonFromRdp(rdpOfEvent(event), plainDecimal(delta)));
  };
  if (epsilonAt(HIGHEST) > targetEpsilon) {
    throw new RangeError(`no noise multiplier below ${HIGHEST} reaches an epsilon of ${targetEpsilon}`);
  }
  let low = LOWEST;
  let high = HIGHEST;
  if (epsilonAt(low) <= targetEpsilon) high = low;
  while (high - low > 10 ** -DECIMALS / 8) {
    const middle = (low + high) / 2;
    if (epsilonAt(middle) > targetEpsilon) low = middle;
    else high = middle;
  }
  for (let units = Math.floor(low * 10 ** DECIMALS); ; units++) {
    const noiseMultiplier = units / 10 ** DECIMALS;
    if (ledgerEpsilonAt(noiseMultiplier) <= targetEpsilon) return noiseMultiplier;
  }
}
