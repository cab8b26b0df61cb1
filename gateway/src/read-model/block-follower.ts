// Follows the channel: each block of the own peer is checked as evidence is, compared with what peers of other
// organisations send, and only then added to the index. What does not hold stops it, for good, until an operator has
// looked. A peer that is lost, or a disk that is full, it waits for.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BrokenChainError,
  ChannelChecker,
  type FabricBlock,
  headerHash,
  readBlock,
  UnreadableError,
} from '@consilium/verify/blocks';
import type { BlockFeed } from './block-feed.ts';
import { AlarmError, BlockWitnesses } from './block-witnesses.ts';
import { Changes } from './changes.ts';
import { indexedBlock } from './index-block.ts';
import { type FoundAlarm, type LedgerAlarm, type LedgerAlarms, signedHeaderOf } from './ledger-alarms.ts';
import type { LedgerIndex } from './ledger-index.ts';
import { SqliteState } from './sqlite-state.ts';

/** How far the index is. */
export interface FollowerStatus {
  /** building: not yet where the peer is. waiting: the peer does not answer, or nothing can be written. */
  readonly state: 'building' | 'following' | 'waiting' | 'stopped';
  readonly blocks: number;
  /** How many the own peer has; undefined where it did not say. */
  readonly height: number | undefined;
  /** Organisations whose peers sent the same blocks, up to the last. */
  readonly organisations: readonly string[];
  readonly problem: string | undefined;
  readonly alarms: readonly LedgerAlarm[];
}

export interface FollowerOptions {
  readonly index: LedgerIndex;
  readonly alarms: LedgerAlarms;
  readonly channel: string;
  /** SHA-256 of block 0's header that is asked for; the one trusted before, or the first seen, where absent. */
  readonly genesis?: string | undefined;
  readonly own: BlockFeed;
  /** Peers of other organisations. */
  readonly others: readonly BlockFeed[];
  readonly signal: AbortSignal;
  readonly onStatus: (status: FollowerStatus) => void;
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
  /** How long others may take to send the block that the own peer sent, and how long a lost peer is left alone. */
  readonly patienceMs?: number;
  /** How long the own peer may be behind another before it is said. */
  readonly behindMs?: number;
  readonly retryMs?: { readonly first: number; readonly most: number };
}

const RETRY_MS = { first: 500, most: 15_000 } as const;
/** What is added is on disk when no further block comes for so long, or after so many of them. */
const COMMIT_AFTER_MS = 20;
const BLOCKS_PER_COMMIT = 256;
const STATUS_EVERY_MS = 1_000;
const PROGRESS_EVERY_MS = 5_000;
/** Any member can send what this code does not explain, but not fill a disk with it. */
const ALARMS_MAX = 100;

