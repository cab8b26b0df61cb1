// A gateway's API by the names of its operations. What may be sent again is, a few times: reads, and submissions with
// an Idempotency-Key, which the gateway carries out once however often it gets them.
import { type Api, ROUTES } from './api.generated.ts';
import { EventStreamParser, type LedgerEvent } from './event-stream.ts';
import { NoAnswerError, ProblemError, problemIn } from './problems.ts';

/** The name of an operation. */
export type OperationName = keyof Api;

/** How a client reaches its gateway. */
export interface ClientOptions {
  /** Where the gateway is, without a path. */
  readonly url: string;
  /** An API key, or an access token. Absent on a gateway's own page, where the browser sends its cookie. */
  readonly key?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a request is sent at most that may be sent again; 3 where absent. */
  readonly attempts?: number;
  /** How long to wait for an answer; 60 s where absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
}

type Given<Field extends string, T> = undefined extends T
  ? { readonly [F in Field]?: T }
  : Record<string, never> extends T
    ? { readonly [F in Field]?: T }
    : { readonly [F in Field]: T };

/** What an operation is given: its places in the path, its query and its body, those that it has. */
export type Request<N extends OperationName> = Given<'path', Api[N]['path']> &
  Given<'query', Api[N]['query']> &
  Given<'body', Api[N]['body']> &
  RequestOptions;

/** What every request may have beside. */
export interface RequestOptions {
  /** Names a submission, so that it is carried out once; without one it is sent once. */
  readonly idempotencyKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A request by its path, as the client sends it. */
export interface RawRequest extends RequestOptions {
  readonly method: string;
  /** With its prefix and query. */
  readonly target: string;
  readonly body?: unknown;
}

const ATTEMPTS = 3;
const TIMEOUT_MS = 60_000;
const PAUSE_MS = { first: 250, most: 30_000 } as const;
/** After these the same request may be answered. */
const PASSING = new Set([429, 503, 504]);

/**
 * Path and query of an operation, each value as one part of it, a list as one for each entry.
 *
 * @throws RangeError for a place that is not given
 */
export function targetOf<N extends OperationName>(
  name: N,
  request: Pick<Request<N>, 'path' | 'query'>,
): string {
  const { path = {}, query = {} } = request as { path?: Values; query?: Values };
  const filled = ROUTES[name].path.replaceAll(/\{(\w+)\}/g, (_, place: string) => {
    if (path[place] === undefined) throw new RangeError(`${name} needs ${place}`);
    return encodeURIComponent(String(path[place]));
  });
  const given = Object.entries(query).flatMap(([field, value]) =>
    [value]
      .flat()
      .filter((one) => one !== undefined)
      .map((one): [string, string] => [field, String(one)]),
  );
  return given.length === 0 ? filled : `${filled}?${new URLSearchParams(given)}`;
}
type Values = Readonly<Record<string, unknown>>;

/** A gateway, asked with one key. */
export class Client {
  readonly #base: string;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#base = options.url.replace(/\/+$/, '');
    this.#options = options;
  }

  /** Carries out an operation. @throws ProblemError or NoAnswerError */
  async call<N extends OperationName>(
    name: N,
    ...[request]: Record<string, never> extends Request<N> ? [request?: Request<N>] : [request: Request<N>]
  ): Promise<Api[N]['answer']> {
    const { path, query, ...rest } = (request ?? {}) as RequestOptions & Record<'path' | 'query', Values>;
    const target = targetOf(name, { path, query } as never);
    const response = await this.send({ ...rest, method: ROUTES[name].method, target });
    if (response.status === 204) return undefined as Api[N]['answer'];
    const type = response.headers.get('content-type') ?? '';
    if (/^(text\/|application\/x-ndjson)/.test(type)) return (await response.text()) as Api[N]['answer'];
    if (!type.startsWith('application/octet-stream')) return (await response.json()) as Api[N]['answer'];
    return new Uint8Array(await response.arrayBuffer()) as Api[N]['answer'];
  }

  /** Every item of a list, page by page. */
  async *items<N extends ListName>(name: N, request: Omit<Request<N>, 'body'>): AsyncGenerator<Item<N>> {
    let bookmark: string | undefined;
    do {
      const { query, ...rest } = request as { query?: object };
      const asked = { ...rest, query: { ...query, ...(bookmark !== undefined && { bookmark }) } };
      const page = (await this.call(name, ...([asked] as never))) as Page<Item<N>>;
      yield* page.items;
      bookmark = page.bookmark;
    } while (bookmark !== undefined && bookmark !== '');
  }

