/**
 * Transactions on their way to the orderer: being endorsed, or endorsed and not yet sent. While there are none a
 * block need not wait for company, which is what makes one client's transactions quick.
 */

/** A client that has not sent its transaction by then probably never will. */
const FORGET_AFTER_MS = 2_000;

export class InFlight {
  #endorsing = 0;
  /** When each was endorsed, oldest first. */
  readonly #endorsed = new Map<string, number>();

  /** Counts the work as endorsing; the transaction it names is awaited afterwards. */
  async endorsing<T>(txId: string, work: () => Promise<T>): Promise<T> {
    this.#endorsing += 1;
    try {
      const result = await work();
      this.#endorsed.set(txId, Date.now());
      return result;
    } finally {
      this.#endorsing -= 1;
    }
  }

  arrived(txId: string): void {
    this.#endorsed.delete(txId);
  }

  get any(): boolean {
    const forgotten = Date.now() - FORGET_AFTER_MS;
    for (const [txId, endorsedAt] of this.#endorsed) {
      if (endorsedAt > forgotten) break;
      this.#endorsed.delete(txId);
    }
    return this.#endorsing > 0 || this.#endorsed.size > 0;
  }
}
