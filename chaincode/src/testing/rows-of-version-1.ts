// The rows that version 1 of this chaincode wrote: a study of three hospitals in the middle of its second round,
// with Alpha's update recorded. Kept as written, never regenerated: ledgers hold such rows for good.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface WrittenRow {
  readonly key: readonly [noun: string, ...parts: string[]];
  readonly value: Readonly<Record<string, unknown>>;
  /** The key-level endorsement policy that was laid on it, in base64. */
  readonly policy?: string;
}

const file = resolve(import.meta.dirname, '../../../src/testing/rows-of-version-1.json');

export const rowsOfVersion1 = (): readonly WrittenRow[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as { rows: WrittenRow[] }).rows;

export const OLD_STUDY = 'heart';
export const OLD_MEMBERS = ['AlphaMSP', 'BetaMSP', 'GammaMSP'] as const;
export const OLD_DATASETS = ['alpha', 'beta', 'gamma'] as const;
