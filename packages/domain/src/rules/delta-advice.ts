// When a δ is not small against the number of patients. The ledger takes it all the same: it is its owner's choice.

import type { RecordCountBand } from '../record-count-band.ts';

/** A mechanism that gives away one patient's record in n with probability 1/10 is (0, 1/(10·n))-private at best. */
const PATIENTS_PER_DELTA = 10;

/**
 * Whether δ is at most one tenth of one over the most patients that the band holds. A δ of 1/n is kept by a mechanism
 * that publishes one record in full (Dwork and Roth 2014, 2.3).
 */
export const isSmallDelta = (delta: number, { high }: Pick<RecordCountBand, 'high'>): boolean =>
  delta * high * PATIENTS_PER_DELTA <= 1;

/** The largest δ that is small, with one significant digit, rounded down: 0.0002 for a band up to 349. */
export function largestAdvisedDelta({ high }: Pick<RecordCountBand, 'high'>): string {
  const places = String(high * PATIENTS_PER_DELTA).length;
  const digit = Math.floor(10 ** places / (high * PATIENTS_PER_DELTA));
  return `0.${String(digit).padStart(places, '0')}`;
}

/** Warnings for a member that registers a dataset with this budget; empty where there are none. */
export function budgetWarnings({
  recordCountBand,
  privacyBudget,
}: {
  readonly recordCountBand: RecordCountBand;
  readonly privacyBudget: { readonly delta: string };
}): string[] {
  if (isSmallDelta(Number(privacyBudget.delta), recordCountBand)) return [];
  return [
    `privacyBudget.delta ${privacyBudget.delta} is not small against ${recordCountBand.low} to ` +
      `${recordCountBand.high} patients: with that probability the guarantee may not hold for one of them. At most ` +
      `${largestAdvisedDelta(recordCountBand)} is advised. The budget is for the dataset's whole life.`,
  ];
}
