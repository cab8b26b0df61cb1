// The ledger's events for many readers by one stream from the peer: the latest ones are kept, and each reader goes
// through them at its own pace. Streams of the peer are few (a real one serves 500 calls of clients at once), and each
// costs it and this process the same work again for the same events.
//
// A reader that begins earlier, or is slower than what is kept, reads a stream of its own until it meets what is kept.
// So nobody's pace costs another one anything, and what is kept is bounded.
import { setTimeout as sleep } from 'node:timers/promises';
import { Changes } from '../read-model/changes.ts';
import type { EventPosition, EventsOptions, Ledger, LedgerEvent } from './ledger.ts';

const KEPT_MAX = 512;
const LOOK_AGAIN_MS = 60_000;
const RETRY_MS = 2_000;

/** What is kept of the ledger's events: all of them from a block on, but for the oldest. */
class LatestEvents {
  readonly #max: number;
  readonly #changes = new Changes();
  /** By their numbers, which grow by one. */
  readonly #events = new Map<number, LedgerEvent>();
  readonly #numbers = new Map<string, number>();
  #end = 0;
  /** Every event of this block and later ones is kept, or is yet to come. */
  #whole = Number.POSITIVE_INFINITY;
  #failure: { readonly error: unknown } | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  startAt(block: number): void {
    this.#whole = block;
  }

  add(event: LedgerEvent): void {
    this.#events.set(this.#end, event);
    this.#numbers.set(event.transactionId, this.#end);
    this.#end += 1;
    if (this.#events.size > this.#max) {
      const [number, oldest] = this.#events.entries().next().value!;
      this.#events.delete(number);
      this.#numbers.delete(oldest.transactionId);
      this.#whole = oldest.blockNumber + 1;
    }
    this.#changes.announce();
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#changes.announce();
  }

  /** The number of the first event behind a position; undefined where it may not be kept any more. */
  behind({ blockNumber, afterTransactionId }: EventPosition): number | undefined {
    if (afterTransactionId !== undefined) {
      const number = this.#numbers.get(afterTransactionId);
      return number === undefined ? undefined : number + 1;
    }
    if (blockNumber < this.#whole) return undefined;
    for (const [number, event] of this.#events) if (event.blockNumber >= blockNumber) return number;
    return this.#end;
  }

  /**
   * The event with a number; waits where it is yet to come.
   *
   * @returns undefined where it is not kept any more, or once aborted
   * @throws what the ledger's stream threw
   */
  async at(number: number, signal: AbortSignal): Promise<LedgerEvent | undefined> {
    while (number >= this.#end) {
      if (signal.aborted) return undefined;
      if (this.#failure !== undefined) throw this.#failure.error;
      await this.#changes.next(signal, LOOK_AGAIN_MS).catch(() => {});
    }
    return this.#events.get(number);
  }
}

interface Shared {
  readonly latest: LatestEvents;
  /** Resolves when it has begun, or could not yet. */
  readonly tried: Promise<void>;
  readonly stop: () => void;
}

export class SharedEvents implements Pick<Ledger, 'events' | 'height'> {
  readonly #ledger: Pick<Ledger, 'events' | 'height'>;
  readonly #max: number;
  #shared: Shared | undefined;
  #readers = 0;

  /** @param kept how many events are kept for readers that are behind */
  constructor(ledger: Pick<Ledger, 'events' | 'height'>, kept: number = KEPT_MAX) {
    this.#ledger = ledger;
    this.#max = kept;
  }

  height(): Promise<number> {
    return this.#ledger.height();
  }

  /** As `Ledger.events`: the same events, each once and in order. */
  async *events({ from, signal }: EventsOptions): AsyncGenerator<LedgerEvent> {
    if (signal.aborted) return;
    this.#readers += 1;
    try {
      this.#shared ??= this.#begin();
      const { latest, tried } = this.#shared;
      await tried;
      let position = from ?? { blockNumber: await this.#ledger.height() };
      while (!signal.aborted) {
        let number = latest.behind(position);
        if (number === undefined) {
          // What is before the kept ones, by a stream of its own.
          for await (const event of this.#ledger.events({ from: position, signal })) {
            position = positionOf(event);
            yield event;
            // Looked up now: while that stream is closed, the oldest of those that are kept may go.
            number = latest.behind(position);
            if (number !== undefined) break;
          }
        }
        if (number === undefined) return;
        const firstBlock = position.afterTransactionId === undefined ? position.blockNumber : 0;
        for (;;) {
          const event = await latest.at(number, signal);
          if (event === undefined) break;
          number += 1;
          if (event.blockNumber < firstBlock) continue;
          position = positionOf(event);
          yield event;
        }
      }
    } finally {
      this.#readers -= 1;
      if (this.#readers === 0) this.#end();
    }
  }

  #begin(): Shared {
    const stopped = new AbortController();
    const latest = new LatestEvents(this.#max);
    const tried = Promise.withResolvers<void>();
    const shared: Shared = { latest, tried: tried.promise, stop: () => stopped.abort() };
    void this.#follow(latest, tried.resolve, stopped.signal).catch((error: unknown) => {
      // Who reads now hears of it; who comes next begins another stream.
      if (this.#shared === shared) this.#shared = undefined;
      latest.fail(error);
    });
    return shared;
  }

  async #follow(latest: LatestEvents, tried: () => void, signal: AbortSignal): Promise<void> {
    let blockNumber: number | undefined;
    while (blockNumber === undefined && !signal.aborted) {
      // Readers need not wait until a peer that is away is back: each then has a stream of its own that does.
      blockNumber = await this.#ledger.height().catch(() => undefined);
      if (blockNumber !== undefined) latest.startAt(blockNumber);
      tried();
      if (blockNumber === undefined) await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => {});
    }
    if (blockNumber === undefined) return;
    for await (const event of this.#ledger.events({ from: { blockNumber }, signal })) latest.add(event);
    if (!signal.aborted) throw new Error('the event stream of the ledger ended');
  }

  /** Nobody reads: the peer is asked for nothing. */
  #end(): void {
    this.#shared?.stop();
    this.#shared = undefined;
  }
}

const positionOf = ({ blockNumber, transactionId }: LedgerEvent): EventPosition => ({
  blockNumber,
  afterTransactionId: transactionId,
});
