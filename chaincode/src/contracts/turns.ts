// One process serves a peer, and anyone who may reach the peer may keep it busy. So a few transactions of one
// organisation run at a time, some more wait, and the rest are refused before anything is read: another organisation's
// transaction waits for a few of them, not for all. Each organisation but the peer's own has a reserve of computing
// time, which honest bursts do not use up, and after that only a share. Waiting is not charged: else those whom a flood
// holds up would pay for it. This may change which transactions a peer endorses, never what it endorses.
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@consilium/domain';

export interface Turn {
  readonly mspId: string;
  /** Of the peer that runs this. */
  readonly ownMspId: string;
}

/** How many of an organisation's run at a time, at its own peer and at others', which are asked to endorse only. */
const RUNNING_MAX = { own: 16, others: 2 } as const;
/** How many of an organisation's may wait. */
export const WAITING_MAX = 128;

/** The processor time that another organisation may use at once, and what it gets back of each millisecond. */
const RESERVE_MS = 2000;
const SHARE = 0.1;

interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/** What an organisation has used of its reserve at a time. */
interface Use {
  readonly usedMs: number;
  readonly atMs: number;
}

export interface Clock {
  readonly nowMs: () => number;
  /** What this process has computed, in processor time. */
  readonly workedMs: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

const CLOCK: Clock = {
  nowMs: () => performance.now(),
  workedMs: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  },
  sleep,
};

export class Turns {
  /** What each transaction that runs has used. */
  readonly #running = new Set<{ usedMs: number }>();
  #workedMs = 0;
  readonly #lines = new Map<string, Line>();
  readonly #uses = new Map<string, Use>();
  readonly #clock: Clock;

  constructor(clock: Clock = CLOCK) {
    this.#clock = clock;
  }

  /**
   * The outcome of the work, once it is its organisation's turn: in the order in which they came.
   *
   * @throws DomainError TOO_MANY_AT_ONCE
   */
  async take<T>({ mspId, ownMspId }: Turn, work: () => Promise<T>): Promise<T> {
    const most = mspId === ownMspId ? RUNNING_MAX.own : RUNNING_MAX.others;
    const line = this.#lines.get(mspId) ?? { running: 0, waiting: [] };
    this.#lines.set(mspId, line);
    if (line.running < most) line.running += 1;
    else {
      if (line.waiting.length >= WAITING_MAX) throw new DomainError('TOO_MANY_AT_ONCE');
      // A transaction that ends hands its place on.
      await new Promise<void>((resolve) => line.waiting.push(resolve));
    }
    const own = { usedMs: 0 };
    this.#divide();
    this.#running.add(own);
    try {
      return await work();
    } finally {
      this.#divide();
      this.#running.delete(own);
      // The outcome is not held up: the place is.
      const isOver = () => this.#handOn(mspId, line);
      const restMs = mspId === ownMspId ? 0 : this.#restAfter(mspId, own.usedMs);
      if (restMs > 0) void this.#clock.sleep(restMs).then(isOver);
      else isOver();
    }
  }

  #handOn(mspId: string, line: Line): void {
    const next = line.waiting.shift();
    if (next !== undefined) next();
    else line.running -= 1;
    if (line.running === 0) this.#lines.delete(mspId);
  }

  /** What was computed since those that run were others is theirs in equal parts: nothing says which of them it was. */
  #divide(): void {
    const workedMs = this.#clock.workedMs();
    const part = (workedMs - this.#workedMs) / this.#running.size;
    for (const one of this.#running) one.usedMs += part;
    this.#workedMs = workedMs;
  }

  /** How long a place rests after such a use, so that its organisation has its share in the long run. */
  #restAfter(mspId: string, moreMs: number): number {
    const now = this.#clock.nowMs();
    const before = this.#uses.get(mspId) ?? { usedMs: 0, atMs: now };
    const usedMs = Math.max(0, before.usedMs - SHARE * (now - before.atMs)) + moreMs;
    this.#uses.set(mspId, { usedMs, atMs: now });
    return Math.max(0, usedMs - RESERVE_MS) / SHARE;
  }
}
