// Traces of requests, from the caller over the gateway to its ledger and its trainer, and of what the trainer does by
// itself, for whoever collects OpenTelemetry (OTLP over HTTP, as JSON). Off unless the operator names a collector.
//
// A span says which route, which transaction or action and what came of it; never a path with its values, a header, a
// body, a key or a person: `ATTRIBUTES` is all there is. What the collector does not take is dropped, and slows no
// request.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** Every attribute that a span may have, by the names of OpenTelemetry where it has one. */
export const ATTRIBUTES = [
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'consilium.role',
  'consilium.request_id',
  'consilium.transaction',
  'consilium.action',
  'consilium.outcome',
] as const;
/** What a span says, each by its name in `ATTRIBUTES`. */
export type Attributes = Partial<Record<(typeof ATTRIBUTES)[number], string | number>>;

/** A place in a trace: hexadecimal, as in `traceparent`. */
export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
}

/** What a program traces, and how it ended. */
interface EndedSpan extends SpanContext {
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Attributes;
  readonly isError: boolean;
}

/** Kinds of OTLP: what a program does by itself, what is asked of it, and what it asks of others. */
export const SPAN_KINDS = { internal: 1, server: 2, client: 3 } as const;

/** Where spans go, and whose they are. */
export interface TracerOptions {
  /** The program, such as consilium-gateway. */
  readonly service: string;
  /** Where the collector takes traces, such as http://127.0.0.1:4318/v1/traces. */
  readonly endpoint: URL;
  readonly mspId: string;
  readonly version: string;
  /** Called once, where the collector does not take what it is sent. */
  readonly warn: (error: unknown) => void;
  readonly fetch?: typeof fetch;
  readonly nowMs?: () => number;
}

/** The address of a collector in a setting; undefined where it is none, or has a user or a password in it. */
export function collectorAt(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  // Nothing is sent to an address that has one, and the log would quote it.
  return url.username === '' && url.password === '' ? url : undefined;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
/** What a span's outcome is where nothing was thrown. */
const OK = 'ok';
const SENT_AT_ONCE = 200;
/** As many wait for a collector that is slow or away; older ones are dropped. */
const WAITING_MAX = 2_000;
const SEND_EVERY_MS = 2_000;
const SEND_TIMEOUT_MS = 5_000;

/** The place that a caller's `traceparent` names (W3C Trace Context); undefined where it names none. */
export function contextIn(traceparent: unknown): SpanContext | undefined {
  const [, traceId, spanId] = TRACEPARENT.exec(typeof traceparent === 'string' ? traceparent : '') ?? [];
  if (traceId === undefined || spanId === undefined || traceId === NO_TRACE || spanId === NO_SPAN) {
    return undefined;
  }
  return { traceId, spanId };
}

const current = new AsyncLocalStorage<SpanContext | undefined>();

/** What to send on as `traceparent`; undefined where nothing is traced. */
export function traceparentNow(): string | undefined {
  const context = current.getStore();
  return context && `00-${context.traceId}-${context.spanId}-01`;
}

/** A span that goes on. */
export class Span implements SpanContext {
  readonly traceId: string;
  readonly spanId = randomBytes(8).toString('hex');
  readonly #parentSpanId: string | undefined;
  readonly #end: (span: EndedSpan) => void;
  readonly #of: { readonly name: string; readonly kind: number; readonly startNs: bigint };
  readonly #nowNs: () => bigint;

  constructor(of: {
    readonly name: string;
    readonly kind: number;
    readonly parent: SpanContext | undefined;
    readonly nowNs: () => bigint;
    readonly end: (span: EndedSpan) => void;
  }) {
    this.traceId = of.parent?.traceId ?? randomBytes(16).toString('hex');
    this.#parentSpanId = of.parent?.spanId;
    this.#of = { name: of.name, kind: of.kind, startNs: of.nowNs() };
    this.#nowNs = of.nowNs;
    this.#end = of.end;
  }

  end(attributes: Attributes, isError: boolean): void {
    this.#end({
      traceId: this.traceId,
      spanId: this.spanId,
      parentSpanId: this.#parentSpanId,
      ...this.#of,
      endNs: this.#nowNs(),
      attributes,
      isError,
    });
  }
}

