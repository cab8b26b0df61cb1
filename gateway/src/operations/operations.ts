// Submissions that their callers do not wait for (RFC 7240, respond-async): what became of each is kept for the key
// that sent it, for a while. In memory: the transaction itself is in the outbox, and the same request with the same
// Idempotency-Key finds it there after a restart.
import { randomUUID } from 'node:crypto';
import { GatewayRefusal } from '../gateway-errors.ts';
import type { ProblemBody } from '../http/problem.ts';

/** How many there may be, and for how long one is kept that has ended. */
export const OPERATION_LIMITS = {
  running: 200,
  runningPerKey: 20,
  ended: 1_000,
  endedPerKey: 100,
  keptMs: 3_600_000,
} as const;

/** Whose operation it is, and what it does. */
export interface OperationRequest {
  readonly keyId: string;
  readonly idempotencyKey: string;
  /** Of what is asked: the same key belongs to one request. */
  readonly fingerprint: string;
  readonly transaction: string;
}

export type Ending =
  | { readonly state: 'succeeded'; readonly result: object }
  | { readonly state: 'failed'; readonly problem: ProblemBody };

export interface Operation extends OperationRequest {
  readonly operationId: string;
  readonly startedAtMs: number;
  ending?: Ending;
  endedAtMs?: number;
}

/** The operations of all keys. */
export class Operations {
  readonly #operations = new Map<string, Operation>();
  readonly #running = new Map<Operation, Promise<void>>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * Carries it out. The same key for the same request, while that is under way, is the same operation.
   *
   * @param work never rejects: how it ended is its answer
   * @throws GatewayRefusal TOO_MANY_OPERATIONS, or IDEMPOTENCY_KEY_REUSED for another request
   */
  begin(request: OperationRequest, work: () => Promise<Ending>): Operation {
    const { keyId, idempotencyKey, fingerprint } = request;
    const ofKey = [...this.#running.keys()].filter((one) => one.keyId === keyId);
    const same = ofKey.find((one) => one.idempotencyKey === idempotencyKey);
    if (same !== undefined) {
      if (same.fingerprint !== fingerprint) throw new GatewayRefusal('IDEMPOTENCY_KEY_REUSED');
      return same;
    }
    const { running, runningPerKey } = OPERATION_LIMITS;
    if (ofKey.length >= runningPerKey || this.#running.size >= running) {
      throw new GatewayRefusal('TOO_MANY_OPERATIONS');
    }
    const operation: Operation = { ...request, operationId: randomUUID(), startedAtMs: this.#now() };
    this.#operations.set(operation.operationId, operation);
    const done = work().then((ending) => {
      operation.ending = ending;
      operation.endedAtMs = this.#now();
      this.#running.delete(operation);
      // Behind all that ended before.
      this.#operations.delete(operation.operationId);
      this.#operations.set(operation.operationId, operation);
      this.#forget();
    });
    this.#running.set(operation, done);
    return operation;
  }

  /** One of this key's own: that of another is as if it were not there. */
  find(operationId: string, keyId: string): Operation | undefined {
    this.#forget();
    const found = this.#operations.get(operationId);
    return found?.keyId === keyId ? found : undefined;
  }

  /** Waits for those under way. */
  async close(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** The oldest that ended, of each key and of all, beyond what is kept. */
  #forget(): void {
    const { ended, endedPerKey, keptMs } = OPERATION_LIMITS;
    const all = [...this.#operations.values()].filter(({ ending }) => ending !== undefined).reverse();
    const counts = new Map<string, number>();
    all.forEach(({ operationId, keyId, endedAtMs = 0 }, place) => {
      const ofKey = (counts.get(keyId) ?? 0) + 1;
      counts.set(keyId, ofKey);
      if (place >= ended || ofKey > endedPerKey || this.#now() - endedAtMs >= keptMs)
        this.#operations.delete(operationId);
    });
  }
}

/** Whether a header Prefer asks not to be waited for (RFC 7240, 4.1). */
export const prefersAsync = (prefer: string | readonly string[] | undefined): boolean =>
  [prefer ?? '']
    .flat()
    .join(',')
    .split(',')
    .some((one) => one.split(';')[0]?.trim().toLowerCase() === 'respond-async');
