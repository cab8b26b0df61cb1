// The blocks that are shown, replayed in their order as a peer validates them: senders, ids, endorsements against the
// policies in force, and read versions as far as the bundle shows them.
import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import type { SignedBytes } from '../identity/membership.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { endorsementProblem, LIFECYCLE } from './endorsement-check.ts';
import { type NamespaceSet, type Read, readableKey, rowId, type Version } from './read-write-set.ts';
import { ReplayedRows } from './replayed-rows.ts';
import { type Envelope, readEnvelope, readTransaction, type Transaction } from './transaction.ts';

/** What a report says of one valid transaction. */
export interface CheckedTransaction extends Version {
  readonly transactionId: string;
  readonly seconds: number;
  readonly chaincode: string;
  readonly function: string;
  readonly sender: string;
  /** Organisations whose peers endorsed it, in order of their names. */
  readonly endorsers: readonly string[];
}

/** Something that does not hold. */
export interface Problem {
  /** Where in the bundle: 'block 7, transaction 0'. */
  readonly place: string;
  readonly text: string;
}

type Judgement =
  | { readonly kind: 'valid'; readonly envelope: Envelope; readonly transaction: Transaction }
  | { readonly kind: 'invalid' | 'unknown'; readonly text: string };

export class LedgerReplay {
  readonly rows: ReplayedRows;
  readonly transactions: CheckedTransaction[] = [];
  /** Ranges of which the endorsers gave a digest only, so that what they read is not shown. */
  rangesByDigest = 0;
  /** Rows that were written by someone who had not read them: an earlier block may have set their policy. */
  unreadWrites = 0;
  readonly #channel: string;
  readonly #ids = new Set<string>();
  readonly #attested = new Map<string, Set<string>>();
  #hidden = false;

  constructor(channel: string, isShown: (block: number) => boolean) {
    this.#channel = channel;
    this.rows = new ReplayedRows(isShown);
  }

  /** Tells that blocks follow which are not shown. */
  passHidden(): void {
    this.#hidden = true;
  }

  /** What is wrong in one block. @param invalid places of transactions that the block's flags call invalid */
  replay(
    block: number,
    envelopes: readonly Uint8Array[],
    {
      configuration,
      invalid,
    }: { readonly configuration: ChannelConfiguration; readonly invalid: readonly number[] },
  ): Problem[] {
    const problems: Problem[] = [];
    const changedInBlock = new Set<string>();
    for (const [place, bytes] of envelopes.entries()) {
      const where = `block ${block}, transaction ${place}`;
      const judged = this.#judge(bytes, configuration, changedInBlock);
      const isFlagged = invalid.includes(place);
      if (judged.kind === 'valid' && isFlagged) {
        problems.push({ place: where, text: 'it is called invalid, and nothing makes it so' });
      } else if (judged.kind !== 'valid' && !isFlagged) {
        problems.push({ place: where, text: judged.text });
      }
      if (judged.kind !== 'valid') continue;
      this.#apply(judged, { block, place }, configuration);
      for (const { namespace, policyWrites, collections } of judged.transaction.sets) {
        for (const { key } of policyWrites) changedInBlock.add(rowId(namespace, key));
        for (const one of collections) {
          for (const { key } of one.policyWrites) {
            changedInBlock.add(`${rowId(namespace, one.collection)}\n${key}`);
          }
        }
      }
    }
    return problems;
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

  #judge(
    bytes: Uint8Array,
    configuration: ChannelConfiguration,
    changedInBlock: ReadonlySet<string>,
  ): Judgement {
    const invalid = (text: string): Judgement => ({ kind: 'invalid', text });
    try {
      const envelope = readEnvelope(bytes);
      if (envelope.kind !== 'transaction') return invalid('it is no transaction of a chaincode');
      if (envelope.channel !== this.#channel) return invalid(`it is of the channel ${envelope.channel}`);
      const refusal = configuration.membership.refusalOf(envelope.creator);
      if (refusal !== undefined) return invalid(`its sender: ${refusal}`);
      if (!envelope.hasOwnId) return invalid('its id is not the digest of its sender and nonce');
      if (this.#ids.has(envelope.transactionId)) return invalid('its id was used before');
      const transaction = readTransaction(envelope);
      const { endorsements, sets } = transaction;
      for (const [namespace, read] of sets.flatMap(readsOf)) {
        const problem = this.rows.problemOf(namespace, read);
        if (problem !== undefined) return invalid(`${readableKey(read.key)}: ${problem.text}`);
      }
      const phantom = this.#phantom(sets);
      if (phantom !== undefined) return invalid(phantom);
      for (const [namespace, read] of sets.flatMap(readsOf)) this.rows.note(namespace, read);
      const { rows } = this;
      const options = { configuration, rows, endorsements, changedInBlock };
      const problem = endorsementProblem(envelope.chaincode, sets, options);
      if (problem !== undefined)
        return { kind: problem.isUnknown ? 'unknown' : 'invalid', text: problem.text };
      return { kind: 'valid', envelope, transaction };
    } catch (error) {
      if (error instanceof UnreadableError) return invalid(error.message);
      throw error;
    }
  }

  /** A row in a range that was read, which the read does not name. Where blocks are hidden, one may have deleted it. */
  #phantom(sets: readonly NamespaceSet[]): string | undefined {
    if (this.#hidden) return undefined;
    for (const { namespace, ranges } of sets) {
      for (const { start, end, reads, isExhausted } of ranges) {
        if (reads === undefined) continue;
        const named = new Set(reads.map(({ key }) => key));
        const last = isExhausted ? undefined : reads.at(-1)?.key;
        for (const row of this.rows.all) {
          const isInside =
            row.namespace === namespace &&
            compareKeys(row.key, start) >= 0 &&
            (end === '' || compareKeys(row.key, end) < 0) &&
            (isExhausted || (last !== undefined && compareKeys(row.key, last) <= 0));
          if (isInside && row.value !== undefined && !named.has(row.key)) {
            return `it read a range without ${readableKey(row.key)}, which is in it`;
          }
        }
      }
    }
    return undefined;
  }

  #apply(
    { envelope, transaction }: Judgement & { readonly kind: 'valid' },
    version: Version,
    configuration: ChannelConfiguration,
  ): void {
    const { sets, endorsements, input } = transaction;
    this.#ids.add(envelope.transactionId);
    this.rangesByDigest += sets
      .flatMap(({ ranges }) => ranges)
      .filter(({ reads }) => reads === undefined).length;
    if (this.#hidden) this.unreadWrites += sets.reduce((sum, set) => sum + this.#unreadIn(set), 0);
    this.rows.apply(sets, version);
    this.attest(sets, endorsements, configuration);
    this.transactions.push({
      ...version,
      transactionId: envelope.transactionId,
      seconds: envelope.seconds,
      chaincode: envelope.chaincode,
      function: Buffer.from(input[0] ?? []).toString('utf8'),
      sender: envelope.creator.identity.mspId,
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

/** Whose peers' signatures hold, in order of their names. */
export const organisationsOf = (
  { membership }: ChannelConfiguration,
  endorsements: readonly SignedBytes[],
): string[] => {
  const peers = membership.signersOf(endorsements).filter(({ role }) => role === 'peer');
  return [...new Set(peers.map(({ mspId }) => mspId))].sort();
};

/** Every read of a chaincode's rows, those of ranges too, with the chaincode. */
export const readsOf = ({ namespace, reads, ranges }: NamespaceSet): [string, Read][] =>
  [...reads, ...ranges.flatMap((range) => range.reads ?? [])].map((read) => [namespace, read]);

/** As LevelDB orders keys: by their bytes. */
const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
