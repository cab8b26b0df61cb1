// How Kubo answers: JSON objects one a line, or a stream of bytes. An error before the first byte is a 500
// with a body; after it, the status is sent already, so the error goes in the X-Stream-Error trailer and the
// body is short. Clients that ignore trailers must check the length, which is why the trainer does.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { KuboBadRequest, kuboErrorBody, kuboMessageOf } from './kubo-error.ts';

const EXPOSED_HEADERS = 'X-Stream-Output, X-Chunked-Output, X-Content-Length';

const PLAIN_HEADERS = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };

export class RpcResponse {
  readonly #http: ServerResponse;

  constructor(http: ServerResponse) {
    this.#http = http;
  }

  /** One object of a stream of them. */
  async line(value: unknown): Promise<void> {
    if (!this.#http.headersSent) this.#start('application/json', { 'X-Chunked-Output': '1' });
    await this.#write(`${JSON.stringify(value)}\n`);
  }

  async only(value: unknown): Promise<void> {
    this.#start('application/json', {});
    await this.#write(`${JSON.stringify(value)}\n`);
  }

  async bytes(content: {
    readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
    readonly type: string;
    readonly sizeBytes?: number;
  }): Promise<void> {
    const length = content.sizeBytes === undefined ? {} : { 'X-Content-Length': String(content.sizeBytes) };
    this.#start(content.type, { 'X-Stream-Output': '1', ...length });
    for await (const chunk of content.chunks) await this.#write(chunk);
  }

  empty(status: number, headers: Record<string, string>): void {
    this.#http.writeHead(status, headers);
    this.#http.end();
  }

  end(): void {
    if (this.#http.writableEnded) return;
    if (!this.#http.headersSent) this.#start('application/json', { 'X-Chunked-Output': '1' });
    this.#http.end();
  }

  /** Answers with the error. The answer is complete at once; the exchange ends when `before` has run. */
  async fail(error: unknown, before: () => Promise<unknown> = async () => {}): Promise<void> {
    const message = kuboMessageOf(error);
    if (this.#http.headersSent) {
      this.#http.addTrailers({ 'X-Stream-Error': message.replaceAll(/[^\x20-\x7e]/g, ' ') });
      this.#http.end();
      return;
    }
    const [status, type, body] =
      error instanceof KuboBadRequest
        ? [400, PLAIN_HEADERS, `${message}\n`]
        : [500, { ...commonHeaders(), 'Content-Type': 'application/json' }, kuboErrorBody(message)];
    this.#http.writeHead(status, { ...type, 'Content-Length': Buffer.byteLength(body) });
    this.#http.write(body);
    await before();
    this.#http.end();
  }

  plain(status: number, text: string, headers: Record<string, string> = {}): void {
    this.#http.writeHead(status, { ...PLAIN_HEADERS, ...headers });
    this.#http.end(`${text}\n`);
  }

  #start(contentType: string, headers: Record<string, string>): void {
    this.#http.writeHead(200, {
      ...commonHeaders(),
      Trailer: 'X-Stream-Error',
      'Content-Type': contentType,
      ...headers,
    });
    this.#http.flushHeaders();
  }

  async #write(chunk: string | Uint8Array): Promise<void> {
    if (this.#http.destroyed) throw new Error('the client has gone away');
    if (this.#http.write(chunk)) return;
    const settled = new AbortController();
    const { signal } = settled;
    try {
      await Promise.race([once(this.#http, 'drain', { signal }), once(this.#http, 'close', { signal })]);
    } finally {
      settled.abort();
    }
  }
}

function commonHeaders(): Record<string, string> {
  return {
    'Access-Control-Allow-Headers': EXPOSED_HEADERS,
    'Access-Control-Expose-Headers': EXPOSED_HEADERS,
    Vary: 'Origin',
  };
}
