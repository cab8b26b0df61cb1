// Passes a request to the hospital's own trainer and its answer back, both as streams, with the trainer's key
// in place of the caller's.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import type { TrainerAddress } from './dependencies.ts';
import { GatewayError } from './gateway-errors.ts';

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query at the trainer. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readable | undefined;
  readonly requestId: string;
  readonly role: string;
  readonly signal: AbortSignal;
}

export interface ProxyLimits {
  readonly localBodyBytes: number;
  readonly trainerTimeoutMs: number;
}

/** Headers of the caller that mean something to the trainer. */
const PASSED_ON = ['accept', 'content-type', 'content-length', 'if-none-match', 'if-modified-since', 'range'];
/** Headers of the trainer that mean something to the caller; whatever else it sends stays here. */
const PASSED_BACK = [
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'retry-after',
  'x-onnx-sha256',
];

const pick = (headers: IncomingMessage['headers'], names: readonly string[]) =>
  Object.fromEntries(
    names
      .map((name) => [name, headers[name]] as const)
      .filter((entry): entry is [string, string] => {
        return entry[1] !== undefined;
      }),
  );

export interface TrainerAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

/**
 * @throws GatewayError TRAINER_UNAVAILABLE where the trainer does not answer, does not accept this gateway's key
 *   or takes too long; PAYLOAD_TOO_LARGE for a body over the limit.
 */
export function askTrainer(
  trainer: TrainerAddress,
  request: ProxiedRequest,
  limits: ProxyLimits,
): Promise<TrainerAnswer> {
  const url = new URL(request.path, trainer.url);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = {
    ...pick(request.headers, PASSED_ON),
    authorization: `Bearer ${trainer.key}`,
    'x-request-id': request.requestId,
    'x-consilium-role': request.role,
  };
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limits.localBodyBytes) return Promise.reject(new GatewayError('PAYLOAD_TOO_LARGE'));
  return new Promise((resolve, reject) => {
    const { method, signal } = request;
    const fail = (cause: Error) => {
      outgoing.destroy();
      // What is left of the body is read and dropped: an unread one would keep the caller's connection busy.
      request.body?.unpipe();
      request.body?.resume();
      reject(cause instanceof GatewayError ? cause : unavailable(cause));
    };
    const outgoing = send(url, { method, headers, signal, timeout: limits.trainerTimeoutMs });
    outgoing.on('timeout', () => fail(new Error(`no answer within ${limits.trainerTimeoutMs} ms`)));
    outgoing.on('error', fail);
    outgoing.on('response', (answer) => {
      if (answer.statusCode === 401) {
        answer.resume();
        fail(new Error("the trainer does not accept this gateway's CONSILIUM_TRAINER_KEY"));
        return;
      }
      resolve({
        status: answer.statusCode ?? 502,
        headers: pick(answer.headers, PASSED_BACK),
        body: answer,
      });
    });
    if (request.body === undefined) outgoing.end();
    else request.body.on('error', fail).pipe(limited(limits.localBodyBytes)).on('error', fail).pipe(outgoing);
  });
}

const unavailable = (cause: Error) => new GatewayError('TRAINER_UNAVAILABLE', undefined, cause);

/** Counts what goes through, since a chunked body declares no length. */
function limited(bytesMax: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > bytesMax ? new GatewayError('PAYLOAD_TOO_LARGE') : null, chunk);
    },
  });
}
