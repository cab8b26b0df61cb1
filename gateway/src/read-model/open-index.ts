// Opens the index to write it, and makes it again where it is not one that this version wrote: nothing is in it that
// the blocks do not say.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DamagedDatabaseError } from '@consilium/guarded-rows';
import type { LedgerAlarms } from './ledger-alarms.ts';
import { LedgerIndex, OtherIndexVersionError } from './ledger-index.ts';

/** Where the index is in a gateway's folder. */
export const indexFile = (directory: string): string => join(directory, 'ledger-index.sqlite');

/** What is opened, and who hears of what becomes of it. */
export interface OpenIndexOptions {
  readonly directory: string;
  readonly chaincode: string;
  readonly alarms: LedgerAlarms;
  readonly log: (level: 'info' | 'warn', text: string) => void;
}

/** CORRUPT, and NOTADB: as SQLite says it where a check of ours did not find it first. */
const DAMAGE: readonly number[] = [11, 26];

/** @throws what SQLite says where the file cannot be opened though it is not damaged, as where another holds it */
export function openIndex(options: OpenIndexOptions): LedgerIndex {
  const { directory, alarms, log } = options;
  let index: LedgerIndex;
  try {
    index = openOnce(options);
  } catch (error) {
    if (!mayBeMadeAgain(error)) throw error;
    return makeAgain(options, (error as Error).message);
  }
  const first = index.block(0);
  if (first === undefined) return index;
  const genesis = Buffer.from(first.hash).toString('hex');
  if (alarms.genesis !== undefined && alarms.genesis !== genesis) {
    index.close();
    return makeAgain(
      options,
      `it begins with the genesis block ${genesis}, and ${alarms.genesis} is trusted`,
    );
  }
  if (alarms.genesis === undefined) {
    log('warn', `${directory} had lost which genesis block is trusted: that of the index is, ${genesis}`);
    alarms.trust(genesis);
  }
  return index;
}

function openOnce({ directory, chaincode, log }: OpenIndexOptions): LedgerIndex {
  return new LedgerIndex({ file: indexFile(directory), chaincode, report: (line) => log('info', line) });
}

function makeAgain(options: OpenIndexOptions, why: string): LedgerIndex {
  discardIndex(options, why);
  return openOnce(options);
}

/** Removes the file, which is made again from block 0 by who opens it next. */
export function discardIndex(
  { directory, log }: Pick<OpenIndexOptions, 'directory' | 'log'>,
  why: string,
): void {
  const file = indexFile(directory);
  log('warn', `the index of the ledger is made again from block 0: ${why}`);
  for (const suffix of ['', '-wal', '-shm', '.head']) rmSync(`${file}${suffix}`, { force: true });
}

function mayBeMadeAgain(error: unknown): boolean {
  if (error instanceof DamagedDatabaseError || error instanceof OtherIndexVersionError) return true;
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' && DAMAGE.includes(errcode & 0xff);
}
