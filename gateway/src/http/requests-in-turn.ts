// How many requests of one caller are worked on at once. Others of the same caller wait in a line of their own: whoever
// sends hundreds at once, on many connections or one behind the other on one, takes neither the peer's places (a real
// one serves 500 calls of clients at once) nor this process from others, and is served all the same.
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Limits } from '../config.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { bearerOf } from './api-keys.ts';
import { unauthenticated } from './authentication.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** It stays open, and is limited otherwise. */
    readonly outOfTurn?: true;
  }
}

/** Of one caller; more get 429. */
const WAITING_MAX = 1_000;
const AGAIN_SECONDS = '1';

/** Who is worked for and who waits, of one caller. */
class Line {
  working = 0;
  readonly #waiting = new Set<() => void>();

  get length(): number {
    return this.#waiting.size;
  }

  /** Resolves when it is its turn; whether it still wanted one. */
  async wait(response: ServerResponse): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const begin = () => resolve(true);
    const leave = () => {
      this.#waiting.delete(begin);
      resolve(false);
    };
    this.#waiting.add(begin);
    response.once('close', leave);
    const hasTurn = await promise;
    response.off('close', leave);
    return hasTurn;
  }

  /** Passes the place to who waited longest, or gives it up. */
  next(): void {
    const [begin] = this.#waiting;
    if (begin === undefined) {
      this.working -= 1;
      return;
    }
    this.#waiting.delete(begin);
    begin();
  }
}

/** Limits requests at once of a key, or of a person with several, before a body is read. */
export function takeTurns(
  app: FastifyInstance,
  { requestsAtOncePerKey: places }: Pick<Limits, 'requestsAtOncePerKey'>,
): void {
  const lines = new Map<string, Line>();
  app.addHook('preParsing', async (request, reply) => {
    const { apiKey, keyHolds, routeOptions } = request;
    if (apiKey === null || routeOptions.config.outOfTurn === true) return;
    const who = bearerOf(apiKey);
    const line = lines.get(who) ?? new Line();
    lines.set(who, line);
    const leave = () => {
      line.next();
      if (line.working === 0) lines.delete(who);
    };
    if (line.working < places) line.working += 1;
    else {
      if (line.length >= WAITING_MAX) {
        reply.header('retry-after', AGAIN_SECONDS);
        throw new GatewayRefusal('RATE_LIMITED');
      }
      if (!(await line.wait(reply.raw))) {
        reply.hijack();
        return;
      }
    }
    if (reply.raw.closed || reply.raw.destroyed) {
      leave();
      reply.hijack();
      return;
    }
    reply.raw.once('close', leave);
    if (keyHolds?.() === false) throw unauthenticated('the key ended while its request waited');
  });
}
