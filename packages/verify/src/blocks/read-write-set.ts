// What a transaction read, at which versions, and what it writes: rows, their policies, and digests of private rows.
import { hex } from '../wire/digests.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';

/** Where a row was written last: a block, and the place of the transaction in it. */
export interface Version {
  readonly block: number;
  readonly place: number;
}

export interface Read {
  readonly key: string;
  /** Undefined: there was no such row. */
  readonly version: Version | undefined;
}
export interface RangeRead {
  readonly start: string;
  readonly end: string;
  readonly isExhausted: boolean;
  /** Undefined: only a digest of them is there. */
  readonly reads: readonly Read[] | undefined;
}
export interface Write {
  readonly key: string;
  /** Undefined: the row is deleted. */
  readonly value: Uint8Array | undefined;
}
export interface PolicyWrite {
  readonly key: string;
  /** The signature policy of the row; empty for none. */
  readonly policy: Uint8Array;
}

/** Of a private collection only digests are on the ledger: of keys, in hexadecimal, and of values. */
export interface CollectionSet {
  readonly collection: string;
  readonly reads: readonly Read[];
  readonly writes: readonly Write[];
  readonly policyWrites: readonly PolicyWrite[];
}

/** What a transaction read and wrote in one namespace: a chaincode, or the channel's own. */
export interface NamespaceSet {
  readonly namespace: string;
  readonly reads: readonly Read[];
  readonly ranges: readonly RangeRead[];
  readonly writes: readonly Write[];
  readonly policyWrites: readonly PolicyWrite[];
  readonly collections: readonly CollectionSet[];
}

const NOTHING = new Uint8Array();
const VALIDATION_PARAMETER = 'VALIDATION_PARAMETER';

/** @throws UnreadableError */
export function readSets(bytes: Uint8Array): NamespaceSet[] {
  const sets = new Message('results', bytes).list(2).map(readSet);
  if (new Set(sets.map(({ namespace }) => namespace)).size !== sets.length) {
    throw new UnreadableError('results that name one chaincode twice');
  }
  return sets;
}

function readSet(bytes: Uint8Array): NamespaceSet {
  const message = new Message('results', bytes);
  const rows = message.inBytes(2, 'results');
  return {
    namespace: message.text(1),
    reads: rows.list(1).map(readRead),
    ranges: rows.list(2).map(readRange),
    writes: rows.list(3).map((write) => {
      const written = new Message('write', write);
      return { key: written.text(1), value: written.flag(2) ? undefined : written.bytes(3) };
    }),
    policyWrites: rows.list(4).map((write) => {
      const written = new Message('policy of a row', write);
      return { key: written.text(1), policy: policyOf(written) };
    }),
    collections: message.list(3).map(readCollection),
  };
}

function readRead(bytes: Uint8Array): Read {
  const message = new Message('read', bytes);
  return { key: message.text(1), version: versionOf(message) };
}

function versionOf(read: Message): Version | undefined {
  const version = read.message(2, 'version');
  return read.has(2) ? { block: version.number(1), place: version.number(2) } : undefined;
}

function readRange(bytes: Uint8Array): RangeRead {
  const message = new Message('range that was read', bytes);
  const reads = message.choice({ messages: [4, 5] });
  return {
    start: message.text(1),
    end: message.text(2),
    isExhausted: message.flag(3),
    reads:
      reads?.field === 5 ? undefined : new Message('reads', reads?.bytes ?? NOTHING).list(1).map(readRead),
  };
}

function readCollection(bytes: Uint8Array): CollectionSet {
  const message = new Message('private results', bytes);
  const hashed = message.inBytes(2, 'private results');
  return {
    collection: message.text(1),
    reads: hashed.list(1).map((read) => {
      const message = new Message('private read', read);
      return { key: hex(message.bytes(1)), version: versionOf(message) };
    }),
    writes: hashed.list(2).map((write) => {
      const written = new Message('private write', write);
      return { key: hex(written.bytes(1)), value: written.flag(2) ? undefined : written.bytes(3) };
    }),
    policyWrites: hashed.list(3).map((write) => {
      const written = new Message('policy of a private row', write);
      return { key: hex(written.bytes(1)), policy: policyOf(written) };
    }),
  };
}

function policyOf(written: Message): Uint8Array {
  const entries = written.list(2).map((entry) => new Message('entry', entry));
  return entries.find((entry) => entry.text(1) === VALIDATION_PARAMETER)?.bytes(2) ?? new Uint8Array();
}

export const sameVersion = (a: Version | undefined, b: Version | undefined): boolean =>
  a?.block === b?.block && a?.place === b?.place;

export const isBefore = (a: Version, b: Version): boolean =>
  a.block < b.block || (a.block === b.block && a.place < b.place);

/** A row's key with its chaincode, as one text. */
export const rowId = (namespace: string, key: string): string => `${namespace}\n${key}`;

/** A private collection as one text, which no chaincode has for its name. */
export const collectionId = (namespace: string, collection: string): string => `${namespace}\n${collection}`;

/** A composite key, as Fabric's chaincode makes it: broad to specific. */
export const rowKey = (noun: string, parts: readonly string[]): string =>
  `\u0000${[noun, ...parts].join('\u0000')}\u0000`;

/** The kind of a row, and what its key is made of, broad to specific. */
export const partsOf = (key: string): string[] => key.split('\u0000').slice(1, -1);

/** A composite key as people read it: study/round/7. */
export const readableKey = (key: string): string =>
  key
    .split('\u0000')
    .filter((part) => part !== '')
    .join('/');
