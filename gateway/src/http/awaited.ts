// One thing that is waited for in turns: a while, then something else, then a while again. `Promise.race` would hold
// each of these turns until the thing comes, which on a quiet ledger may be never.

export const NOT_YET = Symbol('not yet');

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

export class Awaited<T> {
  #outcome: Outcome<T> | undefined;
  #goOn: (() => void) | undefined;

  constructor(promise: Promise<T>) {
    const end = (outcome: Outcome<T>) => {
      this.#outcome = outcome;
      this.#goOn?.();
    };
    promise.then(
      (value) => end({ value }),
      (error: unknown) => end({ error }),
    );
  }

  /** What came, by when the time is up. One caller at a time. @throws what the promise rejects with */
  async within(ms: number): Promise<T | typeof NOT_YET> {
    if (this.#outcome === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      this.#goOn = resolve;
      await promise;
      this.#goOn = undefined;
      clearTimeout(timer);
    }
    if (this.#outcome === undefined) return NOT_YET;
    if ('error' in this.#outcome) throw this.#outcome.error;
    return this.#outcome.value;
  }
}
