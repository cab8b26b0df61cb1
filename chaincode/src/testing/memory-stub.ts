// A peer's side of one transaction, in memory: what the contracts use of Fabric's stub, with its semantics.
// Writes are not read back, reads note the version they saw, keys sort by code point, history is newest first.
import { strict as assert } from 'node:assert';

export interface Committed {
  readonly value: Uint8Array;
  readonly version: number;
  readonly policy: Uint8Array | undefined;
}
export interface Version {
  readonly txId: string;
  readonly timestamp: { readonly seconds: number; readonly nanos: number };
  readonly isDelete: boolean;
  readonly value: Uint8Array;
}
/** The world as of some block. */
export interface World {
  readonly rows: Map<string, Committed>;
  readonly history: Map<string, Version[]>;
}

export interface Proposal {
  readonly txId: string;
  readonly at: Date;
  readonly mspId: string;
  readonly role: string | null;
  /** The common name of the caller's certificate, and the certificate itself. */
  readonly person: string;
  readonly certificate: string;
}

/** What a peer signs: everything here must be equal on every endorser. */
export interface Results {
  readonly writes: [key: string, value: string][];
  readonly policies: [key: string, policy: string][];
  readonly reads: [key: string, version: number][];
  readonly ranges: string[];
  /** What each range held, which is compared when the transaction is committed, as reads are. */
  readonly found: [key: string, version: number][][];
  readonly event: { readonly name: string; readonly payload: string } | null;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const SEPARATOR = '\u0000';

/** The keys under a prefix with their versions: a range read conflicts with whatever changes any of it. */
export const versionsUnder = ({ rows }: World, prefix: string): [key: string, version: number][] =>
  [...rows]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, { version }]): [string, number] => [key, version])
    .sort(([a], [b]) => (a < b ? -1 : 1));

export class MemoryStub {
  readonly #world: World;
  readonly #proposal: Proposal;
  readonly #peer: string;
  readonly #writes = new Map<string, string>();
  readonly #policies = new Map<string, string>();
  readonly #reads = new Map<string, number>();
  readonly #ranges: string[] = [];
  readonly #found: [key: string, version: number][][] = [];
  readonly #histories = new Set<string>();
  #event: Results['event'] = null;
  #paged = false;
  /** By which name the transaction was called. */
  called = '';
  /** What came with it. */
  transient: ReadonlyMap<string, Uint8Array> = new Map();
  parameters: readonly string[] = [''];

  constructor(world: World, proposal: Proposal, peer: string) {
    this.#world = world;
    this.#proposal = proposal;
    this.#peer = peer;
  }

  get results(): Results {
    assert.ok(!(this.#paged && this.#writes.size > 0), 'Fabric refuses writes after a paged query');
    return {
      writes: [...this.#writes].sort(([a], [b]) => (a < b ? -1 : 1)),
      policies: [...this.#policies].sort(([a], [b]) => (a < b ? -1 : 1)),
      reads: [...this.#reads].sort(([a], [b]) => (a < b ? -1 : 1)),
      ranges: this.#ranges,
      found: this.#found,
      event: this.#event,
    };
  }

  /** Which parts of the world it has looked at. */
  get seen() {
    return { keys: new Set(this.#reads.keys()), ranges: this.#ranges, histories: this.#histories };
  }

  getTxID = (): string => this.#proposal.txId;
  getChannelID = (): string => 'consortium';
  getMspID = (): string => this.#peer;
  getDateTimestamp = (): Date => new Date(this.#proposal.at);
  getTransient = (): ReadonlyMap<string, Uint8Array> => this.transient;
  getArgs = (): string[] => [this.called, ...this.parameters];
  getFunctionAndParameters = () => ({ fcn: this.called, params: [] });

  getState = async (key: string): Promise<Uint8Array> => {
    const row = this.#world.rows.get(key);
    this.#reads.set(key, row?.version ?? -1);
    return row?.value ?? new Uint8Array();
  };

  putState = async (key: string, value: Uint8Array): Promise<void> => {
    this.#writes.set(key, text(value));
  };

  /** A row of no bytes is one that is no more. */
  deleteState = async (key: string): Promise<void> => {
    this.#writes.set(key, '');
  };

  setStateValidationParameter = async (key: string, policy: Uint8Array): Promise<void> => {
    this.#policies.set(key, Buffer.from(policy).toString('base64'));
  };

  getStateValidationParameter = async (key: string): Promise<Uint8Array | undefined> => {
    const row = this.#world.rows.get(key);
    this.#reads.set(key, row?.version ?? -1);
    return row?.policy;
  };

  setEvent = (name: string, payload: Uint8Array): void => {
    assert.equal(this.#event, null, 'a transaction has one event');
    this.#event = { name, payload: text(payload) };
  };

  createCompositeKey = (noun: string, parts: string[]): string => {
    for (const part of [noun, ...parts]) {
      if (part === '') throw new Error('object type or attribute not a non-zero length string');
    }
    return SEPARATOR + [noun, ...parts].map((part) => part + SEPARATOR).join('');
  };

  splitCompositeKey = (key: string): { objectType: string; attributes: string[] } => {
    const [, objectType = '', ...attributes] = key.split(SEPARATOR).slice(0, -1);
    return { objectType, attributes };
  };

  #range(noun: string, parts: string[]): [string, Uint8Array][] {
    const prefix = this.createCompositeKey(noun, parts);
    this.#ranges.push(prefix);
    this.#found.push(versionsUnder(this.#world, prefix));
    return [...this.#world.rows]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { value }]) => [key, value]);
  }

  async *getStateByPartialCompositeKey(noun: string, parts: string[]) {
    for (const [key, value] of this.#range(noun, parts)) yield { namespace: 'consilium', key, value };
  }

  getStateByPartialCompositeKeyWithPagination = async (
    noun: string,
    parts: string[],
    pageSize: number,
    bookmark: string,
  ) => {
    this.#paged = true;
    const rows = this.#range(noun, parts).filter(([key]) => key >= bookmark);
    const page = rows.slice(0, pageSize).map(([key, value]) => ({ namespace: 'consilium', key, value }));
    let position = 0;
    return {
      metadata: { fetchedRecordsCount: page.length, bookmark: rows[pageSize]?.[0] ?? '' },
      iterator: {
        next: async () => {
          const value = page[position++];
          return value === undefined ? { done: true } : { done: false, value };
        },
        close: async () => {},
      },
    };
  };

  async *getHistoryForKey(key: string) {
    this.#histories.add(key);
    yield* (this.#world.history.get(key) ?? []).toReversed();
  }
}
