/**
 * What a range query saw, small enough for the read set: up to 50 reads are listed, beyond that they are
 * folded into a Merkle tree of hashes. The peers that endorse and the one that validates must fold alike.
 */
import { ledger } from '../fabric-protos.ts';
import { sha256 } from './sha256.ts';
import type { Version } from './version.ts';

const { KVRead, QueryReads, QueryReadsMerkleSummary, Version: VersionMessage } = ledger.rwset.kvrwset;

export type KVReadMessage = InstanceType<typeof ledger.rwset.kvrwset.KVRead>;
export type MerkleSummary = InstanceType<typeof ledger.rwset.kvrwset.QueryReadsMerkleSummary>;

export const MAX_DEGREE = 50;

export function createRead(key: string, version: Version | undefined): KVReadMessage {
  const read = new KVRead();
  read.setKey(key);
  if (version) read.setVersion(createVersion(version));
  return read;
}

export function createVersion(version: Version): InstanceType<typeof ledger.rwset.kvrwset.Version> {
  const message = new VersionMessage();
  message.setBlockNum(version.block);
  message.setTxNum(version.tx);
  return message;
}

export class RangeQuerySummary {
  readonly #maxDegree: number;
  #pending: KVReadMessage[] = [];
  readonly #levels = new Map<number, Buffer[]>();
  #maxLevel = 1;

  constructor(maxDegree: number = MAX_DEGREE) {
    this.#maxDegree = maxDegree;
  }

  add(read: KVReadMessage): void {
    this.#pending.push(read);
    if (this.#pending.length > this.#maxDegree) this.#foldPending();
  }

  /** Ends the query: the reads themselves when there were few, otherwise the top of the tree. */
  finish(): { readonly reads: readonly KVReadMessage[] } | { readonly merkle: MerkleSummary } {
    if (this.#maxLevel === 1 && this.#hashes(1).length === 0) return { reads: this.#pending };
    if (this.#pending.length > 0) this.#foldPending();
    for (let level = 1; level < this.#maxLevel; level += 1) {
      const hashes = this.#hashes(level);
      if (hashes.length === 0) continue;
      this.#levels.delete(level);
      this.#push(level + 1, hashes.length === 1 ? hashes[0]! : sha256(...hashes));
    }
    const top = this.#hashes(this.#maxLevel);
    if (top.length > this.#maxDegree) {
      this.#levels.delete(this.#maxLevel);
      this.#maxLevel += 1;
      this.#levels.set(this.#maxLevel, [sha256(...top)]);
    }
    const merkle = new QueryReadsMerkleSummary();
    merkle.setMaxDegree(this.#maxDegree);
    merkle.setMaxLevel(this.#maxLevel);
    merkle.setMaxLevelHashesList(this.#hashes(this.#maxLevel));
    return { merkle };
  }

  #foldPending(): void {
    const reads = new QueryReads();
    reads.setKvReadsList(this.#pending);
    this.#pending = [];
    this.#push(1, sha256(reads.serializeBinary()));
    for (let level = 1; this.#hashes(level).length > this.#maxDegree; level += 1) {
      const hashes = this.#hashes(level);
      this.#levels.delete(level);
      this.#push(level + 1, sha256(...hashes));
      this.#maxLevel = Math.max(this.#maxLevel, level + 1);
    }
  }

  #hashes(level: number): Buffer[] {
    return this.#levels.get(level) ?? [];
  }

  #push(level: number, hash: Buffer): void {
    this.#levels.set(level, [...this.#hashes(level), hash]);
  }
}