/** Begins spans, and sends those that ended. */
export class Tracer {
  readonly #options: Required<TracerOptions>;
  #waiting: EndedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #hasWarned = false;

  constructor(options: TracerOptions) {
    this.#options = { fetch, nowMs: Date.now, ...options };
  }

  /** Begins a span below the one that is current, or below `parent`. */
  begin(name: string, kind: number, parent: SpanContext | undefined = current.getStore()): Span {
    const nowNs = () => BigInt(Math.round(this.#options.nowMs() * 1e6));
    return new Span({ name, kind, parent, nowNs, end: (span) => this.#ended(span) });
  }

  /** Runs what belongs to a span, or to none. */
  within<T>(span: SpanContext | undefined, work: () => T): T {
    return current.run(span, work);
  }

  /**
   * Runs what is a span of its own, below the current one.
   *
   * @param outcomeOf the code of what the work threw
   * @throws what the work throws
   */
  async around<T>(
    {
      name,
      kind,
      attributes = {},
      outcomeOf,
    }: {
      readonly name: string;
      readonly kind: number;
      readonly attributes?: Attributes;
      readonly outcomeOf: (error: unknown) => string;
    },
    work: () => Promise<T>,
  ): Promise<T> {
    const span = this.begin(name, kind);
    const end = (outcome: string) => {
      span.end({ ...attributes, 'consilium.outcome': outcome }, outcome !== OK);
    };
    try {
      const result = await this.within(span, work);
      end(OK);
      return result;
    } catch (error) {
      end(outcomeOf(error));
      throw error;
    }
  }

  /** Sends what waits, unless the collector does not take it. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#send(1);
  }

  #ended(span: EndedSpan): void {
    this.#waiting.push(span);
    if (this.#waiting.length > WAITING_MAX) this.#waiting.shift();
    this.#timer ??= setTimeout(() => void this.#send(), SEND_EVERY_MS).unref();
  }

  /** As long as so many wait and the collector takes them: a busy program has more than go in one message. */
  async #send(least = SENT_AT_ONCE): Promise<void> {
    this.#timer = undefined;
    let isTaken = true;
    do isTaken = await this.#sendSome();
    while (isTaken && this.#waiting.length >= least);
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => void this.#send(), SEND_EVERY_MS).unref();
  }

  /** @returns whether the collector took them */
  async #sendSome(): Promise<boolean> {
    const spans = this.#waiting.splice(0, SENT_AT_ONCE);
    if (spans.length === 0) return true;
    try {
      const answer = await this.#options.fetch(this.#options.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(this.#exported(spans)),
        redirect: 'error',
        signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
      });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`the collector answers ${answer.status}`);
      this.#hasWarned = false;
      return true;
    } catch (error) {
      if (!this.#hasWarned) this.#options.warn(error);
      this.#hasWarned = true;
      return false;
    }
  }

  /** OTLP 1.x, `ExportTraceServiceRequest` as JSON. */
  #exported(spans: readonly EndedSpan[]): object {
    const { service, mspId, version } = this.#options;
    const resource = {
      'service.name': service,
      'service.version': version,
      'consilium.msp': mspId,
    };
    return {
      resourceSpans: [
        {
          resource: { attributes: attributesOf(resource) },
          scopeSpans: [
            {
              scope: { name: service, version },
              spans: spans.map((span) => ({
                traceId: span.traceId,
                spanId: span.spanId,
                ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
                name: span.name,
                kind: span.kind,
                startTimeUnixNano: String(span.startNs),
                endTimeUnixNano: String(span.endNs),
                attributes: attributesOf(onlyKnown(span.attributes)),
                status: { code: span.isError ? 2 : 1 },
              })),
            },
          ],
        },
      ],
    };
  }
}

/** Whatever a caller of `end` gives. */
const onlyKnown = (attributes: Attributes): Attributes =>
  Object.fromEntries(
    ATTRIBUTES.flatMap((name) => (attributes[name] === undefined ? [] : [[name, attributes[name]]])),
  );

const attributesOf = (attributes: Readonly<Record<string, string | number | undefined>>) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: String(value) },
  }));