  /**
   * Sends a request and reads its whole answer, again where it may be sent again and nobody could answer.
   *
   * @throws ProblemError for every answer that is not one of success; NoAnswerError where none came
   */
  async send(request: RawRequest): Promise<Response> {
    const { attempts = ATTEMPTS, signal } = this.#options;
    const most = request.method === 'GET' || request.idempotencyKey !== undefined ? attempts : 1;
    for (let attempt = 1; ; attempt += 1) {
      let waitMs = Math.min(PAUSE_MS.first * 2 ** (attempt - 1), PAUSE_MS.most);
      try {
        const response = await this.#once(request);
        if (response.ok) return response;
        const later = Number(response.headers.get('retry-after') ?? 0) * 1000;
        waitMs = Math.min(Math.max(waitMs, later), PAUSE_MS.most);
        const problem = problemIn(response.status, await response.text());
        throw new ProblemError(`${request.method} ${request.target}`, problem);
      } catch (error) {
        const passes =
          error instanceof ProblemError ? PASSING.has(error.status) : error instanceof NoAnswerError;
        if (!passes || attempt >= most) throw error;
      }
      const signals = [signal, request.signal].filter((one) => one !== undefined);
      await pause(waitMs, AbortSignal.any(signals));
    }
  }

  /**
   * Events of the ledger from a block on, or after an event: until the signal aborts, or the connection ends.
   *
   * @throws ProblemError or NoAnswerError where the stream does not begin
   */
  async *events(from: EventStart = {}): AsyncGenerator<LedgerEvent> {
    const { fetch: send = fetch, signal } = this.#options;
    const query = new URLSearchParams(from.block === undefined ? {} : { from: String(from.block) });
    const target = `${EVENTS}${query.size > 0 ? `?${query}` : ''}`;
    const signals = [signal, from.signal].filter((one) => one !== undefined);
    const response = await send(`${this.#base}${target}`, {
      headers: {
        accept: 'text/event-stream',
        ...this.#identity(),
        ...(from.after !== undefined && { 'last-event-id': from.after }),
      },
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    }).catch((cause: unknown) => {
      throw new NoAnswerError(`GET ${EVENTS}`, cause);
    });
    if (!response.ok || response.body === null) {
      throw new ProblemError(`GET ${EVENTS}`, problemIn(response.status, await response.text()));
    }
    from.onConnected?.();
    const parser = new EventStreamParser();
    for await (const text of piecesOf(response.body)) {
      from.onBytes?.();
      yield* parser.push(text);
    }
  }

  #identity(): Record<string, string> {
    const { key, headers } = this.#options;
    return { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers };
  }

  async #once({ method, target, body, headers, idempotencyKey, ...own }: RawRequest): Promise<Response> {
    const { fetch: send = fetch, signal, timeoutMs = TIMEOUT_MS } = this.#options;
    // The only bodies that are text are files of lines, as statements of witnesses.
    const isFile = typeof body === 'string';
    const signals = [signal, own.signal, AbortSignal.timeout(own.timeoutMs ?? timeoutMs)];
    try {
      const response = await send(`${this.#base}${target}`, {
        method,
        headers: {
          accept: 'application/json, application/octet-stream;q=0.9, */*;q=0.1',
          ...this.#identity(),
          ...(body !== undefined && { 'content-type': isFile ? 'application/x-ndjson' : 'application/json' }),
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
          ...headers,
        },
        ...(body !== undefined && { body: isFile ? body : JSON.stringify(body) }),
        signal: AbortSignal.any(signals.filter((one) => one !== undefined)),
      });
      // Read here, so that a connection that breaks half way is named as well.
      const bytes = await response.arrayBuffer();
      const whole = response.status === 204 || response.status === 304 ? null : bytes;
      return new Response(whole, { status: response.status, headers: response.headers });
    } catch (cause) {
      signal?.throwIfAborted();
      own.signal?.throwIfAborted();
      throw new NoAnswerError(`${method} ${target}`, cause);
    }
  }
}

/** Waits, unless the signal aborts. Browsers have no other timer than this one. */
function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => {
    clearTimeout(timer);
    reject(signal.reason);
  };
  const timer = setTimeout(() => {
    signal.removeEventListener('abort', stop);
    resolve();
  }, waitMs);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return promise;
}

/** What a body says, piece by piece: by a reader, since not every browser iterates a stream. */
async function* piecesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Where a stream of events begins; the next block where neither is given. */
export interface EventStart {
  readonly block?: number;
  /** The id of the last event that was seen. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal;
  /** Called when the stream has begun. */
  readonly onConnected?: () => void;
  /** Called for each piece, also for signs of life without an event. */
  readonly onBytes?: () => void;
}

/** The only operation whose answer has no end, and so no type. */
const EVENTS = ROUTES.streamEvents.path;

interface Page<T> {
  readonly items: readonly T[];
  readonly bookmark?: string;
}
/** Operations that answer lists in pages. */
export type ListName = {
  [N in OperationName]: Api[N]['answer'] extends { readonly items: readonly unknown[] } ? N : never;
}[OperationName];
/** An item of such a list. */
export type Item<N extends ListName> = Api[N]['answer'] extends Page<infer T> ? T : never;
