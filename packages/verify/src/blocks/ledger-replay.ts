// The blocks that a file of evidence shows, replayed: what a report says of each transaction, and whose peers attest
// it.

import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import type { SignedBytes } from '../identity/membership.ts';
import { utf8Text } from '../wire/bytes.ts';
import { BlockReplay, type JudgedTransaction, type Problem, readsOf } from './block-replay.ts';
import { LIFECYCLE } from './endorsement-check.ts';
import { MemoryState } from './memory-state.ts';
import type { NamespaceSet, Version } from './read-write-set.ts';
import type { ReplayedRows } from './replayed-rows.ts';
import type { Envelope } from './transaction.ts';

/** What a report says of one valid transaction. */
export interface CheckedTransaction extends Version {
  readonly transactionId: string;
  readonly seconds: number;
  readonly chaincode: string;
  readonly function: string;
  readonly sender: string;
  /** The person or service that the sender's certificate was issued to: its common name. */
  readonly sentBy: string;
  /** Organisations whose peers endorsed it, in order of their names. */
  readonly endorsers: readonly string[];
}

export class LedgerReplay {
  readonly state = new MemoryState();
  readonly transactions: CheckedTransaction[] = [];
  /** Of the transaction that is asked for, what was sent. */
  readonly asked: { readonly id: string | undefined; envelope?: Envelope };
  /** Transactions that are valid by the word of peers alone, each with why. */
  readonly unjudged: Problem[] = [];
  /** Ranges of which the endorsers gave a digest only, so that what they read is not shown. */
  rangesByDigest = 0;
  /** Rows that were written by someone who had not read them: an earlier block may have set their policy. */
  unreadWrites = 0;
  readonly #replay: BlockReplay;
  readonly #attested = new Map<string, Set<string>>();

  constructor(channel: string, isShown: (block: number) => boolean, transactionId?: string) {
    const { state } = this;
    this.asked = { id: transactionId };
    const onTransaction = (judged: JudgedTransaction) => this.#note(judged);
    this.#replay = new BlockReplay({ channel, state, isShown, onTransaction });
  }

  get rows(): ReplayedRows {
    return this.#replay.rows;
  }

  passHidden(): void {
    this.#replay.passHidden();
  }

  replay(...block: Parameters<BlockReplay['replay']>): Problem[] {
    return this.#replay.replay(...block);
  }

  /** Organisations whose peers read what the transaction wrote, and so say with their signature that it is valid. */
  attestedBy({ block, place }: Version): readonly string[] {
    return [...(this.#attested.get(`${block}:${place}`) ?? [])].sort();
  }

  /** Counts whose peers signed that they read these rows. */
  attest(
    sets: readonly NamespaceSet[],
    endorsements: readonly SignedBytes[],
    by: ChannelConfiguration,
  ): void {
    const organisations = organisationsOf(by, endorsements);
    for (const { version } of sets.flatMap(readsOf).map(([, read]) => read)) {
      if (version === undefined) continue;
      const key = `${version.block}:${version.place}`;
      const attested = this.#attested.get(key) ?? new Set();
      for (const mspId of organisations) attested.add(mspId);
      this.#attested.set(key, attested);
    }
  }

  #note({ block, place, envelope, transaction, isValid, ...judged }: JudgedTransaction): void {
    if (!isValid || envelope === undefined || transaction === undefined) return;
    const { unjudgedBecause: text, configuration } = judged;
    if (text !== undefined) {
      this.unjudged.push({ place: `block ${block}, transaction ${place}`, text });
      return;
    }
    const { sets, endorsements, input } = transaction;
    this.rangesByDigest += sets
      .flatMap(({ ranges }) => ranges)
      .filter(({ reads }) => reads === undefined).length;
    if (this.#replay.hasHidden) this.unreadWrites += sets.reduce((sum, set) => sum + this.#unreadIn(set), 0);
    this.attest(sets, endorsements, configuration);
    if (envelope.transactionId === this.asked.id) this.asked.envelope ??= envelope;
    this.transactions.push({
      block,
      place,
      transactionId: envelope.transactionId,
      seconds: envelope.seconds,
      chaincode: envelope.chaincode,
      function: utf8Text(input[0] ?? new Uint8Array()),
      sender: envelope.creator.identity.mspId,
      sentBy: configuration.membership.judge(envelope.creator.identity).certificate.commonName ?? '',
      endorsers: organisationsOf(configuration, endorsements),
    });
  }

  #unreadIn(set: NamespaceSet): number {
    if (set.namespace === LIFECYCLE) return 0;
    const read = new Set(readsOf(set).map(([, { key }]) => key));
    return set.writes.filter(({ key }) => !read.has(key) && this.rows.get(set.namespace, key) === undefined)
      .length;
  }
}

/** Organisations of the application whose peers' signatures hold, in order of their names: who only orders has none. */
export const organisationsOf = (
  { membership, mspIds }: ChannelConfiguration,
  endorsements: readonly SignedBytes[],
): string[] => {
  const peers = membership
    .signersOf(endorsements)
    .filter(({ mspId, roles }) => roles.has('peer') && mspIds.includes(mspId));
  return [...new Set(peers.map(({ mspId }) => mspId))].sort();
};
