// One attempt to deliver one event: an answer of 2xx within the time is a delivery, everything else is not. Nothing of
// the answer but its status and Retry-After is looked at, and none of it is kept.

import { request } from 'node:https';
import type { BlockList } from 'node:net';
import { isIP } from 'node:net';
import { signedHeaders } from './webhook-signature.ts';
import { addressOf, type Resolve } from './webhook-targets.ts';

export interface WebhookAttempt {
  readonly url: string;
  readonly id: string;
  readonly body: string;
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
}

export type AttemptResult =
  | { readonly delivered: true }
  | {
      readonly delivered: false;
      /** In words of ours: nothing that the other side wrote. */
      readonly problem: string;
      /** The other side wants no more at all. */
      readonly isGone?: boolean;
      /** The other side asks to be left alone for so long. */
      readonly retryAfterMs?: number;
    };

export interface SendOptions {
  readonly timeoutMs: number;
  readonly allowed: BlockList;
  /** Authorities in place of those that Node trusts, in PEM; those if absent. */
  readonly authorities?: string | undefined;
  readonly resolve?: Resolve | undefined;
  readonly now?: () => number;
}

export type SendWebhook = (attempt: WebhookAttempt) => Promise<AttemptResult>;

const RETRY_AFTER_SECONDS_MAX = 86_400;

/** Sends over TLS to an address that was checked; follows no redirect. */
export function webhookSender(options: SendOptions): SendWebhook {
  const { timeoutMs, allowed, resolve, authorities, now = Date.now } = options;
  return async ({ url, id, body, secrets, signal }) => {
    const timed = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const failed = (error: unknown): AttemptResult => ({
      delivered: false,
      problem: timed.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error),
    });
    try {
      const { hostname, port, pathname, search, host } = new URL(url);
      const name = hostname.replaceAll(/[[\]]/g, '');
      const address = await within(addressOf(hostname, allowed, resolve), timed);
      const timestampSeconds = Math.floor(now() / 1000);
      return await new Promise<AttemptResult>((settle) => {
        const sent = request({
          host: address,
          port: port === '' ? 443 : Number(port),
          path: `${pathname}${search}`,
          method: 'POST',
          // A connection of its own: what one target does to it is no other's matter.
          agent: false,
          minVersion: 'TLSv1.2',
          ...(isIP(name) === 0 && { servername: name }),
          ...(authorities !== undefined && { ca: authorities }),
          signal: timed,
          headers: {
            host,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'user-agent': 'consilium-gateway',
            ...signedHeaders({ id, timestampSeconds, body }, secrets),
          },
        });
        sent.on('error', (error) => settle(failed(error)));
        sent.once('response', (answer) => {
          settle(resultOf(answer.statusCode ?? 0, answer.headers['retry-after']));
          answer.on('error', () => {});
          sent.destroy();
        });
        // Where it changed the protocol there is neither an error nor an answer.
        sent.once('close', () => settle(failed(new Error('it ended the connection'))));
        sent.end(body);
      });
    } catch (error) {
      return failed(error);
    }
  };
}

/** A resolver cannot be interrupted; nobody waits for it any more. */
function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function resultOf(status: number, retryAfter: string | undefined): AttemptResult {
  if (status >= 200 && status < 300) return { delivered: true };
  const redirects = status >= 300 && status < 400 ? ': redirects are not followed' : '';
  const seconds = /^[0-9]{1,9}$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined;
  return {
    delivered: false,
    problem: `it answers ${status}${redirects}`,
    ...(status === 410 && { isGone: true }),
    ...(seconds !== undefined && { retryAfterMs: 1000 * Math.min(seconds, RETRY_AFTER_SECONDS_MAX) }),
  };
}

/** Codes of Node and OpenSSL are words of ours; certificates and hosts of others may say anything. */
function reasonOf(error: unknown): string {
  const { code, message = '' } = error as NodeJS.ErrnoException;
  if (code !== undefined) return `no connection: ${String(code).slice(0, 60)}`;
  return message.slice(0, 200);
}
