import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventPosition, EventsOptions, LedgerEvent } from './ledger.ts';
import { SharedEvents } from './shared-events.ts';

const idOf = (number: number): string => number.toString(16).padStart(64, '0');

/** A peer with events of two a block, which counts its open streams. */
class Peer {
  readonly events_: LedgerEvent[] = [];
  #looks = new Set<() => void>();
  open = 0;
  opened = 0;
  isAway = false;
  /** Awaited when a stream is closed. */
  onClose: () => Promise<void> = async () => {};
  #failure: Error | undefined;

  constructor(events: number) {
    this.add(events);
  }

  add(count: number): void {
    for (let at = 0; at < count; at += 1) {
      const number = this.events_.length;
      const blockNumber = Math.floor(number / 2);
      this.events_.push({
        blockNumber,
        transactionId: idOf(number),
        name: 'RoundOpened',
        payload: { number },
      });
    }
    for (const look of this.#looks) look();
  }

  fail(error: Error): void {
    this.#failure = error;
    for (const look of this.#looks) look();
    this.#failure = undefined;
  }

  /** Resolves when nobody has a stream open. */
  async isLeft(): Promise<void> {
    while (this.open > 0) await new Promise(setImmediate);
  }

  async height(): Promise<number> {
    if (this.isAway) throw new Error('the peer does not answer');
    return Math.ceil(this.events_.length / 2);
  }

  async *events({ from, signal }: EventsOptions): AsyncGenerator<LedgerEvent> {
    this.open += 1;
    this.opened += 1;
    try {
      let next = this.#indexOf(from!);
      while (!signal.aborted) {
        const event = this.events_[next];
        if (event !== undefined) {
          next += 1;
          yield event;
          continue;
        }
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const look = () => (this.#failure === undefined ? resolve() : reject(this.#failure));
        this.#looks.add(look);
        signal.addEventListener('abort', look, { once: true });
        await promise.finally(() => this.#looks.delete(look));
      }
    } finally {
      this.open -= 1;
      await this.onClose();
    }
  }

  #indexOf({ blockNumber, afterTransactionId }: EventPosition): number {
    const after = this.events_.findIndex(({ transactionId }) => transactionId === afterTransactionId);
    if (after >= 0) return after + 1;
    const first = this.events_.findIndex((event) => event.blockNumber >= blockNumber);
    return first < 0 ? blockNumber * 2 : first;
  }
}

/** Someone who reads, as far as a test lets them. */
class Reader {
  readonly #iterator: AsyncIterator<LedgerEvent>;
  readonly #over = new AbortController();
  readonly seen: string[] = [];

  constructor(events: SharedEvents, from: EventPosition) {
    const { signal } = this.#over;
    this.#iterator = events.events({ from, signal })[Symbol.asyncIterator]();
  }

  async read(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      const { value, done } = await this.#iterator.next();
      assert.notEqual(done, true);
      this.seen.push(value.transactionId);
    }
  }

  async leave(): Promise<void> {
    this.#over.abort();
    await this.#iterator.return?.();
  }
}

const idsFrom = (first: number, end: number): string[] =>
  Array.from({ length: end - first }, (_, at) => idOf(first + at));

describe('events of the ledger for many readers', () => {
  it('are one stream of the peer for two hundred readers, each of whom gets every event once', async () => {
    const peer = new Peer(4);
    const shared = new SharedEvents(peer);
    const readers = Array.from({ length: 200 }, () => new Reader(shared, { blockNumber: 2 }));
    const reading = Promise.all(readers.map((reader) => reader.read(10)));
    peer.add(10);
    await reading;
    assert.equal(peer.opened, 1);
    for (const { seen } of readers) assert.deepEqual(seen, idsFrom(4, 14));
    for (const reader of readers) await reader.leave();
    await peer.isLeft();
  });

  it('come whole to a reader who begins long before, and then by the stream of the others', async () => {
    const peer = new Peer(40);
    const shared = new SharedEvents(peer);
    const [old, resumed] = [
      new Reader(shared, { blockNumber: 0 }),
      new Reader(shared, { blockNumber: 8, afterTransactionId: idOf(16) }),
    ];
    await Promise.all([old.read(40), resumed.read(23)]);
    const reading = Promise.all([old.read(6), resumed.read(6)]);
    peer.add(6);
    await reading;
    assert.deepEqual(old.seen, idsFrom(0, 46));
    assert.deepEqual(resumed.seen, idsFrom(17, 46));
    assert.equal(peer.open, 1);
    await old.leave();
    await resumed.leave();
  });

  it('are all there for a reader who is slower than what is kept, while the others go on', async () => {
    const peer = new Peer(2);
    const shared = new SharedEvents(peer, 8);
    const [slow, fast] = [new Reader(shared, { blockNumber: 1 }), new Reader(shared, { blockNumber: 1 })];
    const first = Promise.all([slow.read(1), fast.read(1)]);
    peer.add(1);
    await first;
    for (let at = 0; at < 20; at += 1) {
      const next = fast.read(3);
      peer.add(3);
      await next;
    }
    await slow.read(60);
    assert.deepEqual(slow.seen, idsFrom(2, 63));
    assert.deepEqual(fast.seen, slow.seen);
    await slow.leave();
    await fast.leave();
    await peer.isLeft();
  });

  it('go on for a reader who catches up while events come as its own stream is closed', async () => {
    const peer = new Peer(4);
    const shared = new SharedEvents(peer, 4);
    const fast = new Reader(shared, { blockNumber: 2 });
    const begun = fast.read(4);
    peer.add(4);
    await begun;
    for (const more of [1, 9]) {
      const behind = new Reader(shared, { blockNumber: 0 });
      const kept = peer.events_.length;
      let isFirst = true;
      peer.onClose = async () => {
        if (isFirst) peer.add(more);
        isFirst = false;
        await new Promise(setImmediate);
      };
      await behind.read(kept + more);
      assert.deepEqual(behind.seen, idsFrom(0, kept + more));
      await behind.leave();
      await fast.read(more);
    }
    await fast.leave();
    await peer.isLeft();
  });

  it('begin with the block that a reader names, also one that is far ahead', async () => {
    const peer = new Peer(4);
    const shared = new SharedEvents(peer);
    const reader = new Reader(shared, { blockNumber: 5 });
    const reading = reader.read(2);
    peer.add(8);
    await reading;
    assert.deepEqual(reader.seen, idsFrom(10, 12));
    await reader.leave();
  });

  it('stop when the last reader leaves, and begin where the next one asks', async () => {
    const peer = new Peer(4);
    const shared = new SharedEvents(peer);
    const first = new Reader(shared, { blockNumber: 2 });
    const reading = first.read(1);
    peer.add(1);
    await reading;
    await first.leave();
    await peer.isLeft();
    peer.add(5);
    const second = new Reader(shared, { blockNumber: 2, afterTransactionId: idOf(4) });
    await second.read(5);
    assert.deepEqual(second.seen, idsFrom(5, 10));
    await second.leave();
    await peer.isLeft();
  });

  it('end for all readers with what the peer refuses, and begin again for the next one', async () => {
    const peer = new Peer(2);
    const shared = new SharedEvents(peer);
    const readers = [new Reader(shared, { blockNumber: 1 }), new Reader(shared, { blockNumber: 1 })];
    const begun = Promise.all(readers.map((reader) => reader.read(1)));
    peer.add(1);
    await begun;
    const refused = Promise.allSettled(readers.map((reader) => reader.read(1)));
    await new Promise(setImmediate);
    peer.fail(new Error('access denied'));
    for (const { status } of await refused) assert.equal(status, 'rejected');
    const next = new Reader(shared, { blockNumber: 1 });
    await next.read(1);
    await next.leave();
    await peer.isLeft();
  });

  it('do not wait for a peer that says no height: a reader then has a stream of its own', async () => {
    const peer = new Peer(6);
    peer.isAway = true;
    const shared = new SharedEvents(peer);
    const reader = new Reader(shared, { blockNumber: 1 });
    await reader.read(4);
    assert.deepEqual(reader.seen, idsFrom(2, 6));
    await reader.leave();
    await peer.isLeft();
  });
});
