// Something that changes, and those who wait for it. Nothing is held for whom time is up: a promise of the next change
// would hold every wait that was raced with it, for as long as nothing changes.

export class Changes {
  readonly #waiting = new Set<() => void>();

  announce(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of waiting) goOn();
  }

  /** Resolves at the next change, or when time is up. @throws once aborted */
  async next(signal: AbortSignal, mostMs: number): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve: goOn, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(goOn, mostMs);
    this.#waiting.add(goOn);
    try {
      await promise;
    } finally {
      this.#waiting.delete(goOn);
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }
}
