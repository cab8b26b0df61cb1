// The gateway's events (SSE), which wake this trainer. They carry no facts that are relied on: after each the
// state is read again, so that a lost or repeated event costs a little time and nothing else.

import { setTimeout as sleep } from 'node:timers/promises';
import { API_PREFIX, GATEWAY_PATHS } from '@consilium/domain';

export interface LedgerEvent {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Parses a text/event-stream (WHATWG HTML, section 9.2.6), as it arrives in pieces. */
export class EventStreamParser {
  #buffer = '';
  #name = '';
  #data: string[] = [];
  #lastId: string | undefined;

  /** Bound on one line: a stream that never ends a line is not an event stream. */
  static readonly maxLineLength = 1 << 20;

  get lastEventId(): string | undefined {
    return this.#lastId;
  }

  push(text: string): LedgerEvent[] {
    this.#buffer += text;
    const events: LedgerEvent[] = [];
    for (;;) {
      const end = this.#buffer.search(/\r\n|\n|\r(?=.)/s);
      if (end < 0) break;
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + (this.#buffer.startsWith('\r\n', end) ? 2 : 1));
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    if (this.#buffer.length > EventStreamParser.maxLineLength) throw new RangeError('event line too long');
    return events;
  }

  #line(line: string): LedgerEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#name = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#lastId = value;
    return undefined;
  }

  #dispatch(): LedgerEvent | undefined {
    const [name, lines] = [this.#name || 'message', this.#data];
    this.#name = '';
    this.#data = [];
    if (lines.length === 0) return undefined;
    let data: unknown;
    try {
      data = JSON.parse(lines.join('\n'));
    } catch {
      data = undefined;
    }
    return { id: this.#lastId, name, data: typeof data === 'object' && data !== null ? { ...data } : {} };
  }
}

export interface EventsOptions {
  readonly url: string;
  readonly key: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: LedgerEvent) => void;
  /** Called after each connection is made, the first included: something may have been missed. */
  readonly onConnected: () => void;
  readonly onDisconnected: (cause: unknown) => void;
  readonly minPauseMs?: number;
  readonly maxPauseMs?: number;
  readonly idleTimeoutMs?: number;
}

/** Follows the events until the signal aborts, reconnecting with Last-Event-ID and growing pauses. */
export async function followEvents(options: EventsOptions): Promise<void> {
  const { url, key, signal, minPauseMs = 500, maxPauseMs = 15_000, idleTimeoutMs = 120_000 } = options;
  let lastEventId: string | undefined;
  let pauseMs = minPauseMs;
  while (!signal.aborted) {
    const idle = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const restart = () => {
      clearTimeout(timer);
      timer = setTimeout(() => idle.abort(new Error('no sign of life from the event stream')), idleTimeoutMs);
      timer.unref();
    };
    try {
      restart();
      const response = await fetch(`${url.replace(/\/+$/, '')}${API_PREFIX}${GATEWAY_PATHS.events}`, {
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${key}`,
          ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
        },
        signal: AbortSignal.any([signal, idle.signal]),
      });
      if (!response.ok || response.body === null) throw new Error(`event stream: HTTP ${response.status}`);
      options.onConnected();
      const parser = new EventStreamParser();
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        restart();
        pauseMs = minPauseMs;
        for (const event of parser.push(text)) options.onEvent(event);
        lastEventId = parser.lastEventId ?? lastEventId;
      }
      throw new Error('event stream ended');
    } catch (error) {
      if (signal.aborted) return;
      options.onDisconnected(error);
    } finally {
      clearTimeout(timer);
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(maxPauseMs, pauseMs * 2);
  }
}
