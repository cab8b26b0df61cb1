// One process serves a peer, and whoever may reach the peer may keep it busy. Few transactions of one organisation run
// at a time, more wait, and what is more than that is refused before anything is read: so that another organisation's
// waits for a few of them, not for all. And none but the peer's own has more than a share of its time, after a reserve
// that honest bursts do not use up. Which transactions a peer endorses may differ by this, and never what it endorses.
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

/** The time of work that another organisation may use at once, and what it gets back of each millisecond. */
const RESERVE_MS = 2000;
const SHARE = 0.25;

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
  readonly sleep: (ms: number) => Promise<unknown>;
}

export class Turns {
  readonly #lines = new Map<string, Line>();
  readonly #uses = new Map<string, Use>();
  readonly #clock: Clock;

  constructor(clock: Clock = { nowMs: () => performance.now(), sleep }) {
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
      // Whoever ends hands its place on.
      await new Promise<void>((resolve) => line.waiting.push(resolve));
    }
    const began = this.#clock.nowMs();
    try {
      return await work();
    } finally {
      // The outcome is not held up: the place is.
      const isOver = () => this.#handOn(mspId, line);
      const restMs = mspId === ownMspId ? 0 : this.#restAfter(mspId, began);
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

  /** How long a place rests that an organisation used since then, so that it has its share in the long run. */
  #restAfter(mspId: string, began: number): number {
    const now = this.#clock.nowMs();
    const before = this.#uses.get(mspId) ?? { usedMs: 0, atMs: began };
    const usedMs = Math.max(0, before.usedMs - SHARE * (now - before.atMs)) + (now - began);
    this.#uses.set(mspId, { usedMs, atMs: now });
    return Math.max(0, usedMs - RESERVE_MS) / SHARE;
  }
}
