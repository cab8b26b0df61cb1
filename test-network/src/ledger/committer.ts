/**
 * Turns ordered blocks into committed ones: validates, resolves conflicts, gathers private data, stores, and
 * only then notifies those that wait. The committed state is the same at every peer, so this network keeps it
 * once.
 */
import { ledger } from '../fabric-protos.ts';
import type { Membership } from '../msp/identity.ts';
import { type Block, blockHash, setTransactionsFilter } from './block.ts';
import { type CheckedTransaction, Code, validateBlock } from './block-validation.ts';
import { BlockState } from './conflicts.ts';
import type { BlockUpdates, LedgerStore, PrivateUpdate, PrivateWrites } from './ledger-store.ts';
import { sha256 } from './sha256.ts';
import type { NamespaceReadWriteSet } from './transaction.ts';

const { KVRWSet } = ledger.rwset.kvrwset;

export interface CommitStatus {
  readonly code: number;
  readonly block: number;
}

type BlockListener = (block: Block) => void;

export class Committer {
  readonly #store: LedgerStore;
  readonly #context: {
    readonly channel: string;
    readonly membership: Membership;
    readonly mspIds: readonly string[];
  };
  readonly #listeners = new Set<BlockListener>();
  readonly #statusWaiters = new Map<string, Set<(status: CommitStatus) => void>>();

  constructor(
    store: LedgerStore,
    context: {
      readonly channel: string;
      readonly membership: Membership;
      readonly mspIds: readonly string[];
    },
  ) {
    this.#store = store;
    this.#context = context;
  }

  get height(): number {
    return this.#store.latest.height();
  }

  get lastHash(): Uint8Array {
    const { height } = this;
    return height === 0 ? new Uint8Array() : blockHash(this.#store.block(height - 1)!.getHeader()!);
  }

  /** Stores block 0, which is valid by definition. */
  commitGenesis(block: Block, txId: string): void {
    setTransactionsFilter(block, [Code.VALID]);
    this.#store.commit(block, {
      ...NO_UPDATES,
      transactions: txId === '' ? [] : [{ txId, tx: 0, code: Code.VALID }],
    });
  }

  commit(block: Block): void {
    const number = block.getHeader()!.getNumber();
    const envelopes = block.getData()!.getDataList_asU8();
    const reader = this.#store.latest;
    const checked = validateBlock(envelopes, { ...this.#context, reader });
    const state = new BlockState(reader);
    const privateChanges = new PrivateChanges(this.#store, number);
    const history: { ns: string; key: string; tx: number }[] = [];
    const codes = checked.map(({ code, sets, txId }, tx) => {
      if (code !== Code.VALID || !sets) return code;
      const conflict = state.conflictOf(sets);
      if (conflict) return Code[conflict];
      state.apply(sets, { block: number, tx });
      privateChanges.add(txId, tx, sets);
      for (const { ns, kv } of sets) {
        for (const write of kv.getWritesList()) history.push({ ns, key: write.getKey(), tx });
      }
      return code;
    });
    setTransactionsFilter(block, codes);
    this.#store.commit(block, {
      transactions: transactionRows(checked, codes),
      keys: state.keyUpdates,
      hashes: state.hashUpdates,
      privateKeys: privateChanges.keys,
      privateWrites: privateChanges.writes,
      purgedWrites: privateChanges.purged,
      history,
    });
    this.#announce(block, checked, codes);
  }

  onBlock(listener: BlockListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once the transaction is committed; waits as long as the signal allows. */
  status(txId: string, signal: AbortSignal): Promise<CommitStatus> {
    const place = this.#store.latest.transaction(txId);
    if (place) return Promise.resolve({ code: place.code, block: place.block });
    return new Promise((resolve, reject) => {
      const waiters = this.#statusWaiters.get(txId) ?? new Set();
      this.#statusWaiters.set(txId, waiters);
      const stop = () => {
        waiters.delete(settle);
        if (waiters.size === 0 && this.#statusWaiters.get(txId) === waiters) this.#statusWaiters.delete(txId);
        reject(signal.reason);
      };
      const settle = (status: CommitStatus) => {
        signal.removeEventListener('abort', stop);
        resolve(status);
      };
      waiters.add(settle);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    });
  }

  /** The block, when it is committed. Rejects when the signal aborts first. */
  block(number: number, signal: AbortSignal): Promise<Block> {
    const block = this.#store.block(number);
    if (block) return Promise.resolve(block);
    return new Promise((resolve, reject) => {
      const stop = () => {
        off();
        reject(signal.reason);
      };
      const off = this.onBlock((committed) => {
        if (committed.getHeader()!.getNumber() !== number) return;
        off();
        signal.removeEventListener('abort', stop);
        resolve(committed);
      });
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    });
  }

  #announce(block: Block, checked: readonly CheckedTransaction[], codes: readonly number[]): void {
    checked.forEach(({ txId }, tx) => {
      const waiters = this.#statusWaiters.get(txId);
      if (!waiters) return;
      this.#statusWaiters.delete(txId);
      for (const settle of waiters) settle({ code: codes[tx]!, block: block.getHeader()!.getNumber() });
    });
    for (const listener of [...this.#listeners]) listener(block);
  }
}

const NO_UPDATES: BlockUpdates = {
  transactions: [],
  keys: [],
  hashes: [],
  privateKeys: [],
  privateWrites: [],
  purgedWrites: [],
  history: [],
};

function transactionRows(checked: readonly CheckedTransaction[], codes: readonly number[]) {
  return checked.map(({ txId }, tx) => ({ txId, tx, code: codes[tx]! })).filter(({ txId }) => txId !== '');
}

/** The private side of a block: values for members, and the erasure of what was purged. */
class PrivateChanges {
  readonly #store: LedgerStore;
  readonly #block: number;
  readonly #keys = new Map<string, PrivateUpdate>();
  readonly writes: PrivateWrites[] = [];
  readonly purged: (PrivateWrites & { block: number })[] = [];

  constructor(store: LedgerStore, block: number) {
    this.#store = store;
    this.#block = block;
  }

  get keys(): PrivateUpdate[] {
    return [...this.#keys.values()];
  }

  add(txId: string, tx: number, sets: readonly NamespaceReadWriteSet[]): void {
    for (const { ns, collections } of sets) {
      for (const { coll, hashed, privateHash } of collections) {
        if (privateHash.length === 0) continue;
        const rwset = this.#store.latest.transientWrites({ txId, ns, coll, hash: privateHash });
        if (!rwset) continue;
        this.#addWrites({ tx, ns, coll, rwset });
        const purges = hashed.getHashedWritesList().filter((write) => write.getIsPurge());
        for (const write of purges) this.#purge(ns, coll, write.getKeyHash_asU8());
      }
    }
  }

  #addWrites(writes: PrivateWrites): void {
    const { ns, coll, tx, rwset } = writes;
    this.writes.push(writes);
    const version = { block: this.#block, tx };
    const message = KVRWSet.deserializeBinary(rwset);
    for (const write of message.getWritesList()) {
      const key = write.getKey();
      const value = write.getIsDelete() || !write.getValue_asU8().length ? undefined : write.getValue_asU8();
      this.#keys.set(JSON.stringify([ns, coll, key]), { ns, coll, key, value, version });
    }
    for (const write of message.getMetadataWritesList()) {
      const key = write.getKey();
      const id = JSON.stringify([ns, coll, key]);
      const value = this.#keys.get(id)?.value ?? this.#store.latest.privateState(ns, coll, key)?.value;
      if (value !== undefined) this.#keys.set(id, { ns, coll, key, value, version });
    }
  }

  #purge(ns: string, coll: string, keyHash: Uint8Array): void {
    for (const earlier of this.#store.privateWritesOf(ns, coll)) {
      const message = KVRWSet.deserializeBinary(earlier.rwset);
      const kept = message
        .getWritesList()
        .filter((write) => !sha256(Buffer.from(write.getKey())).equals(keyHash));
      if (kept.length === message.getWritesList().length) continue;
      message.setWritesList(kept);
      this.purged.push({ ...earlier, rwset: message.serializeBinary() });
    }
  }
}
