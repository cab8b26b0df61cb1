// Facts as sentences name them.
import type { AccountCost } from '../claims/privacy-costs.ts';

export const list = (words: readonly string[]): string => (words.length === 0 ? 'nobody' : words.join(', '));
/** @param seconds since 1970 */
export const dayOf = (seconds: number): string => new Date(seconds * 1000).toISOString();
/** '1 study', '2 studies'. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
export const blocksInWords = (blocks: readonly number[]): string =>
  `${blocks.length === 1 ? 'block' : 'blocks'} ${blocks.join(', ')} of its patients`;

/** The cost of releases in one account, by both accountants. */
export function costSentence({
  datasetId,
  pool,
  unit,
  delta,
  releases,
  ledgerEpsilon,
  pldEpsilon,
}: AccountCost): string {
  const ledger = `ε ${ledgerEpsilon} at δ ${delta} by the ledger's accountant`;
  // An upper bound is rounded up.
  const pld =
    pldEpsilon === null ? '' : `, and ε ${Math.ceil(pldEpsilon * 1e4) / 1e4} by privacy-loss distributions`;
  return `${datasetId}, ${pool} patients: ${releases} releases cost each ${unit} ${ledger}${pld}.`;
}
