// Requests that no client would send, over raw connections: each is read in one way or refused with a problem.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { exchangeRaw, openRaw, statusesOf } from '../testing/raw-connection.ts';
import { originForm } from './http-rules.ts';

const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
const text = (...lines: readonly string[]) => [...lines, '', ''].join('\r\n');

describe('requests as they come over a connection', () => {
  let gateway: GatewayFixture;
  let port: number;
  let key: string;

  before(async () => {
    gateway = await openGateway({ limits: { bodyBytes: 1000 } });
    await gateway.app.listen({ port: 0, host: '127.0.0.1' });
    port = (gateway.app.server.address() as AddressInfo).port;
    key = `authorization: Bearer ${gateway.keys.auditor}`;
  });
  after(() => gateway.close());

  const ask = (line: string, ...headers: readonly string[]) =>
    exchangeRaw(port, text(line, 'host: a', 'connection: close', ...headers));
  const refused = async (bytes: string, status: number, code: string) => {
    const answer = await exchangeRaw(port, bytes);
    assert.deepEqual(statusesOf(answer), [status], `${JSON.stringify(bytes.slice(0, 200))}: ${answer}`);
    assert.match(answer, /content-type: application\/problem\+json/i);
    assert.deepEqual([bodyOf(answer).code, bodyOf(answer).status], [code, status]);
    return bodyOf(answer) as { detail: string };
  };

  it('take the absolute form of a target as its origin form', async () => {
    for (const target of [
      'http://a/v1/members',
      'HTTPS://other:1/v1/members',
      'http://u:p@a/v1/members?pageSize=1',
    ]) {
      assert.deepEqual(statusesOf(await ask(`GET ${target} HTTP/1.1`, key)), [200], target);
    }
    for (const target of ['http://a', 'http://a/', 'http://a?x=1']) {
      assert.deepEqual(statusesOf(await ask(`GET ${target} HTTP/1.1`)), [302], target);
    }
    assert.deepEqual(statusesOf(await ask('GET http://a/v1/nothing HTTP/1.1', key)), [404]);
    for (const target of ['ftp://a/v1/members', 'a/v1/members', 'a:80', '*']) {
      assert.deepEqual(statusesOf(await ask(`GET ${target} HTTP/1.1`, key)), [400], target);
    }
    assert.equal(originForm('http://a/b/../c?d#e'), '/b/../c?d#e');
    assert.equal(originForm('/http://a'), '/http://a');
  });

  it('carry a body with POST only', async () => {
    for (const method of ['GET', 'HEAD']) {
      for (const header of ['content-length: 3', 'transfer-encoding: chunked']) {
        const answer = await exchangeRaw(
          port,
          `${text(`${method} /v1/members HTTP/1.1`, 'host: a', key, header)}0\r\n\r\n`,
        );
        assert.deepEqual(statusesOf(answer), [400], `${method} ${header}: ${answer}`);
        assert.match(answer, /connection: close/i);
      }
    }
    assert.deepEqual(statusesOf(await ask('GET /v1/members HTTP/1.1', key, 'content-length: 0')), [200]);
  });

  it('have each header that decides something once', async () => {
    const twice = ['authorization: Bearer x', 'Authorization: Basic YTpi', 'host: b'];
    for (const header of twice) {
      const { detail } = await refused(
        text('GET /v1/members HTTP/1.1', 'host: a', 'connection: close', key, header),
        400,
        'REQUEST_MALFORMED',
      );
      assert.match(detail, /given more than once/);
    }
    const types = ['content-type: application/json', 'content-type: text/csv', 'content-length: 2'];
    await refused(
      `${text('POST /v1/members HTTP/1.1', 'host: a', key, ...types)}{}`,
      400,
      'REQUEST_MALFORMED',
    );
  });

  it('name a host, but for HTTP/1.0', async () => {
    await refused(text('GET /v1/members HTTP/1.1', 'connection: close', key), 400, 'REQUEST_MALFORMED');
    const old = await exchangeRaw(port, text('GET /v1/members HTTP/1.0', key));
    assert.deepEqual(statusesOf(old), [200]);
    const chunked = text('POST /v1/members HTTP/1.0', key, 'transfer-encoding: chunked');
    assert.ok((statusesOf(await exchangeRaw(port, `${chunked}0\r\n\r\n`))[0] ?? 0) >= 400);
  });

  it('are refused where length and chunks contradict each other, or a header is not one', async () => {
    const post = (...headers: readonly string[]) =>
      text('POST /v1/members HTTP/1.1', 'host: a', key, ...headers);
    for (const bytes of [
      post('content-length: 2', 'transfer-encoding: chunked'),
      post('transfer-encoding: chunked', 'content-length: 2'),
      post('content-length: 2', 'content-length: 3'),
      post('content-length: -1'),
      post('content-length: 1e3'),
      post('transfer-encoding: chunked, gzip'),
      post('transfer-encoding: xchunked'),
      post('x-a: b', ' folded: c'),
      post('x-a : b'),
      post('x-a: b\0c'),
      post('x-a: b\rGET /v1/ledger HTTP/1.1'),
      text('GET /v1/members HTTP/1.1 HTTP/1.1', 'host: a'),
      text('GET /v1/members HTTP/9.9', 'host: a'),
      text('GET /v1/mem\u00ffbers\0 HTTP/1.1', 'host: a'),
      '\0\0\0\0\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ]) {
      await refused(bytes, 400, 'REQUEST_MALFORMED');
    }
  });

  it('are refused where chunks are broken, without anything else being read', async () => {
    const chunked = [
      'host: a',
      `authorization: Bearer ${gateway.keys.operator}`,
      'content-type: application/json',
    ];
    const start = text('POST /v1/members HTTP/1.1', ...chunked, 'transfer-encoding: chunked');
    for (const body of [
      'zz\r\n',
      '5\r\nabcdeX\r\n',
      '-1\r\n',
      '1\r\n{\r\n0\r\nGET /v1/ledger HTTP/1.1\r\n\r\n',
    ]) {
      const answer = await exchangeRaw(port, start + body);
      assert.deepEqual(statusesOf(answer), [400], `${JSON.stringify(body)}: ${answer}`);
    }
    assert.equal(gateway.ledger.calls.filter(({ name }) => name === 'member:register').length, 0);
  });

  it('are refused with 431 where their head is too long, and with 400 where a part of the path is', async () => {
    const long = 'x'.repeat(20_000);
    await refused(text(`GET /v1/datasets/${long} HTTP/1.1`, 'host: a', key), 431, 'HEADERS_TOO_LARGE');
    await refused(text('GET /v1/members HTTP/1.1', 'host: a', key, `x-a: ${long}`), 431, 'HEADERS_TOO_LARGE');
    const answer = await ask(`GET /v1/datasets/${'x'.repeat(8_000)} HTTP/1.1`, key);
    assert.deepEqual([statusesOf(answer), bodyOf(answer).code], [[400], 'REQUEST_MALFORMED']);
  });

  it('are answered one after the other on one connection, and nothing after a broken one', async () => {
    const one = text('GET /v1/members HTTP/1.1', 'host: a', key);
    const last = text('GET /v1/ledger HTTP/1.1', 'host: a', key, 'connection: close');
    assert.deepEqual(statusesOf(await exchangeRaw(port, one + one + last)), [200, 200, 200]);
    const withBody = text('GET /v1/members HTTP/1.1', 'host: a', key, `content-length: ${last.length}`);
    assert.deepEqual(statusesOf(await exchangeRaw(port, withBody + last)), [400]);
    const broken = await exchangeRaw(port, `${one}GARBAGE\r\n\r\n${last}`);
    assert.ok(!broken.includes('"height"'), broken);
  });

  it('do not get the answer to broken bytes that follow them', async () => {
    const events = await openRaw(port);
    events.write(text('GET /v1/events HTTP/1.1', 'host: a', key));
    await events.until(/retry: 2000/);
    events.write('GARBAGE\r\n\r\n');
    const received = await events.ended();
    assert.deepEqual(statusesOf(received), [200]);
    assert.ok(!received.includes('REQUEST_MALFORMED'));
  });

  it('are asked for their body only once their key is known', async () => {
    const headers = [
      'host: a',
      'expect: 100-continue',
      'content-type: application/json',
      'content-length: 2',
    ];
    const stranger = await exchangeRaw(port, text('POST /v1/members HTTP/1.1', ...headers));
    assert.deepEqual(statusesOf(stranger), [401]);
    assert.match(stranger, /connection: close/i);
    const known = await openRaw(port);
    known.write(
      text(
        'POST /v1/members HTTP/1.1',
        ...headers,
        `authorization: Bearer ${gateway.keys.operator}`,
        'connection: close',
      ),
    );
    await known.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    known.write('{}');
    assert.deepEqual(statusesOf(await known.ended()), [100, 400]);
    assert.deepEqual(statusesOf(await ask('GET /v1/members HTTP/1.1', key, 'expect: a-miracle')), [200]);
  });

  it('cannot set headers in trailers', async () => {
    const trailing = ['transfer-encoding: chunked', 'trailer: authorization'];
    const start = text('POST /v1/members HTTP/1.1', 'host: a', ...trailing);
    const trailer = text('0', `authorization: Bearer ${gateway.keys.operator}`);
    const last = text('GET /healthz HTTP/1.1', 'host: a', 'connection: close');
    assert.equal(statusesOf(await exchangeRaw(port, start + trailer + last))[0], 401);
  });

  it('reach no route by another writing of its path', async () => {
    for (const path of [
      '/v1/local/jobs/%2e%2e/jobs',
      '/v1/local/%2e%2e/members',
      '/v1/local%2fjobs',
      '/v1//members',
      '/v1/./members',
      '/v1/local/datasets/%2e%2e%2fjobs/held-out',
      '/v1/local/datasets/a%2fheld-out',
      '/v1/local/datasets/..%2f..%2f/held-out',
      '/v1/local/datasets/a%00/held-out',
      '/v1/local/datasets/a%0d%0aHost:%20b/held-out',
      '/v1/local/datasets/%ff/held-out',
      '/v1/local/datasets/%/held-out',
      '/v1/local/models/a%3flocal=false/onnx',
      '/V1/members',
      '/v1/members/',
      '\\v1\\members',
    ]) {
      const steward = `authorization: Bearer ${gateway.keys.steward}`;
      const answer = await ask(`GET ${path} HTTP/1.1`, steward);
      assert.ok([400, 404].includes(statusesOf(answer)[0] ?? 0), `${path}: ${answer}`);
      assert.match(answer, /problem\+json/);
    }
  });

  it('get the methods that a path takes', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'PURGE']) {
      const answer = await ask(`${method} /v1/members HTTP/1.1`, key);
      assert.deepEqual(statusesOf(answer), [405], answer);
      assert.match(answer, /allow: GET, HEAD, POST\r\n/i);
      assert.equal(bodyOf(answer).code, 'METHOD_NOT_ALLOWED');
    }
    const rotate = await ask('PUT /v1/members/rotate-key HTTP/1.1', key);
    assert.match(rotate, /allow: POST\r\n/i, 'and not those of /v1/members/{mspId}');
    const put = ['content-type: application/json', 'content-length: 5'];
    const unread = text('PUT /v1/members HTTP/1.1', 'host: a', 'connection: close', ...put);
    assert.deepEqual(statusesOf(await exchangeRaw(port, `${unread}{nope`)), [405]);
    assert.deepEqual(statusesOf(await ask('POST /v1/local/jobs HTTP/1.1', key)), [405]);
    assert.deepEqual(statusesOf(await ask('POST /v1/local/nothing HTTP/1.1', key)), [404]);
  });
});
