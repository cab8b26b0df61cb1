// What every answer has, whatever it answers: its request's id, a tag, and what may travel packed or to other origins.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import Fastify from 'fastify';
import { pino } from 'pino';
import { GATEWAY_ERRORS, type GatewayErrorEntry } from '../gateway-errors.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { exchangeRaw } from '../testing/raw-connection.ts';
import { compressAnswers, takesGzip } from './compression.ts';
import { entityTagOf, isNamed } from './entity-tag.ts';
import { REGISTER_MEMBER } from './examples.ts';
import { FloodLines, LINES_PER_WINDOW } from './flood-lines.ts';

const ID = /^[0-9a-f-]{36}$/;
const ORIGIN = 'https://portal.hospital.example';

describe('an answer', () => {
  let gateway: GatewayFixture;
  let port: number;
  const lines: { msg: string; reqId?: string; code?: string; unwritten?: number }[] = [];

  before(async () => {
    const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) });
    gateway = await openGateway({
      logger,
      limits: { failuresPerMinute: 50, headersTimeoutMs: 2_000 },
      crossOrigin: { origins: [ORIGIN], credentials: false },
    });
    await gateway.app.listen({ port: 0, host: '127.0.0.1' });
    port = (gateway.app.server.address() as AddressInfo).port;
    await gateway.as('operator', { method: 'POST', url: '/v1/members', payload: REGISTER_MEMBER });
  });
  after(() => gateway.close());

  const statusAndId = async (bytes: string) => {
    const answer = await exchangeRaw(port, bytes);
    return {
      status: Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]),
      id: /x-request-id: (\S+)/i.exec(answer)?.[1] ?? '',
      body: answer.slice(answer.indexOf('\r\n\r\n') + 4),
    };
  };

  it('names its request as its problem and the log do, also where there was none', async () => {
    const key = `authorization: Bearer ${gateway.keys.auditor}`;
    const asked: readonly (readonly [number, string])[] = [
      [200, `GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`],
      [200, `GET /v1/members HTTP/1.1\r\nhost: a\r\n${key}\r\nconnection: close\r\n\r\n`],
      [401, 'GET /v1/members HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'],
      [404, 'GET /v1/nothing HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'],
      [405, 'PUT /v1/members HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'],
      [400, 'GET /v1/members/%ZZ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'],
      [400, 'nonsense\r\n\r\n'],
      [431, `GET / HTTP/1.1\r\nhost: a\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`],
      [408, 'GET / HTTP/1.1\r\nhost: a\r\n'],
    ];
    for (const [wanted, bytes] of asked) {
      const { status, id, body } = await statusAndId(bytes);
      assert.equal(status, wanted, bytes.slice(0, 40));
      assert.match(id, ID, bytes.slice(0, 40));
      if (wanted < 400) continue;
      assert.equal(JSON.parse(body).requestId, id);
      assert.ok(lines.some(({ reqId, msg }) => reqId === id && msg === 'request refused'));
    }
  });

  it('takes no request id from a caller', async () => {
    const forged = '5f0c9a52-6d0b-4c3f-9d0e-7d4e2b1f8a11';
    const headers = { 'x-request-id': forged, 'request-id': forged, 'consilium-block': '7' };
    const answer = await gateway.as('auditor', { url: '/v1/members/x', headers });
    assert.notEqual(answer.headers['x-request-id'], forged);
    assert.equal(answer.headers['consilium-block'], undefined, 'nothing knows of a block here');
    assert.ok(!JSON.stringify(lines).includes(forged));
  });

  it('that did not change is 304, and never for who may not read it', async () => {
    const first = await gateway.as('auditor', { url: '/v1/members' });
    const etag = String(first.headers.etag);
    assert.deepEqual(
      [first.headers['cache-control'], first.headers['consilium-peer']],
      ['private, no-cache', 'Org1MSP'],
    );
    assert.match(String(first.headers.vary), /authorization/);
    const headers = { 'if-none-match': `"other", ${etag}` };
    const again = await gateway.as('steward', { url: '/v1/members', headers });
    assert.deepEqual([again.statusCode, again.body, again.headers.etag], [304, '', etag]);
    for (const tag of ['*', etag]) {
      const unknown = await gateway.app.inject({ url: '/v1/members', headers: { 'if-none-match': tag } });
      assert.deepEqual([unknown.statusCode, unknown.headers.etag], [401, undefined]);
      const missing = await gateway.as('auditor', {
        url: '/v1/members/None',
        headers: { 'if-none-match': tag },
      });
      assert.deepEqual([missing.statusCode, missing.headers.etag], [404, undefined]);
    }
    const changed = await gateway.as('auditor', { url: '/v1/members', headers: { 'if-none-match': '"x"' } });
    assert.equal(changed.statusCode, 200);
    assert.ok(isNamed(entityTagOf('a'), entityTagOf('a').slice(2)) && !isNamed(entityTagOf('a'), '"a"'));
  });

  it('travels packed where that is taken, but not what may hold secrets', async () => {
    const url = '/documentation/json';
    const packed = await gateway.app.inject({ url, headers: { 'accept-encoding': 'br, gzip' } });
    const plain = await gateway.app.inject({ url });
    assert.deepEqual(
      [packed.headers['content-encoding'], plain.headers['content-encoding']],
      ['gzip', undefined],
    );
    assert.equal(gunzipSync(packed.rawPayload).toString(), plain.body);
    assert.match(String(plain.headers.vary), /accept-encoding/);
    const long = `/v1/local/models/${'x'.repeat(190)}/card?${'y='.repeat(2_000)}`;
    const local = await gateway.as('auditor', { url: long, headers: { 'accept-encoding': 'gzip' } });
    assert.equal(local.headers['content-encoding'], undefined);
    const taken = ['gzip', 'x-gzip;q=0.5', '*', 'br;q=1, gzip;q=0.1'];
    assert.deepEqual([...taken, undefined, 'gzip;q=0', '*;q=0', 'br'].filter(takesGzip), taken);
  });

  it('refuses bodies that are packed, unread', async () => {
    const payload = gzipSync(Buffer.alloc(50_000_000, 32));
    for (const url of ['/v1/members', '/v1/local/datasets']) {
      const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
      const answer = await gateway.as('operator', { method: 'POST', url, payload, headers });
      assert.deepEqual(
        [answer.statusCode, answer.json().code, answer.headers['accept-encoding']],
        [415, 'UNSUPPORTED_MEDIA_TYPE', 'identity'],
      );
    }
  });

  it('says when to come back wherever it says "not now"', async () => {
    for (const [code, { status, ...entry }] of Object.entries(GATEWAY_ERRORS)) {
      const { retryAfterSeconds } = entry as Partial<GatewayErrorEntry>;
      assert.ok(![503, 504].includes(status) || retryAfterSeconds !== undefined, code);
    }
  });

  it('is shared with the origins on the list, each as a whole, and with no other', async () => {
    const preflight = (origin: string) =>
      gateway.app.inject({
        method: 'OPTIONS',
        url: '/v1/members',
        headers: { origin, 'access-control-request-method': 'GET' },
      });
    const allowed = await preflight(ORIGIN);
    assert.deepEqual(
      [allowed.statusCode, allowed.headers['access-control-allow-origin'], allowed.body],
      [204, ORIGIN, ''],
    );
    assert.match(String(allowed.headers['access-control-allow-headers']), /authorization/);
    assert.equal(allowed.headers['access-control-allow-credentials'], undefined);
    const others = ['null', '*', 'https://hospital.example', `${ORIGIN}.evil.example`, `${ORIGIN}:8443`];
    for (const other of [...others, ORIGIN.replace('https', 'http'), ORIGIN.toUpperCase()]) {
      const refused = await preflight(other);
      assert.deepEqual(
        [refused.statusCode, refused.headers['access-control-allow-origin']],
        [405, undefined],
        other,
      );
      const read = await gateway.as('auditor', { url: '/v1/members', headers: { origin: other } });
      assert.deepEqual([read.statusCode, read.headers['access-control-allow-origin']], [200, undefined]);
      assert.match(String(read.headers.vary), /origin/);
    }
    const read = await gateway.as('auditor', { url: '/v1/members', headers: { origin: ORIGIN } });
    assert.equal(read.headers['access-control-allow-origin'], ORIGIN);
    assert.match(String(read.headers['access-control-expose-headers']), /x-request-id/);
  });

  it('to a preflight names every method and header that the document has', async () => {
    const { headers } = await gateway.app.inject({
      method: 'OPTIONS',
      url: '/v1/webhooks/5f0c9a526d0b4c3f',
      headers: { origin: ORIGIN, 'access-control-request-method': 'DELETE' },
    });
    const { paths } = (await gateway.app.inject('/documentation/json')).json();
    type Operation = { readonly parameters?: readonly { readonly in: string; readonly name: string }[] };
    const operations = Object.values(paths as Record<string, Record<string, Operation>>).flatMap((path) =>
      Object.entries(path),
    );
    const namesIn = (name: string) => String(headers[`access-control-allow-${name}`]).split(', ');
    const methods = new Set(operations.map(([method]) => method.toUpperCase()));
    assert.deepEqual(
      [...methods].filter((method) => !namesIn('methods').includes(method)),
      [],
    );
    const parameters = operations.flatMap(([, { parameters: all = [] }]) => all);
    const taken = parameters.filter((one) => one.in === 'header').map(({ name }) => name.toLowerCase());
    assert.ok(taken.includes('prefer'));
    const wanted = [...taken, 'authorization', 'content-type', 'traceparent'];
    assert.deepEqual(
      wanted.filter((name) => !namesIn('headers').includes(name)),
      [],
    );
  });

  it('is shared with no origin where none is configured', async (t) => {
    const closed = await openGateway();
    t.after(() => closed.close());
    const read = await closed.as('auditor', { url: '/v1/members', headers: { origin: ORIGIN } });
    assert.deepEqual([read.statusCode, read.headers['access-control-allow-origin']], [200, undefined]);
  });

  it('to one who asks too often is in the log with its request id, and without what was shown', async () => {
    const secret = 'consilium_not-a-key-of-anybody';
    const headers = { authorization: `Bearer ${secret}` };
    const ask = () => gateway.app.inject({ url: '/v1/members', headers, remoteAddress: '192.0.2.7' });
    for (let attempt = 0; attempt < 50; attempt += 1) await ask();
    const before = lines.length;
    const refused = [];
    for (let attempt = 0; attempt < 40; attempt += 1) refused.push(await ask());
    assert.ok(refused.every(({ statusCode }) => statusCode === 429));
    const written = lines.slice(before).filter(({ code }) => code === 'RATE_LIMITED');
    assert.equal(written.length, LINES_PER_WINDOW, 'a flood does not fill the disk');
    assert.equal(written[0]!.reqId, refused[0]!.headers['x-request-id']);
    assert.ok(!JSON.stringify(lines).includes(secret));
  });
});

