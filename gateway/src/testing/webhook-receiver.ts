// A system of the hospital that takes webhooks over TLS, and answers as a test wants it to.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TestAuthority } from './test-certificates.ts';

/** One request as it came. */
export interface Received {
  readonly path: string;
  readonly id: string;
  readonly timestamp: string;
  readonly signatures: readonly string[];
  readonly body: string;
}

/** What to answer; nothing, ever, where it is undefined. */
export type Answers = (received: Received, number: number) => number | Record<string, string> | undefined;

export class WebhookReceiver {
  readonly authority: string;
  readonly received: Received[] = [];
  readonly #server: Server;
  #answers: Answers = () => 204;
  #looks = new Set<() => void>();
  open = 0;

  private constructor(server: Server, authority: string) {
    this.#server = server;
    this.authority = authority;
  }

  static async start(): Promise<WebhookReceiver> {
    const authority = await TestAuthority.create('hospital');
    const { cert, key } = await authority.issue('receiver');
    const server = createServer({ cert, key });
    const own = new WebhookReceiver(server, authority.pem);
    server.on('request', (request, response) => void own.#take(request, response));
    server.on('connection', (socket) => {
      own.open += 1;
      socket.on('close', () => {
        own.open -= 1;
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return own;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  url(path = '/hook'): string {
    return `https://${this.host}${path}`;
  }

  answer(answers: Answers): void {
    this.#answers = answers;
  }

  /** Waits for what came to fit. */
  async until(fits: (received: readonly Received[]) => boolean): Promise<readonly Received[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (fits(this.received)) resolve();
    };
    this.#looks.add(look);
    look();
    await promise;
    this.#looks.delete(look);
    return this.received;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    request.on('error', () => {});
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      return;
    }
    const { headers, url = '' } = request;
    const received = {
      path: url,
      id: String(headers['webhook-id']),
      timestamp: String(headers['webhook-timestamp']),
      signatures: String(headers['webhook-signature']).split(' '),
      body,
    };
    this.received.push(received);
    const answer = this.#answers(received, this.received.length);
    for (const look of [...this.#looks]) look();
    if (answer === undefined) return;
    if (typeof answer === 'number') response.writeHead(answer).end('a secret of the receiver');
    else response.writeHead(Number(answer.status ?? 503), answer).end();
  }
}
