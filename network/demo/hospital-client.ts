// One hospital's gateway as its own systems use it: HTTP with an API key per role, problem details as errors,
// and patience while a part of the hospital is being restarted.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  type LedgerEvent as ClientEvent,
  NO_PROBLEM,
  NoAnswerError,
  ProblemError,
} from '@consilium/client';
import { API_PREFIX } from '@consilium/domain';

export type ClientRole = 'operator' | 'steward' | 'researcher' | 'auditor';

/** A part is not there for a moment; the outcome is not known, which the same request with the same key asks for. */
const PASSING = new Set([503, 504]);

export class GatewayProblemError extends Error {
  override readonly name = 'GatewayProblemError';
  readonly status: number;
  readonly code: string;

  constructor(request: string, problem: { status: number; code: string; detail: string }) {
    super(`${request}: ${problem.code} (${problem.status}): ${problem.detail}`);
    this.status = problem.status;
    this.code = problem.code;
  }
}

/** What of an event is shown. */
export type LedgerEvent = Pick<ClientEvent, 'name' | 'data'>;

export interface ClientOptions {
  readonly url: string;
  readonly keys: Readonly<Record<ClientRole, string>>;
  readonly signal?: AbortSignal;
  /** How long a request is repeated while the gateway, its trainer or its peer does not answer. */
  readonly patienceMs?: number;
}

const TIMEOUT_MS = 120_000;
const PATIENCE_MS = 30_000;
const RETRY_MS = 500;
const LAG_MS = 100;

export class HospitalClient {
  readonly url: string;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.url = options.url;
    this.#options = options;
  }

  get<T>(path: string, role: ClientRole = 'auditor'): Promise<T> {
    return this.#json('GET', path, role) as Promise<T>;
  }

  /** A row that another hospital has written: this one's peer may be a block behind, and says that there is none. */
  async getOnceThere<T>(path: string): Promise<T> {
    const { signal, patienceMs = PATIENCE_MS } = this.#options;
    const deadline = Date.now() + patienceMs;
    for (;;) {
      try {
        return await this.get<T>(path);
      } catch (error) {
        const isMissing = error instanceof GatewayProblemError && error.status === 404;
        if (!isMissing || Date.now() > deadline) throw error;
      }
      await pause(LAG_MS, signal);
    }
  }

  post<T>(path: string, role: ClientRole, body: unknown = {}): Promise<T> {
    return this.#json('POST', path, role, body) as Promise<T>;
  }

  /** Every row of a paged list. */
  async list<T>(path: string): Promise<T[]> {
    const rows: T[] = [];
    let bookmark: string | undefined;
    do {
      const query = new URLSearchParams({ limit: '100', ...(bookmark && { bookmark }) });
      const page = await this.get<{ items: T[]; bookmark?: string }>(`${path}?${query}`);
      rows.push(...page.items);
      bookmark = page.bookmark;
    } while (bookmark);
    return rows;
  }

  async bytes(path: string): Promise<{ readonly bytes: Uint8Array; readonly headers: Headers }> {
    const response = await this.#fetch('GET', path, 'auditor');
    return { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers };
  }

  /** The ledger's events from a block on, until the signal aborts or the stream ends. */
  events({
    from,
    signal,
  }: {
    readonly from: number;
    readonly signal: AbortSignal;
  }): AsyncGenerator<LedgerEvent> {
    return this.#client('auditor').events({ block: from, signal });
  }

  async #json(method: string, path: string, role: ClientRole, body?: unknown): Promise<unknown> {
    return (await this.#fetch(method, path, role, body)).json();
  }

  /** A repeated POST has the key of the first, so that it is one transaction however often it is sent. */
  async #fetch(method: string, path: string, role: ClientRole, body?: unknown): Promise<Response> {
    const { signal, patienceMs = PATIENCE_MS } = this.#options;
    const client = this.#client(role);
    const request = {
      ...{ method, target: `${API_PREFIX}${path}`, timeoutMs: TIMEOUT_MS },
      ...(body !== undefined && { body, idempotencyKey: randomUUID() }),
    };
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const late = Date.now() > deadline;
      try {
        return await client.send(request);
      } catch (error) {
        const named = `${method} ${path}`;
        if (error instanceof ProblemError && (!PASSING.has(error.status) || late)) {
          const { status, code, problem } = error;
          const known = code === NO_PROBLEM ? 'NO_PROBLEM_DETAILS' : code;
          throw new GatewayProblemError(named, { status, code: known, detail: problem.detail });
        }
        if (error instanceof NoAnswerError && late) {
          throw new Error(`${named}: ${this.url} does not answer`, { cause: error.cause });
        }
        if (!(error instanceof ProblemError || error instanceof NoAnswerError)) throw error;
      }
      await pause(RETRY_MS, signal);
    }
  }

  /** How often and how long is decided here. */
  #client(role: ClientRole): Client {
    const { keys, signal } = this.#options;
    return new Client({
      url: this.url,
      key: keys[role],
      attempts: 1,
      ...(signal !== undefined && { signal }),
    });
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  signal?.throwIfAborted();
}
