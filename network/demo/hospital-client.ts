// One hospital's gateway as its own systems use it: HTTP with an API key per role, problem details as errors,
// and patience while a part of the hospital is being restarted.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_PREFIX, GATEWAY_PATHS } from '@consilium/domain';

export type ClientRole = 'operator' | 'steward' | 'researcher' | 'auditor';

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
      const query = new URLSearchParams({ pageSize: '100', ...(bookmark && { bookmark }) });
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
  async *events({ from, signal }: { readonly from: number; readonly signal: AbortSignal }) {
    const response = await fetch(`${this.url}${API_PREFIX}${GATEWAY_PATHS.events}?from=${from}`, {
      headers: this.#headers('auditor'),
      signal,
    });
    if (!response.ok || response.body === null)
      throw await problemOf(`GET ${GATEWAY_PATHS.events}`, response);
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) {
        const event = parseEvent(message);
        if (event !== undefined) yield event;
      }
    }
  }

  async #json(method: string, path: string, role: ClientRole, body?: unknown): Promise<unknown> {
    return (await this.#fetch(method, path, role, body)).json();
  }

  /** A repeated POST has the key of the first, so that it is one transaction however often it is sent. */
  async #fetch(method: string, path: string, role: ClientRole, body?: unknown): Promise<Response> {
    const { signal, patienceMs = PATIENCE_MS } = this.#options;
    const headers: Record<string, string> = this.#headers(role);
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      headers['idempotency-key'] = randomUUID();
    }
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
      const late = Date.now() > deadline;
      try {
        const response = await fetch(`${this.url}${API_PREFIX}${path}`, { ...init, signal: either });
        if (response.ok) return response;
        const problem = await problemOf(`${method} ${path}`, response);
        if (problem.status !== 503 || late) throw problem;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof GatewayProblemError) throw error;
        if (late) throw new Error(`${method} ${path}: ${this.url} does not answer`, { cause: error });
      }
      await pause(RETRY_MS, signal);
    }
  }

  #headers(role: ClientRole): Record<string, string> {
    return { authorization: `Bearer ${this.#options.keys[role]}` };
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  signal?.throwIfAborted();
}

export interface LedgerEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One server-sent event; undefined for comments and retry lines. */
export function parseEvent(message: string): LedgerEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of message.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
  }
  const name = fields.get('event');
  const data = fields.get('data');
  return name === undefined || data === undefined ? undefined : { name, data: JSON.parse(data) };
}

async function problemOf(request: string, response: Response): Promise<GatewayProblemError> {
  const text = await response.text();
  let problem: { code?: string; detail?: string } = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // Not problem details: something else answered.
  }
  const { code = 'NO_PROBLEM_DETAILS', detail = text.slice(0, 300) } = problem;
  return new GatewayProblemError(request, { status: response.status, code, detail });
}
