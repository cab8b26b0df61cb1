// Passes a request to the hospital's own trainer and its answer back, both as streams. Nothing of the caller's
// request goes on but its body, its media type and what the route has validated; who asks is asserted under a
// signature, and every request has a connection of its own, so that no byte of one can become another's.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { traceparentNow } from '@consilium/traces';
import type { TrainerAddress } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { assertCaller } from './caller-assertion.ts';

export interface ProxiedRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query at the trainer, made of what the route validated. */
  readonly target: string;
  readonly body: ProxiedBody | undefined;
  readonly requestId: string;
  readonly caller: Pick<Parameters<typeof assertCaller>[0], 'keyId' | 'role'>;
  readonly mspId: string;
  readonly signal: AbortSignal;
}

export interface ProxiedBody {
  readonly content: Readable;
  readonly mediaType: string | undefined;
  /** As declared; undefined where the caller sends chunks. */
  readonly bytes: number | undefined;
}

export interface ProxyLimits {
  readonly localBodyBytes: number;
  readonly trainerTimeoutMs: number;
}

/** RFC 9110, 8.3.1: type/subtype and parameters, in visible characters. */
const MEDIA_TYPE =
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: *; *[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))*$/;
const MEDIA_TYPE_CHARACTERS = 200;

/** Headers of the trainer that mean something to the caller; whatever else it sends stays here. */
const PASSED_BACK = [
  'cache-control',
  'content-disposition',
  'content-length',
  'content-type',
  'etag',
  'last-modified',
  'retry-after',
  'x-onnx-sha256',
];

const passedBack = (headers: IncomingMessage['headers']): Record<string, string> =>
  Object.fromEntries(
    PASSED_BACK.map((name) => [name, headers[name]] as const).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );

export interface TrainerAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

function bodyHeaders({ mediaType, bytes }: ProxiedBody): Record<string, string> {
  if (mediaType !== undefined && !(mediaType.length <= MEDIA_TYPE_CHARACTERS && MEDIA_TYPE.test(mediaType))) {
    throw new GatewayRefusal('REQUEST_MALFORMED', 'The header content-type is not a media type.');
  }
  return {
    ...(mediaType !== undefined && { 'content-type': mediaType }),
    ...(bytes === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bytes) }),
  };
}

/**
 * @throws GatewayRefusal TRAINER_UNAVAILABLE where the trainer does not answer, does not accept this gateway's
 *   assertion or takes too long; PAYLOAD_TOO_LARGE for a body over the limit; REQUEST_MALFORMED for a content type
 *   that is none.
 */
export async function askTrainer(
  trainer: TrainerAddress,
  { method, target, body, requestId, caller, mspId, signal }: ProxiedRequest,
  limits: ProxyLimits,
): Promise<TrainerAnswer> {
  // What is left of a body is read and dropped: an unread one would keep the caller's connection busy.
  const drop = () => {
    body?.content.unpipe();
    body?.content.resume();
  };
  if (body?.bytes !== undefined && body.bytes > limits.localBodyBytes) {
    drop();
    throw new GatewayRefusal('PAYLOAD_TOO_LARGE');
  }
  const { protocol, hostname, port } = trainer.url;
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  const traceparent = traceparentNow();
  const assertion = await assertCaller({ ...caller, method, target, mspId }, trainer.key);
  const headers = {
    ...(body !== undefined && bodyHeaders(body)),
    authorization: `Bearer ${assertion}`,
    'x-request-id': requestId,
    ...(traceparent !== undefined && { traceparent }),
  };
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      outgoing.destroy();
      drop();
      reject(cause instanceof GatewayRefusal ? cause : unavailable(cause));
    };
    const outgoing = send({
      host: hostname.replaceAll(/[[\]]/g, ''),
      port,
      path: target,
      method,
      headers,
      signal,
      timeout: limits.trainerTimeoutMs,
      // A connection of its own, closed afterwards.
      agent: false,
    });
    outgoing.on('timeout', () => fail(new Error(`no answer within ${limits.trainerTimeoutMs} ms`)));
    outgoing.on('error', fail);
    outgoing.on('response', (answer) => {
      if (answer.statusCode === 401) {
        answer.resume();
        const why = 'CONSILIUM_TRAINER_KEY or CONSILIUM_MSP_ID differ, or the clocks are apart';
        fail(new Error(`the trainer does not accept this gateway's assertion: ${why}`));
        return;
      }
      resolve({ status: answer.statusCode ?? 502, headers: passedBack(answer.headers), body: answer });
    });
    if (body === undefined) outgoing.end();
    else body.content.on('error', fail).pipe(limited(limits.localBodyBytes)).on('error', fail).pipe(outgoing);
  });
}

const unavailable = (cause: Error) => new GatewayRefusal('TRAINER_UNAVAILABLE', undefined, cause);

/** Counts what goes through, since a chunked body declares no length. */
function limited(bytesMax: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > bytesMax ? new GatewayRefusal('PAYLOAD_TOO_LARGE') : null, chunk);
    },
  });
}
