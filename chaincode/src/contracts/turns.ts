// One process serves a peer, and whoever may reach the peer may keep it busy. Few transactions of one organisation run
// at a time, more wait, and what is more than that is refused before anything is read: so that another organisation's
// waits for a few of them, not for all. Which transactions a peer endorses may differ by this, and never what it
// endorses.
import { DomainError } from '../domain/index.ts';

export interface Turn {
  readonly mspId: string;
  /** Of the peer that runs this. */
  readonly ownMspId: string;
}

/** How many of an organisation's run at a time, at its own peer and at others', which are asked to endorse only. */
const RUNNING_MAX = { own: 16, others: 2 } as const;
/** How many of an organisation's may wait. */
export const WAITING_MAX = 128;

interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

export class Turns {
  readonly #lines = new Map<string, Line>();

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
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      if (next !== undefined) next();
      else line.running -= 1;
      if (line.running === 0) this.#lines.delete(mspId);
    }
  }
}
