// Blocks replayed in their order as a peer validates them: senders, ids, endorsements against the policies in force,
// and read versions. The same code checks a file of evidence, which shows some blocks, and a whole channel as it
// grows.

import type { ChannelConfiguration } from '../channel/channel-configuration.ts';
import { compareBytes, utf8Bytes } from '../wire/bytes.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { endorsementProblem } from './endorsement-check.ts';
import type { LedgerState } from './ledger-state.ts';
import { collectionId, type NamespaceSet, type Read, readableKey, rowId } from './read-write-set.ts';
import { ReplayedRows } from './replayed-rows.ts';
import { type Envelope, readEnvelope, readTransaction, type Transaction } from './transaction.ts';

/** Something that does not hold. */
export interface Problem {
  /** Where in the bundle: 'block 7, transaction 0'. */
  readonly place: string;
  readonly text: string;
  /** The place of the only transaction that it is about, which is called invalid for no reason that is known here. */
  readonly unexplained?: number;
}

/** One transaction of a block, as it was judged. */
export interface JudgedTransaction {
  readonly block: number;
  readonly place: number;
  /** Undefined where its bytes cannot be read so far. */
  readonly envelope: Envelope | undefined;
  readonly transaction: Transaction | undefined;
  /** Whether it takes effect. */
  readonly isValid: boolean;
  /** Why that is the word of peers alone; undefined where all of it was judged. */
  readonly unjudgedBecause: string | undefined;
  readonly configuration: ChannelConfiguration;
}

export interface ReplayOptions {
  readonly channel: string;
  readonly state: LedgerState;
  /** Whether a block is among those that are replayed. */
  readonly isShown: (block: number) => boolean;
  /** Whether what is called invalid takes no effect although nothing makes it so. */
  readonly trustsFlags?: boolean;
  /** Is given each transaction, before its rows are written. */
  readonly onTransaction: (judged: JudgedTransaction) => void;
}

/** What a block's flags say, and under which configuration it was made. */
interface BlockFacts {
  readonly configuration: ChannelConfiguration;
  /** Places of transactions that the block's flags call invalid. */
  readonly invalid: readonly number[];
}

interface Judgement {
  /** Unjudged is what holds but for signatures of which nothing can be said: then peers say whether it is valid. */
  readonly kind: 'valid' | 'invalid' | 'unknown' | 'unjudged';
  readonly text: string;
  readonly envelope?: Envelope;
  readonly transaction?: Transaction;
}

/** What the endorsed transactions of one block did so far. */
interface BlockSoFar {
  /** Rows whose policy they change. */
  readonly changedPolicies: Set<string>;
  readonly ids: Set<string>;
}