export class BlockFollower {
  readonly #options: FollowerOptions;
  readonly #changes = new Changes();
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  readonly #witnesses: BlockWitnesses;
  readonly #state: SqliteState;
  #blocks = 0;
  #inTransaction = 0;
  /** Unexplained transactions since the last commit that are counted, and not kept one by one. */
  #uncounted = 0;
  #status: Pick<FollowerStatus, 'state' | 'problem' | 'height'> = {
    state: 'building',
    problem: undefined,
    height: undefined,
  };
  #saidAtMs = 0;
  #progressAtMs = Date.now();

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#ending.signal]);
    this.#state = new SqliteState(options.index.database);
    const { index, others, log, patienceMs, behindMs, retryMs = RETRY_MS } = options;
    const refuted = options.alarms.all().flatMap(({ stops, mspId }) => (stops ? [] : [mspId]));
    this.#witnesses = new BlockWitnesses(others, {
      index,
      own: options.own.mspId,
      refuted,
      isUnexplained: (block, place) =>
        options.alarms.all().some(({ unexplained: at }) => at?.block === block && at.place === place),
      blocks: () => this.#blocks,
      changes: this.#changes,
      signal: this.#signal,
      log,
      retryMs,
      ...(patienceMs !== undefined && { patienceMs }),
      ...(behindMs !== undefined && { behindMs }),
      onFork: (error) => this.#ending.abort(error),
      onLie: (alarm) => this.#raise(alarm),
      onBehind: (problem) => this.#say({ problem }),
      onAgreed: () => {
        if (this.#inTransaction > 0) return;
        this.#commit();
        this.#say({});
      },
    });
  }

  /** Takes what was found elsewhere, as by gateways of other hospitals. */
  raise(alarm: FoundAlarm): void {
    if (alarm.stops) this.#ending.abort(new AlarmError(alarm));
    else if (this.#options.alarms.all().length < ALARMS_MAX) this.#raise(alarm);
    else this.#options.log('error', alarm.text);
  }

  /** Resolves when it was aborted, or stopped by an alarm. @throws what SQLite says of a damaged file */
  async run(): Promise<void> {
    const { alarms, genesis, index } = this.#options;
    this.#blocks = index.tip()?.blocks ?? 0;
    const trusted = alarms.genesis;
    const stopped = alarms.all().find(({ stops }) => stops);
    if (stopped !== undefined) {
      this.#say({ state: 'stopped', problem: `${stopped.text} (found at ${stopped.since})` });
      return;
    }
    if (genesis !== undefined && trusted !== undefined && genesis !== trusted) {
      const text = `CONSILIUM_GENESIS_SHA256 is ${genesis}, and this gateway has trusted ${trusted}`;
      this.#say({ state: 'stopped', problem: text });
      this.#options.log('error', text);
      return;
    }
    const confirming = this.#witnesses.follow();
    try {
      await this.#follow();
    } catch (error) {
      const cause = this.#ending.signal.aborted ? this.#ending.signal.reason : error;
      if (cause instanceof AlarmError) this.#stop(cause);
      else if (!this.#options.signal.aborted) throw cause;
    } finally {
      this.#ending.abort();
      await confirming;
    }
  }

  /** Reads the own peer's blocks, and goes on where it was after each loss. */
  async #follow(): Promise<void> {
    const { own, index, log, retryMs = RETRY_MS } = this.#options;
    let waitMs = retryMs.first;
    while (!this.#signal.aborted) {
      const before = this.#blocks;
      let problem = `the peer of ${own.mspId} ended its blocks`;
      try {
        this.#options.own.height().then(
          (height) => this.#say({ height }),
          () => {},
        );
        await this.#read();
      } catch (error) {
        this.#signal.throwIfAborted();
        if (error instanceof AlarmError || isDamage(error)) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        problem = isOfDatabase(error)
          ? `the index cannot be written (is the disk of CONSILIUM_DATA_DIR full?): ${reason}`
          : `the peer of ${own.mspId} sends no blocks: ${reason}`;
      } finally {
        this.#state.forget();
        this.#keepWhatIsWhole();
      }
      if (this.#blocks > before) waitMs = retryMs.first;
      if (this.#status.problem !== problem) log('warn', problem);
      this.#say({ state: 'waiting', problem });
      await sleep(waitMs, undefined, { signal: this.#signal });
      waitMs = Math.min(waitMs * 2, retryMs.most);
      this.#blocks = index.tip()?.blocks ?? 0;
    }
  }

  async #read(): Promise<void> {
    const { own, index } = this.#options;
    const tip = index.tip();
    let checker = tip && this.#checker(tip);
    // The last block is asked for again: whether the peer is still of the same history.
    let isKnown = tip !== undefined;
    let hasRead = false;
    const blocks = own.blocks(Math.max(0, this.#blocks - 1), this.#signal)[Symbol.asyncIterator]();
    try {
      for (let next = blocks.next(); ; ) {
        const { done, value: bytes } = await this.#orCommit(next, hasRead);
        hasRead = true;
        if (done === true) return;
        const block = this.#readable(bytes);
        if (isKnown) this.#recognise(block);
        else {
          if (block.header.number === 0) this.#trust(block);
          checker ??= this.#checker();
          await this.#witnesses.wait(block.header.number, this.#status.state === 'following');
          this.#add(block, bytes, checker);
        }
        isKnown = false;
        next = blocks.next();
      }
    } finally {
      // Not waited for: a peer that does not answer does not end its stream either.
      blocks.return?.().catch(() => {});
    }
  }

  #checker(tip = this.#options.index.tip()): ChannelChecker {
    const { channel, alarms, index } = this.#options;
    const { chaincode } = index;
    return new ChannelChecker({ channel, genesis: alarms.genesis!, state: this.#state, chaincode }, tip);
  }

  /** The next block; what was added is written to disk where it does not come at once. */
  async #orCommit<T>(next: Promise<T>, hasRead: boolean): Promise<T> {
    if (!hasRead) return next;
    const soon = await Promise.race([next, sleep(COMMIT_AFTER_MS)]);
    if (soon !== undefined && this.#inTransaction < BLOCKS_PER_COMMIT) return soon;
    if (this.#inTransaction > 0) this.#commit();
    if (soon === undefined) this.#say({ state: this.#idleState(), problem: undefined });
    return next;
  }

  /** A pause of the peer's before the height that it had is none at the end. */
  #idleState(): FollowerStatus['state'] {
    return this.#blocks >= (this.#status.height ?? 0) ? 'following' : 'building';
  }

  #readable(bytes: Uint8Array): FabricBlock {
    try {
      return readBlock(bytes);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      throw this.#ownAlarm(`block ${this.#blocks}`, error.message);
    }
  }

  #trust({ header }: FabricBlock): void {
    const { alarms, genesis, log, own } = this.#options;
    const found = hex(headerHash(header));
    const trusted = genesis ?? alarms.genesis;
    if (trusted === undefined) {
      log(
        'warn',
        `trusting the genesis block ${found}, the first seen: compare it, and set CONSILIUM_GENESIS_SHA256`,
      );
    } else if (found !== trusted) {
      throw this.#ownAlarm('block 0', `its digest is ${found}, and ${trusted} is trusted`);
    }
    if (alarms.genesis === undefined) alarms.trust(trusted ?? found);
    if (header.number !== 0) throw new Error(`${own.mspId} sent no block 0`);
  }

  #recognise(block: FabricBlock): void {
    const number = this.#blocks - 1;
    if (block.header.number !== number) {
      throw this.#ownAlarm(`block ${block.header.number}`, `block ${number} is expected here`);
    }
    const known = this.#options.index.block(number)!;
    if (sameBytes(headerHash(block.header), known.hash)) return;
    throw this.#ownAlarm(
      `block ${number}`,
      'it is not the one that was checked before',
      signedHeaderOf(block),
    );
  }

  #ownAlarm(place: string, text: string, other?: ReturnType<typeof signedHeaderOf>): AlarmError {
    const { mspId } = this.#options.own;
    const headers = other && { own: undefined, other };
    return new AlarmError({
      mspId,
      stops: true,
      text: `the peer of ${mspId}, ${place}: ${text}`,
      ...(headers && { headers }),
    });
  }

  #add(block: FabricBlock, bytes: Uint8Array, checker: ChannelChecker): void {
    const { index } = this.#options;
    const { number } = block.header;
    let checked: ReturnType<ChannelChecker['check']>;
    try {
      checked = checker.check(block);
    } catch (error) {
      if (!(error instanceof BrokenChainError)) throw error;
      throw this.#ownAlarm(error.place, error.message);
    }
    this.#witnesses.compareWith(block, checked);
    for (const place of checked.unexplained) this.#noteUnexplained(number, place);
    for (const { place, text } of checked.unjudged) {
      const which = `transaction ${place} of block ${number}`;
      this.#options.log('warn', `${which} took effect by the word of peers alone: ${text}`);
    }
    if (!index.database.isTransaction) index.database.exec('BEGIN IMMEDIATE');
    try {
      index.add(indexedBlock(checked, block, bytes));
      this.#state.keep();
    } catch (error) {
      // A statement that fails leaves those before it: half a block must not be committed.
      if (index.database.isTransaction) index.database.exec('ROLLBACK');
      throw error;
    }
    this.#inTransaction += 1;
    this.#blocks = number + 1;
    this.#changes.announce();
    this.#progress();
  }

  /** Nobody signs flags: what the rules do not explain is the word of the own peer, and of those that say the same. */
  #noteUnexplained(block: number, place: number): void {
    const { own, log, alarms } = this.#options;
    const which = `transaction ${place} of block ${block}`;
    const text = `the peer of ${own.mspId} calls ${which} invalid, and nothing makes it so`;
    const confirming = this.#witnesses.confirming(block, place);
    if (confirming.length > 0) log('warn', `${text}; the peers of ${confirming.join(', ')} say the same`);
    else if (alarms.all().length >= ALARMS_MAX) {
      log('error', text);
      this.#uncounted += 1;
    } else this.#raise({ mspId: own.mspId, stops: false, text, unexplained: { block, place } });
  }

  #progress(): void {
    const { height } = this.#status;
    if (this.#status.state === 'following' || Date.now() - this.#progressAtMs < PROGRESS_EVERY_MS) return;
    this.#progressAtMs = Date.now();
    const of = height === undefined ? '' : ` of ${height}`;
    this.#options.log('info', `checked ${this.#blocks}${of} blocks of the channel`);
    this.#say({});
  }

  #stop({ alarm }: AlarmError): void {
    this.#state.forget();
    this.#keepWhatIsWhole();
    this.#raise(alarm);
    this.#say({ state: 'stopped', problem: alarm.text });
  }

  #raise(alarm: FoundAlarm): void {
    const { alarms, log } = this.#options;
    log('error', `${alarm.text}. When you know why, remove ${alarms.file} and start the gateway again`);
    try {
      alarms.raise({ ...alarm, since: new Date().toISOString() });
    } catch (error) {
      log('error', `the alarm cannot be kept: ${(error as Error).message}`);
    }
    this.#say({});
  }

  #countMore(): void {
    if (this.#uncounted === 0) return;
    const { alarms, log, own } = this.#options;
    try {
      alarms.countMore(this.#uncounted, { mspId: own.mspId, since: new Date().toISOString() });
      this.#uncounted = 0;
    } catch (error) {
      log('error', `${this.#uncounted} alarms cannot be counted: ${(error as Error).message}`);
    }
  }

  #commit(): void {
    const { index, own } = this.#options;
    const { database } = index;
    if (!database.isTransaction) database.exec('BEGIN IMMEDIATE');
    index.agree([own.mspId], this.#blocks);
    this.#witnesses.write();
    // Before the blocks are kept: a crash between counts some twice, and none never.
    this.#countMore();
    index.commit();
    this.#inTransaction = 0;
    if (Date.now() - this.#saidAtMs >= STATUS_EVERY_MS) this.#say({});
  }

  /** Blocks before the one that does not hold are whole; where they cannot be written they are read again. */
  #keepWhatIsWhole(): void {
    const { database } = this.#options.index;
    try {
      if (database.isTransaction) this.#commit();
    } catch {
      if (database.isTransaction) database.exec('ROLLBACK');
    }
    this.#inTransaction = 0;
    const blocks = this.#options.index.tip()?.blocks ?? 0;
    if (blocks === this.#blocks) return;
    this.#uncounted = 0;
    this.#blocks = blocks;
    this.#witnesses.takeBack(blocks);
  }

  #say(change: Partial<Pick<FollowerStatus, 'state' | 'problem' | 'height'>>): void {
    this.#status = { ...this.#status, ...change };
    this.#saidAtMs = Date.now();
    const { own, alarms, onStatus } = this.#options;
    const organisations = [own.mspId, ...this.#witnesses.agreeing()].sort();
    onStatus({
      ...this.#status,
      blocks: this.#blocks,
      organisations: this.#blocks === 0 ? [] : organisations,
      alarms: alarms.all(),
    });
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const primaryCodeOf = (error: unknown): number | undefined => {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
};
const isOfDatabase = (error: unknown): boolean => primaryCodeOf(error) !== undefined;
/** CORRUPT and NOTADB. */
const isDamage = (error: unknown): boolean => [11, 26].includes(primaryCodeOf(error) ?? 0);
