// Requests of every route, right and spoiled, through a socket: no answer is a 5xx, every refusal is problem+json with
// a code, and no request is left without an end. The trainer behind the gateway answers whatever it is asked.
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { GATEWAY_PATHS, ROLES } from '@consilium/domain';
import {
  deadlineOf,
  Finding,
  type FuzzTarget,
  fuzzProgram,
  mutateBytes,
  mutateJson,
  type Random,
} from '@consilium/fuzz-loop';
import { PROBLEM_TYPE } from '../src/http/problem.ts';
import { type GatewayFixture, openGateway } from '../src/testing/gateway-fixture.ts';
import { playedHistory } from '../src/testing/played-history.ts';
import { playStudy } from '../src/testing/played-study.ts';

const TRAINER_KEY = 'k'.repeat(43);
const MOST_ANSWER_BYTES = 4 * 1024 * 1024;
/** An unfinished request gets no answer: its sender goes away after this. */
const GIVES_UP_AFTER_MS = 150;

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly bodies: readonly unknown[];
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export const REQUESTS: FuzzTarget = {
  name: 'requests',
  reopenAfterRuns: 5_000,
  async open() {
    const trainer = await startTrainer();
    const { port: trainerPort } = trainer.address() as AddressInfo;
    const gateway = await openGateway({
      history: playedHistory(await playStudy()),
      trainer: { url: new URL(`http://127.0.0.1:${trainerPort}`), key: TRAINER_KEY },
      limits: { requestsPerMinute: 1e9, failuresPerMinute: 1e9, bodyBytes: 65_536, localBodyBytes: 65_536 },
    });
    await gateway.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = gateway.app.server.address() as AddressInfo;
    const operations = operationsOf(gateway);
    return {
      async run(random) {
        const { bytes, isWhole, method } = requestBytes(random, gateway, operations);
        const asked = exchange(port, bytes, isWhole);
        const text = await deadlineOf(asked, 'the exchange').catch((cause) => {
          throw new Finding(`the request ends in ${String(cause)}`, bytes, { cause });
        });
        if (text === '') {
          if (isWhole) throw new Finding('the request gets no answer', bytes);
          return 'no answer to an unfinished request';
        }
        try {
          const answer = parse(text);
          if (isUnwitnessed(answer, bytes)) return 'no block to sign';
          return judge(answer, method);
        } catch (cause) {
          throw new Finding(`${(cause as Error).message}\n${text.slice(0, 1_000)}`, bytes, { cause });
        }
      },
      async close() {
        await gateway.close();
        trainer.closeAllConnections();
        await new Promise((resolve) => trainer.close(resolve));
      },
    };
  },
};

function startTrainer(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const status = request.url?.includes('nobody') ? 404 : 200;
      response.writeHead(status, { 'content-type': status === 404 ? PROBLEM_TYPE : 'application/json' });
      response.end(JSON.stringify({ status, code: 'TRAINER_MODEL_NOT_READY' }));
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

interface Described {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly example?: unknown }>>;
  };
}

/** What the gateway's own document says that it serves. */
function operationsOf({ app }: GatewayFixture): Operation[] {
  const { paths } = app.swagger() as { paths: Record<string, Record<string, Described>> };
  // Evidence is made of signed blocks, and a ledger in memory has none: networks' tests ask for it.
  const asked = Object.entries(paths).filter(([path]) => !path.includes('/evidence/'));
  return asked.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      query: parameters.flatMap(({ in: place, name }) => (place === 'query' ? [name] : [])),
      bodies: Object.values(requestBody?.content ?? {}).map(({ example = {} }) => example),
    })),
  );
}

const VALUES = [
  'heart-2026',
  'cleveland-heart',
  'ClevelandMSP',
  '1',
  '0',
  '-1',
  '1e3',
  'nobody',
  'a'.repeat(64),
];
const STRANGE = [
  '',
  '.',
  '..',
  '%',
  '%00',
  '%ff',
  '%2e%2e%2f',
  '%0d%0a',
  'x'.repeat(300),
  '%E2%80%AE',
  '*',
  '~',
  '[object',
  '__proto__',
];
const TYPES = [
  'application/json; charset=latin1',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  '',
  ';',
  '*/*',
];
const HEADERS = [
  'Idempotency-Key: once',
  'Idempotency-Key: ',
  `Idempotency-Key: ${'k'.repeat(400)}`,
  'Prefer: respond-async',
  'Prefer: wait=1, respond-async; x="',
  'Last-Event-ID: 1:x',
  'Last-Event-ID: ',
  'Accept: text/event-stream',
  'Accept: application/xml;q=x',
  'If-None-Match: "',
  'Range: bytes=-1-',
  'X-Forwarded-For: 1, 2',
  'Expect: 100-continue',
  'Content-Encoding: gzip',
  'Origin: null',
];