test('what may hold secrets is not packed, however its path is written', async (t) => {
  const app = Fastify();
  t.after(() => app.close());
  compressAnswers(app);
  for (const url of ['/v1/local/jobs', '/v1/members'])
    app.get(url, async () => ({ long: 'x'.repeat(5_000) }));
  const coding = async (url: string) => {
    const answer = await app.inject({ url, headers: { 'accept-encoding': 'gzip' } });
    return [answer.statusCode, answer.headers['content-encoding']];
  };
  assert.deepEqual(await coding('/v1/members'), [200, 'gzip']);
  for (const url of ['/v1/local/jobs', '/v1/%6cocal/jobs', '/v1/loca%6C/jobs?a']) {
    assert.deepEqual(await coding(url), [200, undefined], url);
  }
});

test('lines of a flood are few for each caller, and the next one counts those that were not written', () => {
  const lines = new FloodLines();
  const written = (caller: string, nowMs: number, times: number) =>
    Array.from({ length: times }, () => lines.next(caller, nowMs)).filter((one) => one !== undefined);
  assert.equal(written('a', 0, 100).length, LINES_PER_WINDOW);
  assert.equal(written('b', 1, 3).length, 3, 'another caller has lines of its own');
  assert.deepEqual(lines.next('a', 60_000), { unwritten: 80 });
  for (let caller = 0; caller < 5_000; caller += 1) lines.next(`many ${caller}`, 60_001);
  assert.equal(lines.next('one more', 60_002), undefined, 'callers beyond a thousand share their lines');
});
