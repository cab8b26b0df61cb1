// What must not be forgotten when the index is made again, in two small files beside it: the genesis block that this
// gateway trusts, and what was found wrong with the ledger. An operator who has found out why removes the second.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FabricBlock } from '@consilium/verify';

/** A block's header with what orderers signed on it, in hexadecimal: enough to check their signatures. */
export interface SignedHeader {
  readonly number: number;
  readonly previousHash: string;
  readonly dataHash: string;
  readonly value: string;
  readonly signatures: readonly {
    readonly signatureHeader: string;
    readonly identifierHeader: string;
    readonly signature: string;
  }[];
}

/** Something that is wrong with the ledger, or with what a peer says of it. */
export interface LedgerAlarm {
  /** Whose peer or gateway it was. */
  readonly mspId: string;
  /** What does not hold, with its place. */
  readonly text: string;
  /** When it was found: ISO 8601 in UTC. */
  readonly since: string;
  /** Whether nothing more is indexed until an operator has looked. */
  readonly stops: boolean;
  /** A transaction that the own peer calls invalid for no reason that is known here. */
  readonly unexplained?: { readonly block: number; readonly place: number };
  /** For how many alarms of one kind this is, which are not kept one by one; one where absent. */
  readonly count?: number;
  /** Of two histories: the header that this gateway has, and the other one. */
  readonly headers?: { readonly own: SignedHeader | undefined; readonly other: SignedHeader };
}

/** One that was just found. */
export type FoundAlarm = Omit<LedgerAlarm, 'since'>;

const GENESIS = 'ledger-genesis';
const ALARMS = 'ledger-alarms.json';

export class LedgerAlarms {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What an operator removes who knows why. */
  get file(): string {
    return join(this.#directory, ALARMS);
  }

  /** SHA-256 of the header of the genesis block that was trusted before; undefined where there was none. */
  get genesis(): string | undefined {
    return readIfThere(join(this.#directory, GENESIS))?.trim();
  }

  trust(genesis: string): void {
    replaceFile(join(this.#directory, GENESIS), `${genesis}\n`);
  }

  /** Oldest first. A file that cannot be read counts as an alarm: something was in it. */
  all(): readonly LedgerAlarm[] {
    const text = readIfThere(this.file);
    if (text === undefined) return [];
    try {
      const alarms = JSON.parse(text) as LedgerAlarm[];
      if (Array.isArray(alarms) && alarms.every((alarm) => typeof alarm?.text === 'string')) return alarms;
    } catch {
      // Said below.
    }
    const since = new Date(0).toISOString();
    return [{ mspId: '', text: `${this.file} is not what was written`, since, stops: true }];
  }

  /** Keeps an alarm, on disk, until somebody removes the file. */
  raise(alarm: LedgerAlarm): void {
    this.#keep([...this.all(), alarm]);
  }

  /** Keeps the number of unexplained transactions that are not kept one by one, in one alarm for all of them. */
  countMore(more: number, { mspId, since }: Pick<LedgerAlarm, 'mspId' | 'since'>): void {
    const all = this.all();
    const before = all.find(({ count }) => count !== undefined);
    const count = (before?.count ?? 0) + more;
    const text =
      `the peer of ${mspId} calls ${count} more transactions invalid, and nothing makes them so: ` +
      'they are not kept one by one, and the log names each';
    const counted = { mspId, stops: false, since: before?.since ?? since, text, count };
    this.#keep([...all.filter((alarm) => alarm !== before), counted]);
  }

  #keep(alarms: readonly LedgerAlarm[]): void {
    replaceFile(this.file, `${JSON.stringify(alarms, undefined, 2)}\n`);
  }
}

/** How many alarms these are, with those that are counted and not kept. */
export const numberOf = (alarms: readonly LedgerAlarm[]): number =>
  alarms.reduce((sum, { count = 1 }) => sum + count, 0);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const signedHeaderOf = ({
  header,
  orderers,
}: Pick<FabricBlock, 'header' | 'orderers'>): SignedHeader => ({
  number: header.number,
  previousHash: hex(header.previousHash),
  dataHash: hex(header.dataHash),
  value: hex(orderers.value),
  signatures: orderers.signatures.map(({ signatureHeader, identifierHeader, signature }) => ({
    signatureHeader: hex(signatureHeader),
    identifierHeader: hex(identifierHeader),
    signature: hex(signature),
  })),
});

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}
