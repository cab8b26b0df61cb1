/** Fabric's bounds on requests that one service of a peer handles at once, and its words for one too many. */
import { status } from '@grpc/grpc-js';
import { RpcError } from '../gateway/rpc-error.ts';

export class ConcurrencyLimit {
  readonly #service: string;
  readonly #limit: number;
  #taken = 0;

  constructor(service: string, limit: number) {
    this.#service = service;
    this.#limit = limit;
  }

  /** Runs the work when there is room. @throws RpcError when there is none. */
  async run<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.#taken >= this.#limit) {
      throw new RpcError(
        status.UNKNOWN,
        `too many requests for ${this.#service}, exceeding concurrency limit (${this.#limit})`,
      );
    }
    this.#taken += 1;
    try {
      return await work();
    } finally {
      this.#taken -= 1;
    }
  }
}
