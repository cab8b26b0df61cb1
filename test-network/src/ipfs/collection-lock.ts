// Uploads and pins share the repository; garbage collection has it alone. Without this a collection running
// between a block's arrival and its root's pin would drop the block of an upload that then reports success.

export class CollectionLock {
  #sharers = 0;
  #tail: Promise<void> = Promise.resolve();
  #onIdle: (() => void) | undefined;

  /** Runs `work` beside other shared work, never beside exclusive work. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    await this.#tail;
    this.#sharers += 1;
    try {
      return await work();
    } finally {
      this.#sharers -= 1;
      if (this.#sharers === 0) this.#onIdle?.();
    }
  }

  /** Waits for shared work under way, holds back new work, and then runs `work` alone. */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#tail;
    let open = () => {};
    this.#tail = new Promise((resolve) => {
      open = resolve;
    });
    await before;
    if (this.#sharers > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      this.#onIdle = undefined;
    }
    try {
      return await work();
    } finally {
      open();
    }
  }
}
