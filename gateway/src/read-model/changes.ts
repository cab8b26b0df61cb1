// Something that changes, and those who wait for it.

export class Changes {
  #waiting = Promise.withResolvers<void>();

  announce(): void {
    this.#waiting.resolve();
    this.#waiting = Promise.withResolvers();
  }

  /** Resolves at the next change, or when time is up. @throws once aborted */
  async next(signal: AbortSignal, mostMs: number): Promise<void> {
    signal.throwIfAborted();
    const ended = Promise.withResolvers<void>();
    const abort = () => ended.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(() => ended.resolve(), mostMs);
    try {
      await Promise.race([this.#waiting.promise, ended.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }
}