export class BlockReplay {
  readonly rows: ReplayedRows;
  readonly #options: ReplayOptions;
  #hidden = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.rows = new ReplayedRows(options.state, options.isShown);
  }

  /** Whether there were blocks that are not shown. */
  get hasHidden(): boolean {
    return this.#hidden;
  }

  /** Tells that blocks follow which are not shown. */
  passHidden(): void {
    this.#hidden = true;
  }

  /** What is wrong in one block. */
  replay(block: number, envelopes: readonly Uint8Array[], facts: BlockFacts): Problem[] {
    const problems: Problem[] = [];
    const soFar: BlockSoFar = { changedPolicies: new Set(), ids: new Set() };
    const ids: string[] = [];
    const flagged = new Set(facts.invalid);
    for (const [place, bytes] of envelopes.entries()) {
      const isFlagged = flagged.has(place);
      const { configuration } = facts;
      const { envelope, transaction, ...judged } = this.#judge(bytes, { configuration, isFlagged }, soFar);
      const problem = problemOf(judged, { isFlagged, transaction });
      if (problem !== undefined) {
        const unexplained = isFlagged && { unexplained: place };
        problems.push({ place: `block ${block}, transaction ${place}`, text: problem, ...unexplained });
      }
      const isValid =
        (judged.kind === 'valid' && !(isFlagged && (problem === undefined || this.#options.trustsFlags))) ||
        (judged.kind === 'unjudged' && !isFlagged);
      const unjudgedBecause = judged.kind === 'unjudged' ? judged.text : undefined;
      this.#options.onTransaction({
        ...{ block, place, envelope, transaction, isValid, unjudgedBecause, configuration },
      });
      if (isValid) this.rows.apply(transaction!.sets, { block, place });
      if (envelope !== undefined) ids.push(envelope.transactionId);
    }
    // As in Fabric: an id counts as used whatever became of its transaction.
    for (const id of ids) this.#options.state.addTransaction(id);
    return problems;
  }

  #judge(
    bytes: Uint8Array,
    {
      configuration,
      isFlagged,
    }: { readonly configuration: ChannelConfiguration; readonly isFlagged: boolean },
    soFar: BlockSoFar,
  ): Judgement {
    let read: Pick<Judgement, 'envelope' | 'transaction'> = {};
    const invalid = (text: string): Judgement => ({ kind: 'invalid', text, ...read });
    try {
      const envelope = readEnvelope(bytes);
      read = { envelope };
      if (envelope.kind !== 'transaction') return invalid('it is no transaction of a chaincode');
      const { transactionId } = envelope;
      if (envelope.channel !== this.#options.channel)
        return invalid(`it is of the channel ${envelope.channel}`);
      const { membership } = configuration;
      const { mspId } = envelope.creator.identity;
      const unjudged = membership.unjudgedBecause(mspId);
      const refusal = unjudged === undefined ? membership.refusalOf(envelope.creator) : undefined;
      if (refusal !== undefined) return invalid(`its sender: ${refusal}`);
      if (!envelope.hasOwnId) return invalid('its id is not the digest of its sender and nonce');
      const transaction = readTransaction(envelope);
      read = { envelope, transaction };
      if (this.#options.state.hasTransaction(transactionId) || soFar.ids.has(transactionId)) {
        return invalid('its id was used before');
      }
      const conflict = this.#conflict(transaction.sets);
      if (conflict === undefined) {
        for (const [namespace, one] of transaction.sets.flatMap(allReadsOf)) this.rows.note(namespace, one);
      }
      const problem = endorsementProblem(envelope.chaincode, transaction.sets, {
        configuration,
        rows: this.rows,
        endorsements: transaction.endorsements,
        changedInBlock: soFar.changedPolicies,
      });
      if (problem === undefined || (problem.isUnjudged && !isFlagged)) {
        noteEndorsed(transactionId, transaction, soFar);
      }
      if (conflict !== undefined) return invalid(conflict);
      if (problem?.isUnjudged) return { kind: 'unjudged', text: problem.text, ...read };
      if (problem === undefined && unjudged !== undefined) {
        const text = `its sender: identities of ${mspId} cannot be judged: ${unjudged}`;
        return { kind: 'unjudged', text, ...read };
      }
      if (problem === undefined) return { kind: 'valid', text: '', ...read };
      return { kind: problem.isUnknown ? 'unknown' : 'invalid', text: problem.text, ...read };
    } catch (error) {
      if (error instanceof UnreadableError) return invalid(error.message);
      throw error;
    }
  }

  /** Why it could not have read what it read, at this point of the ledger. */
  #conflict(sets: readonly NamespaceSet[]): string | undefined {
    for (const [namespace, read] of sets.flatMap(allReadsOf)) {
      const problem = this.rows.problemOf(namespace, read);
      if (problem !== undefined) return `${readableKey(read.key)}: ${problem.text}`;
    }
    return this.#phantom(sets);
  }

  /** A row in a range that was read, which the read does not name. Where blocks are hidden, one may have deleted it. */
  #phantom(sets: readonly NamespaceSet[]): string | undefined {
    if (this.#hidden) return undefined;
    for (const { namespace, ranges } of sets) {
      for (const { start, end, reads, isExhausted } of ranges) {
        const last = reads?.at(-1)?.key;
        if (reads === undefined || (last === undefined && !isExhausted)) continue;
        const named = new Set(reads.map(({ key }) => key));
        for (const { key } of this.rows.state.rowsBetween(namespace, start, end)) {
          if (!isExhausted && compareKeys(key, last!) > 0) break;
          if (!named.has(key)) return `it read a range without ${readableKey(key)}, which is in it`;
        }
      }
    }
    return undefined;
  }
}

/** As Fabric: what is endorsed counts for the rest of its block, even where its reads are not those of the ledger. */
function noteEndorsed(
  transactionId: string,
  { sets }: Transaction,
  { ids, changedPolicies }: BlockSoFar,
): void {
  ids.add(transactionId);
  for (const { namespace, policyWrites, collections } of sets) {
    for (const { key } of policyWrites) changedPolicies.add(rowId(namespace, key));
    for (const one of collections) {
      const id = collectionId(namespace, one.collection);
      for (const { key } of one.policyWrites) changedPolicies.add(rowId(id, key));
    }
  }
}

/** What is wrong between a judgement and a block's flag. */
function problemOf(
  { kind, text }: Pick<Judgement, 'kind' | 'text'>,
  { isFlagged, transaction }: { readonly isFlagged: boolean; readonly transaction: Transaction | undefined },
): string | undefined {
  if (kind === 'unjudged') return undefined;
  if (kind !== 'valid') return isFlagged ? undefined : text;
  // A range that is there as a digest may hold a phantom: then the flag is the word of those who sent the block.
  const isUnread = transaction?.sets.some(({ ranges }) => ranges.some(({ reads }) => reads === undefined));
  return isFlagged && isUnread !== true ? 'it is called invalid, and nothing makes it so' : undefined;
}

/** Every read of a chaincode's rows, those of ranges too, with the chaincode. */
export const readsOf = ({ namespace, reads, ranges }: NamespaceSet): [string, Read][] =>
  [...reads, ...ranges.flatMap((range) => range.reads ?? [])].map((read) => [namespace, read]);

/** Those of its private collections too. */
const allReadsOf = (set: NamespaceSet): [string, Read][] => [
  ...readsOf(set),
  ...set.collections.flatMap(({ collection, reads }) =>
    reads.map((read): [string, Read] => [collectionId(set.namespace, collection), read]),
  ),
];

/** As LevelDB orders keys: by their bytes. */
const compareKeys = (a: string, b: string): number => compareBytes(utf8Bytes(a), utf8Bytes(b));
