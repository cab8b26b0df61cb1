// Looks at the rows of the index again while it is used: somebody may change the file of a gateway that runs long.
// Most of the time it rests, since signatures of new blocks are checked in the same thread.
import { setTimeout as sleep } from 'node:timers/promises';
import { Changes } from './changes.ts';
import type { LedgerIndex } from './ledger-index.ts';

const EVERY_MS = 6 * 60 * 60_000;
/** How much longer it rests than it works, where nobody waits for it. */
const REST = 9;

export interface IndexCheckOptions {
  readonly index: Pick<LedgerIndex, 'checkAgain'>;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}

export class IndexCheck {
  readonly #options: IndexCheckOptions;
  readonly #asked = new Changes();
  #isAsked = false;

  constructor(options: IndexCheckOptions) {
    this.#options = options;
  }

  /** Has it look now, and at once. */
  ask(): void {
    this.#isAsked = true;
    this.#asked.announce();
  }

  /** Resolves once aborted. @throws DamagedDatabaseError */
  async run(): Promise<void> {
    const { index, signal, everyMs = EVERY_MS } = this.#options;
    while (!signal.aborted) {
      if (!this.#isAsked) await this.#asked.next(signal, everyMs).catch(() => {});
      const isWaitedFor = this.#isAsked;
      this.#isAsked = false;
      let beganMs = performance.now();
      for (const _ of signal.aborted ? [] : index.checkAgain()) {
        const tookMs = performance.now() - beganMs;
        const restMs = isWaitedFor || this.#isAsked ? 0 : tookMs * REST;
        await sleep(restMs, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        beganMs = performance.now();
      }
    }
  }
}
