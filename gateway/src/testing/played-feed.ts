// A peer that sends what a test gives it.
import type { BlockFeed } from '../read-model/block-feed.ts';
import { Changes } from '../read-model/changes.ts';

export class PlayedFeed implements BlockFeed {
  readonly mspId: string;
  /** What it sends, from block 0 on; it waits for more at the end. */
  readonly sent: Uint8Array[];
  /** How often its blocks were asked for. */
  asked = 0;
  /** Set: it does not answer. */
  isLost = false;
  readonly #changes = new Changes();

  constructor(mspId: string, sent: readonly Uint8Array[] = []) {
    this.mspId = mspId;
    this.sent = [...sent];
  }

  send(...blocks: readonly Uint8Array[]): void {
    this.sent.push(...blocks);
    this.#changes.announce();
  }

  /** Ends the streams that are open, and answers none until it is back. */
  lose(isLost = true): void {
    this.isLost = isLost;
    this.#changes.announce();
  }

  async *blocks(from: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.asked += 1;
    for (let next = from; ; ) {
      if (this.isLost) throw new Error('the peer does not answer');
      signal.throwIfAborted();
      const block = this.sent[next];
      if (block === undefined) await this.#changes.next(signal, 60_000);
      else {
        next += 1;
        yield block;
      }
    }
  }

  async height(): Promise<number> {
    if (this.isLost) throw new Error('the peer does not answer');
    return this.sent.length;
  }
}
