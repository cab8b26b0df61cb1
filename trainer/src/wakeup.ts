// Lets a loop sleep until something happens. A call while nobody sleeps is remembered, so none is missed.
export class Wakeup {
  #pending = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  /** Returns after the time, at once where a wake is pending, or when the signal aborts. */
  async sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#pending && !signal.aborted && durationMs > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#resolve = resolve;
      const timer = setTimeout(resolve, durationMs);
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort);
      await promise;
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
      this.#resolve = undefined;
    }
    this.#pending = false;
  }
}
