// Server-sent events (WHATWG HTML, section 9.2.6), as they arrive in pieces.

/** One event of the ledger. */
export interface LedgerEvent {
  /** For Last-Event-ID: where a stream goes on after it. */
  readonly id: string | undefined;
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads a stream of events piece by piece. */
export class EventStreamParser {
  #buffer = '';
  #name = '';
  #data: string[] = [];
  #lastId: string | undefined;

  /** Bound on one line: a stream that never ends a line is not an event stream. */
  static readonly maxLineLength = 1 << 20;

  /** The id of the last event that had one. */
  get lastEventId(): string | undefined {
    return this.#lastId;
  }

  /** The events that end in this piece. @throws RangeError for a line without end */
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
