// Peers of other organisations, which confirm what the own peer sent: each sends all blocks too, and each of its
// headers has to be the one of the index. Two blocks of one number that orderers signed are two histories, and stop
// everything. A block that nobody signed says only that its sender lies, who is not counted any more.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CheckedBlock,
  type FabricBlock,
  headerHash,
  ordererProblem,
  readBlock,
  UnreadableError,
} from '@consilium/verify/blocks';
import type { BlockFeed } from './block-feed.ts';
import type { Changes } from './changes.ts';
import type { KnownBlock } from './checked-blocks.ts';
import { type FoundAlarm, type LedgerAlarm, signedHeaderOf } from './ledger-alarms.ts';
import type { LedgerIndex } from './ledger-index.ts';
import { alarmOfTwo } from './two-histories.ts';

/** What stops the index. */
export class AlarmError extends Error {
  readonly alarm: Omit<LedgerAlarm, 'since'>;

  constructor(alarm: Omit<LedgerAlarm, 'since'>) {
    super(alarm.text);
    this.alarm = alarm;
  }
}

export interface WitnessOptions {
  readonly index: LedgerIndex;
  /** The own organisation. */
  readonly own: string;
  /** Organisations whose peers were found to lie before. */
  readonly refuted: readonly string[];
  /** Whether a transaction is one that the own peer alone calls invalid, for no reason that is known here. */
  readonly isUnexplained: (block: number, place: number) => boolean;
  /** How many blocks the index has. */
  readonly blocks: () => number;
  /** Announced whenever the index has another block; these announce theirs too. */
  readonly changes: Changes;
  readonly signal: AbortSignal;
  readonly log: (level: 'info' | 'warn', text: string) => void;
  readonly retryMs: { readonly first: number; readonly most: number };
  /** How long they may take to send the block that the own peer sent. */
  readonly patienceMs?: number;
  /** How long the own peer may be behind another before it is said. */
  readonly behindMs?: number;
  readonly onFork: (error: AlarmError) => void;
  readonly onLie: (alarm: FoundAlarm) => void;
  /** What the own peer does not send; undefined where it does again. */
  readonly onBehind: (problem: string | undefined) => void;
  readonly onAgreed: () => void;
}

interface Witness {
  readonly feed: BlockFeed;
  state: 'connecting' | 'following' | 'lost' | 'refuted';
  /** How many of its blocks are those of the index. */
  agreed: number;
  /** The block that it sent and that is not compared yet. */
  pending: FabricBlock | undefined;
}

const PATIENCE_MS = 500;
const BEHIND_MS = 30_000;

export class BlockWitnesses {
  readonly #options: WitnessOptions;
  readonly #witnesses: readonly Witness[];
  /** Counts how often added blocks were taken back: what was confirmed of them is compared again. */
  #takenBack = 0;

