// The channel's blocks as evidence of one subject sees them, from the history that this gateway checked: nothing is
// read of a peer that was read before. Blocks that the history does not have yet are waited for.
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import {
  type BlockSource,
  type IndexedBlock,
  type IndexedTransaction,
  neededFor,
  type Subject,
  type SubjectIndex,
} from '@consilium/verify';
import { compositeKey } from './index-schema.ts';
import type { HistorySource, LedgerHistory } from './ledger-history.ts';

/** Blocks that are taken at once: requests wait meanwhile. */
const AT_ONCE = 1000;
const LOOK_AGAIN_MS = 50;

/** The history is not there, or stays behind the peer. */
export class HistoryBehindError extends Error {
  override readonly name = 'HistoryBehindError';
}

export class VerifiedChain implements SubjectIndex {
  readonly blocks: IndexedBlock[] = [];
  readonly #subject: Subject;
  readonly #history: HistorySource;
  readonly #signal: AbortSignal;
  readonly #patience: number;

  constructor(
    subject: Subject,
    {
      history,
      signal,
      patience = 100,
    }: {
      readonly history: HistorySource;
      readonly signal: AbortSignal;
      /** How often it is looked again whether the history has got further. */
      readonly patience?: number;
    },
  ) {
    this.#subject = subject;
    this.#history = history;
    this.#signal = signal;
    this.#patience = patience;
  }

  get consented(): readonly string[] {
    const subject = this.#subject;
    if (subject.kind !== 'dataset') return [];
    return this.#history.read((ledger) =>
      [...ledger.lookUpKeys('consentsOfDataset', subject.datasetId)].map(([studyId]) => studyId!).sort(),
    );
  }

  get transaction(): IndexedTransaction | undefined {
    const subject = this.#subject;
    if (subject.kind !== 'transaction') return undefined;
    return this.#history.read((ledger) => transactionIn(ledger, subject.transactionId));
  }

  /** @throws HistoryBehindError, or once aborted */
  async read(_: BlockSource, height: number): Promise<void> {
    for (let looked = 0; this.blocks.length < height; ) {
      this.#signal.throwIfAborted();
      const before = this.blocks.length;
      this.#readSome(height);
      if (this.blocks.length > before) {
        await setImmediate();
      } else {
        looked += 1;
        if (looked > this.#patience) throw new HistoryBehindError(`it has ${before} of ${height} blocks`);
        await sleep(LOOK_AGAIN_MS, undefined, { signal: this.#signal });
      }
    }
  }

  #readSome(height: number): void {
    const most = Math.min(height, this.blocks.length + AT_ONCE);
    this.#history.read((ledger) => {
      for (const { dataHash, isConfiguration, needs } of ledger.chain(this.blocks.length)) {
        if (this.blocks.length === most) break;
        this.blocks.push({ dataHash, isConfiguration, needs: neededFor(this.#subject, needs) });
        if (this.blocks.length === most) break;
      }
    });
  }
}

function transactionIn(ledger: LedgerHistory, transactionId: string): IndexedTransaction | undefined {
  const found = ledger.transaction(transactionId);
  if (found === undefined || found.code !== 'VALID') return undefined;
  const { block, place, rows } = found;
  const written = rows.map(({ kind, key }) => compositeKey(kind, key));
  if (written.length === 0) return undefined;
  const own = rows.find(({ kind }) => kind === 'activity');
  let before = 0;
  if (own !== undefined) {
    const key = compositeKey('activity', own.key);
    for (const other of ledger.keys('activity', own.key.slice(0, 1))) {
      if (compositeKey('activity', other) < key) before += 1;
    }
  }
  return { block, place, transactionId, written, before };
}
