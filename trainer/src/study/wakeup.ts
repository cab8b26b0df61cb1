// Lets a loop sleep until something happens. A call while nobody sleeps is remembered, so none is missed.
export class Wakeup {
  #pending = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  /**
   * Returns after the time, at once where a wake is pending, or when the signal aborts; but not before `leastMs` for a
   * wake: those that come until then are one.
   *
   * @returns whether it was woken
   */
  async sleep(durationMs: number, signal: AbortSignal, leastMs = 0): Promise<boolean> {
    if (leastMs > 0) await this.#wait(leastMs, signal, false);
    if (!this.#pending) await this.#wait(durationMs - leastMs, signal, true);
    const woken = this.#pending;
    this.#pending = false;
    return woken;
  }

  async #wait(durationMs: number, signal: AbortSignal, wakes: boolean): Promise<void> {
    if (signal.aborted || durationMs <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (wakes) this.#resolve = resolve;
    const timer = setTimeout(resolve, durationMs);
    const onAbort = () => resolve();
    signal.addEventListener('abort', onAbort);
    await promise;
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
    this.#resolve = undefined;
  }
}