  constructor(feeds: readonly BlockFeed[], options: WitnessOptions) {
    this.#options = options;
    this.#witnesses = feeds.map((feed) => ({
      feed,
      state: options.refuted.includes(feed.mspId) ? 'refuted' : 'connecting',
      agreed: options.index.agreedBy(feed.mspId),
      pending: undefined,
    }));
  }

  /** Follows them all; resolves once aborted, or when none of them is believed any more. */
  async follow(): Promise<void> {
    await Promise.allSettled(this.#witnesses.map((witness) => this.#confirm(witness)));
  }

  /** Organisations whose peers sent all blocks of the index, and the same. */
  agreeing(): string[] {
    const blocks = this.#options.blocks();
    const agreeing = this.#witnesses.filter(({ state, agreed }) => state !== 'refuted' && agreed >= blocks);
    return agreeing.map(({ feed }) => feed.mspId);
  }

  /** Writes into the index how many blocks each confirmed. */
  write(): void {
    const { index, blocks } = this.#options;
    for (const { feed, state, agreed } of this.#witnesses) {
      if (state === 'refuted') index.disagree(feed.mspId);
      else index.agree([feed.mspId], Math.min(agreed, blocks()));
    }
  }

  /** Forgets what was confirmed of blocks that the index could not keep. */
  takeBack(blocks: number): void {
    this.#takenBack += 1;
    for (const witness of this.#witnesses) witness.agreed = Math.min(witness.agreed, blocks);
    this.#options.changes.announce();
  }

  /** Waits, within limits, until those that are in step have sent the block that the own peer sent. */
  async wait(number: number, isLive: boolean): Promise<void> {
    const { patienceMs = PATIENCE_MS, changes, signal } = this.#options;
    const untilMs = Date.now() + patienceMs;
    const missing = (): Witness[] =>
      this.#witnesses.filter(
        ({ state, agreed, pending }) =>
          pending === undefined &&
          ((isLive && state === 'following' && agreed >= number) || (number === 0 && state === 'connecting')),
      );
    for (let left = missing(); left.length > 0; left = missing()) {
      const leftMs = untilMs - Date.now();
      // It is waited for again once it has sent a block.
      if (leftMs <= 0) for (const witness of left) witness.state = 'lost';
      else await changes.next(signal, leftMs);
    }
  }

  /** Compares what they sent already with a block that is about to be added. @throws AlarmError */
  compareWith(block: FabricBlock, { hash, unexplained }: Pick<CheckedBlock, 'hash' | 'unexplained'>): void {
    const { number } = block.header;
    for (const witness of this.#witnesses) {
      const { pending } = witness;
      if (pending?.header.number !== number) continue;
      const configuration = this.#options.index.tip()?.configuration;
      this.#compare(witness, pending, { hash, codes: block.codes, configuration, block, unexplained });
    }
  }

  /** Organisations whose peers sent this block, and call this transaction of it invalid. */
  confirming(block: number, place: number): string[] {
    const confirming = this.#witnesses.filter(
      ({ state, pending }) =>
        state === 'following' && pending?.header.number === block && pending.codes[place] !== 0,
    );
    return confirming.map(({ feed }) => feed.mspId);
  }

  async #confirm(witness: Witness): Promise<void> {
    const { signal, retryMs, log, changes, onFork } = this.#options;
    let waitMs = retryMs.first;
    while (!signal.aborted && witness.state !== 'refuted') {
      const { agreed, state } = witness;
      let reason = 'its stream ended';
      try {
        await this.#compareAll(witness);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof AlarmError) {
          onFork(error);
          return;
        }
        reason = error instanceof Error ? error.message : String(error);
      }
      witness.pending = undefined;
      if (isRefuted(witness)) return;
      if (state !== 'lost')
        log('info', `the peer of ${witness.feed.mspId} sends no blocks to compare: ${reason}`);
      witness.state = 'lost';
      changes.announce();
      if (witness.agreed > agreed) waitMs = retryMs.first;
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      waitMs = Math.min(waitMs * 2, retryMs.most);
    }
  }

  async #compareAll(witness: Witness): Promise<void> {
    const { index, blocks, changes, signal, onAgreed } = this.#options;
    const takenBack = this.#takenBack;
    // The last one again: whether the peer is still of the same history.
    let number = Math.max(0, Math.min(witness.agreed, blocks()) - 1);
    for await (const bytes of witness.feed.blocks(number, signal)) {
      const block = this.#next(witness, bytes, number);
      if (block === undefined) return;
      witness.pending = block;
      witness.state = 'following';
      changes.announce();
      await this.#reached(number, witness);
      if (this.#takenBack !== takenBack || isRefuted(witness)) return;
      this.#compare(witness, block, index.block(number)!);
      if (isRefuted(witness)) return;
      witness.pending = undefined;
      number += 1;
      witness.agreed = Math.max(witness.agreed, number);
      changes.announce();
      if (blocks() === number) onAgreed();
    }
  }

  #next(witness: Witness, bytes: Uint8Array, number: number): FabricBlock | undefined {
    try {
      const block = readBlock(bytes);
      if (block.header.number === number) return block;
      this.#refute(witness, `block ${block.header.number}: block ${number} is expected here`);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      this.#refute(witness, `block ${number}: ${error.message}`);
    }
    return undefined;
  }

  /** Waits until the index has a block that another peer sent; says so where the own peer does not send it. */
  async #reached(number: number, { feed }: Witness): Promise<void> {
    const { blocks, changes, signal, own, log, onBehind, behindMs = BEHIND_MS } = this.#options;
    const takenBack = this.#takenBack;
    const sinceMs = Date.now();
    let isSaid = false;
    while (blocks() <= number && this.#takenBack === takenBack) {
      await changes.next(signal, behindMs);
      if (isSaid || blocks() > number || Date.now() - sinceMs < behindMs) continue;
      isSaid = true;
      const problem = `the peer of ${own} has not sent block ${number}, which the one of ${feed.mspId} has`;
      log('warn', problem);
      onBehind(problem);
    }
    if (isSaid) onBehind(undefined);
  }

  /** @throws AlarmError where orderers of the channel signed two histories, or the own peer lies */
  #compare(
    witness: Witness,
    other: FabricBlock,
    known: KnownBlock & Partial<Pick<CheckedBlock, 'unexplained'>> & { readonly block?: FabricBlock },
  ): void {
    const { number } = other.header;
    if (Buffer.compare(headerHash(other.header), known.hash) === 0) {
      const differing = known.codes.findIndex((code, i) => (code === 0) !== (other.codes[i] === 0));
      if (differing >= 0) this.#judgeFlags(witness, { number, place: differing, known });
      return;
    }
    const { configuration } = known;
    const unsigned =
      configuration === undefined ? 'so that it is of another channel' : ordererProblem(other, configuration);
    if (unsigned !== undefined) {
      this.#refute(witness, `block ${number}: it is another one than the own peer's, ${unsigned}`);
      return;
    }
    const { mspId } = witness.feed;
    const { own, index } = this.#options;
    const present = index.tip()?.configuration;
    const alarm = alarmOfTwo({
      ...{ mspId, number, seen: `the peers of ${own} and ${mspId} have different ones` },
      isRetired: present !== undefined && ordererProblem(other, present) !== undefined,
      headers: { own: known.block && signedHeaderOf(known.block), other: signedHeaderOf(other) },
    });
    if (alarm.stops) throw new AlarmError(alarm);
    this.#distrust(witness, alarm);
  }

  /** What the rules explain they decide. What they do not is the own peer's word, and a second one is against it. */
  #judgeFlags(
    witness: Witness,
    {
      number,
      place,
      known: { unexplained },
    }: {
      readonly number: number;
      readonly place: number;
      readonly known: Partial<Pick<CheckedBlock, 'unexplained'>>;
    },
  ): void {
    const { own, isUnexplained } = this.#options;
    const { mspId } = witness.feed;
    if (unexplained?.includes(place) !== true && !isUnexplained(number, place)) {
      this.#refute(witness, `block ${number}, transaction ${place}: it says otherwise whether it is valid`);
      return;
    }
    throw new AlarmError({
      mspId: own,
      stops: true,
      text:
        `the peer of ${own} calls transaction ${place} of block ${number} invalid: nothing makes it so, and the ` +
        `one of ${mspId} calls it valid`,
    });
  }

  /** A peer that lies cannot stop what does not rest on it. */
  #refute(witness: Witness, text: string): void {
    const { mspId } = witness.feed;
    this.#distrust(witness, { mspId, stops: false, text: `the peer of ${mspId}, ${text}` });
  }

  /** Nothing of its peer is counted from now on. */
  #distrust(witness: Witness, alarm: FoundAlarm): void {
    witness.state = 'refuted';
    witness.agreed = 0;
    this.#options.onLie(alarm);
    this.#options.changes.announce();
    this.#options.onAgreed();
  }
}

/** A state that changes while others are waited for. */
const isRefuted = ({ state }: Pick<Witness, 'state'>): boolean => state === 'refuted';