function requestBytes(random: Random, gateway: GatewayFixture, operations: readonly Operation[]) {
  const operation = random.pick(operations);
  const value = () => random.pick(random.chance(0.75) ? VALUES : STRANGE);
  const path = operation.path.replaceAll(/\{[^}]+\}/g, value);
  const pairs = operation.query.filter(() => random.chance(0.4)).map((name) => `${name}=${value()}`);
  if (random.chance(0.1)) pairs.push(`${value()}=${value()}`);
  const query = pairs.length > 0 ? `?${pairs.join('&')}` : '';
  const prefix = random.chance(0.03) ? random.pick(['http://gateway.example', 'http://[', '//', 'x:']) : '';
  const method = random.chance(0.93)
    ? operation.method
    : random.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
  const headers = ['Host: gateway.example', 'Connection: close'];
  if (random.chance(0.95)) headers.push(`Authorization: Bearer ${gateway.keys[random.pick(ROLES)]}`);
  else headers.push(random.pick(['Authorization: Bearer ', 'Authorization: Basic eDp5', 'Authorization: x']));
  while (random.chance(0.25)) headers.push(random.pick(HEADERS));
  const body = bodyOf(random, operation);
  if (body !== undefined && (method !== 'GET' || random.chance(0.3))) {
    headers.push(`Content-Type: ${random.chance(0.9) ? 'application/json' : random.pick(TYPES)}`);
    headers.push(`Content-Length: ${body.length}`);
  }
  const sendsBody = headers.some((header) => header.startsWith('Content-Length'));
  const head = `${method} ${prefix}${path}${query} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head), sendsBody ? body! : Buffer.alloc(0)]);
  if (random.chance(0.15)) {
    const spoiled = mutateBytes(random, bytes);
    return { bytes: spoiled, isWhole: false, method: spoiled.toString('latin1').split(' ')[0]! };
  }
  return { bytes, isWhole: true, method };
}

function bodyOf(random: Random, { bodies }: Operation): Buffer | undefined {
  if (bodies.length === 0 && random.chance(0.8)) return undefined;
  const example = bodies.length === 0 ? { a: 1 } : random.pick(bodies);
  if (random.chance(0.2)) return Buffer.from(JSON.stringify(example));
  if (random.chance(0.05))
    return random.pick([Buffer.from('['.repeat(30_000)), Buffer.alloc(70_000, '0'), Buffer.alloc(0)]);
  const json = Buffer.from(JSON.stringify(mutateJson(random, example)) ?? '');
  return random.chance(0.1) ? mutateBytes(random, json) : json;
}

/** Sends bytes and returns what came back until the gateway closed the connection, or a stream began. */
function exchange(port: number, bytes: Buffer, isWhole: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const giveUp = isWhole ? undefined : setTimeout(() => socket.end(), GIVES_UP_AFTER_MS);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > MOST_ANSWER_BYTES || /^content-type: text\/event-stream/im.test(answer))
        socket.destroy();
    });
    // A gateway that refuses a body it does not read may reset the connection after its answer.
    socket.on('error', (error) => {
      if (answer === '' && isWhole) reject(error);
    });
    socket.on('close', () => {
      clearTimeout(giveUp);
      resolve(answer);
    });
    socket.write(bytes);
  });
}

function parse(text: string): Answer {
  const last = text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  const [head = '', ...rest] = last.split('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  const type = /^content-type: ?(.*)$/im.exec(head)?.[1]?.trim() ?? '';
  // Bytes behind an unfinished request may get an answer of their own.
  const length = /^content-length: ?(\d+)/im.exec(head)?.[1];
  const body = rest.join('\r\n\r\n').slice(0, length === undefined ? undefined : Number(length));
  return { status, type, body };
}

/** The history that is played here has rows and no blocks, of which alone a gateway signs what it saw. */
const isUnwitnessed = ({ status, body }: Answer, bytes: Buffer): boolean =>
  status === 503 &&
  (body.includes('"code":"HISTORY_UNAVAILABLE"') || bytes.subarray(0, 4).toString() === 'HEAD') &&
  decoded(bytes.toString('latin1').split('\r\n', 1)[0]!).includes(GATEWAY_PATHS.witnessStatement);

/** Each escape of a URL by what it is for. */
const decoded = (text: string): string =>
  text.replaceAll(/%[0-9a-f]{2}/gi, (byte) => String.fromCharCode(Number.parseInt(byte.slice(1), 16)));

function judge({ status, type, body }: Answer, method: string): string {
  if (!(status >= 100 && status < 500)) throw new Error(`the answer is ${status}`);
  if (status < 400) return type.startsWith('text/event-stream') ? 'stream' : String(status);
  if (!type.startsWith(PROBLEM_TYPE)) throw new Error(`a refusal (${status}) is of type "${type}"`);
  if (method === 'HEAD') return `${status} HEAD`;
  const problem = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1));
  if (problem.status !== status || typeof problem.code !== 'string')
    throw new Error('a problem without its fields');
  return `${status} ${problem.code}`;
}

await fuzzProgram(import.meta.url, REQUESTS);
