// What is kept of a channel's blocks while evidence is gathered: which other blocks each of them needs, and where the
// subject is. Read and write sets say which blocks belong together: each one that wrote a row before its policy or
// value was used again, so that all policies are proven from where they were set.

import { type FabricBlock, readBlock } from '../blocks/fabric-block.ts';
import { partsOf, rowId, type Version } from '../blocks/read-write-set.ts';
import { readEnvelope, readTransaction } from '../blocks/transaction.ts';
import type { IndexedTransaction, KnownOfSubject } from '../claims/questions.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { NeedsOfBlock, neededFor, writtenIn } from './block-needs.ts';
import type { Subject } from './bundle-claim.ts';

/** Fabric's code of a transaction that peers found valid. */
export const VALID = 0;

/** Where evidence is gathered from: whole blocks by number, in Fabric's encoding. */
export interface BlockSource {
  /** All blocks from the first on, in their order, up to and without this number. */
  blocks(end: number): AsyncIterable<Uint8Array>;
  block(number: number): Promise<Uint8Array>;
}

/**
 * Whether this block holds the transaction, of this chaincode and valid by the word of the peer that sent the block:
 * of no other there is evidence.
 *
 * @throws UnreadableError
 */
export function tookEffectIn(
  bytes: Uint8Array,
  { transactionId, chaincode }: { readonly transactionId: string; readonly chaincode: string },
): boolean {
  const block = readBlock(bytes);
  if (isOfConfiguration(block)) return false;
  return block.envelopes.some((one, place) => {
    if (block.codes[place] !== VALID) return false;
    const envelope = readEnvelope(one);
    if (envelope.transactionId !== transactionId) return false;
    return readTransaction(envelope).sets.some(({ namespace }) => namespace === chaincode);
  });
}

/** What is kept of each block that was read. */
export interface IndexedBlock {
  readonly dataHash: Uint8Array;
  readonly isConfiguration: boolean;
  /** Blocks whose writes its valid transactions wrote over, or whose policies decided about them. */
  readonly needs: readonly number[];
}

/** A channel's blocks as evidence of one subject sees them. */
export interface SubjectIndex extends KnownOfSubject {
  readonly blocks: readonly IndexedBlock[];
  /** Reads on up to a number of blocks. @throws UnreadableError where one is none */
  read(source: BlockSource, height: number): Promise<void>;
}

/** The same made from the blocks themselves, all of which are read. */
export class ChainIndex implements SubjectIndex {
  readonly blocks: IndexedBlock[] = [];
  readonly #subject: Subject;
  readonly #chaincode: string;
  /** The block that wrote each row, or its policy, last. */
  readonly #writers = new Map<string, number>();
  readonly #consented = new Set<string>();
  /** Of the subject's time: keys in the index of activities. */
  readonly #activities = new Map<string, number>();
  #transaction: Omit<IndexedTransaction, 'before'> | undefined;

  constructor(subject: Subject, chaincode: string) {
    this.#subject = subject;
    this.#chaincode = chaincode;
  }

  get consented(): readonly string[] {
    return [...this.#consented].sort();
  }

  get transaction(): IndexedTransaction | undefined {
    if (this.#transaction === undefined) return undefined;
    const own = this.#transaction.written.find((key) => partsOf(key)[0] === 'activity');
    const [, at] = partsOf(own ?? '');
    const sameTime = [...this.#activities.keys()].filter((key) => partsOf(key)[1] === at);
    const before = own === undefined ? 0 : sameTime.filter((key) => key < own).length;
    return { ...this.#transaction, before };
  }

  async read(source: BlockSource, height: number): Promise<void> {
    if (this.blocks.length === 0) {
      for await (const bytes of source.blocks(height)) {
        this.#note(readBlock(bytes));
        if (this.blocks.length === height) break;
      }
    }
    while (this.blocks.length < height) this.#note(readBlock(await source.block(this.blocks.length)));
  }

  #note(block: FabricBlock): void {
    const isConfiguration = isOfConfiguration(block);
    const needs = new NeedsOfBlock(this.#chaincode);
    if (!isConfiguration) {
      for (const [place, envelope] of block.envelopes.entries()) {
        if (block.codes[place] !== VALID) continue;
        this.#noteTransaction(envelope, { block: block.header.number, place }, needs);
      }
    }
    this.blocks.push({
      dataHash: block.header.dataHash,
      isConfiguration,
      needs: neededFor(this.#subject, needs.needs),
    });
  }

  #noteTransaction(bytes: Uint8Array, version: Version, needs: NeedsOfBlock): void {
    const envelope = readEnvelope(bytes);
    const { sets } = readTransaction(envelope);
    needs.note(sets, (namespace, key) => this.#writers.get(rowId(namespace, key)));
    for (const set of sets) {
      const written = writtenIn(set);
      if (set.namespace === this.#chaincode) {
        this.#noteSubject(written, { ...version, transactionId: envelope.transactionId });
      }
      for (const key of written) this.#writers.set(rowId(set.namespace, key), version.block);
    }
  }

  #noteSubject(
    written: readonly string[],
    transaction: Omit<IndexedTransaction, 'before' | 'written'>,
  ): void {
    const subject = this.#subject;
    if (subject.kind === 'transaction') {
      for (const key of written.filter((one) => partsOf(one)[0] === 'activity')) {
        this.#activities.set(key, transaction.block);
      }
      if (transaction.transactionId === subject.transactionId)
        this.#transaction = { ...transaction, written };
    }
    if (subject.kind !== 'dataset') return;
    for (const [kind, studyId, datasetId] of written.map(partsOf)) {
      if (kind === 'consent' && datasetId === subject.datasetId) this.#consented.add(studyId!);
    }
  }
}

function isOfConfiguration({ envelopes }: FabricBlock): boolean {
  if (envelopes.length !== 1) return false;
  try {
    return readEnvelope(envelopes[0]!).kind === 'configuration';
  } catch (error) {
    if (error instanceof UnreadableError) return false;
    throw error;
  }
}
