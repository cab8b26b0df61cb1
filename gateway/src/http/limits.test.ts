// What is refused before anybody is known to ask: floods of wrong keys, requests that do not arrive.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type FixtureOptions, openGateway } from '../testing/gateway-fixture.ts';
import { exchangeRaw, openRaw, statusesOf } from '../testing/raw-connection.ts';

async function listen(t: TestContext, options: FixtureOptions) {
  const gateway = await openGateway(options);
  await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => gateway.close());
  return { gateway, port: (gateway.app.server.address() as AddressInfo).port };
}

test('an answer that says too many waits, and a valid key does not wait for it', async (t) => {
  const { gateway, port } = await listen(t, { limits: { failuresPerMinute: 1, refusalPauseMs: 3_600_000 } });
  assert.equal((await gateway.app.inject({ url: '/v1/members' })).statusCode, 401);
  const leaving = new AbortController();
  let answered = false;
  const refused = fetch(`http://127.0.0.1:${port}/v1/members`, { signal: leaving.signal }).then(() => {
    answered = true;
  });
  const known = await gateway.as('auditor', { url: '/v1/members' });
  assert.deepEqual([known.statusCode, answered], [200, false]);
  leaving.abort();
  await assert.rejects(refused, { name: 'AbortError' });
});

test('of 120 attempts with wrong keys, 50 are refused as unknown and the others as too many', async (t) => {
  const { gateway } = await listen(t, { limits: { failuresPerMinute: 50 } });
  const counts = new Map<number, number>();
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const headers = attempt % 3 === 0 ? {} : { authorization: `Bearer consilium_${attempt}` };
    const url = attempt % 2 === 0 ? '/v1/members' : '/v1/local/jobs';
    const answer = await gateway.app.inject({ url, headers });
    counts.set(answer.statusCode, (counts.get(answer.statusCode) ?? 0) + 1);
    if (answer.statusCode !== 429) continue;
    assert.equal(answer.json().code, 'RATE_LIMITED');
    assert.ok(Number(answer.headers['retry-after']) > 0);
  }
  assert.deepEqual(
    [...counts],
    [
      [401, 50],
      [429, 70],
    ],
  );
});

test('a valid key is served although others at its address have used up its attempts', async (t) => {
  const { gateway } = await listen(t, { limits: { failuresPerMinute: 1 } });
  const wrong = () => gateway.app.inject({ url: '/v1/members', headers: { authorization: 'Bearer wrong' } });
  assert.deepEqual([(await wrong()).statusCode, (await wrong()).statusCode], [401, 429]);
  assert.equal((await gateway.as('trainer', { url: '/v1/members' })).statusCode, 200);
});

test('requests that are malformed, or beyond the role of their key, are limited as well', async (t) => {
  const { gateway } = await listen(t, { limits: { failuresPerMinute: 2, requestsPerMinute: 2 } });
  const malformed = async () => {
    const headers = { authorization: `Bearer ${gateway.keys.steward}`, 'content-length': '3' };
    return (await gateway.app.inject({ url: '/v1/members', headers, payload: 'abc' })).statusCode;
  };
  assert.deepEqual([await malformed(), await malformed(), await malformed()], [400, 400, 429]);
  const forbidden = async () =>
    (await gateway.as('auditor', { url: '/v1/local/datasets/x/held-out' })).statusCode;
  assert.deepEqual([await forbidden(), await forbidden(), await forbidden()], [403, 403, 429]);
});

test('a key may ask a question less often than anything else, and others go on', async (t) => {
  const { gateway } = await listen(t, { limits: { questionsPerMinute: 2 } });
  const asked = async (role: 'auditor' | 'steward', url: string) =>
    (await gateway.as(role, { url })).statusCode;
  const budgets = '/v1/questions/budgets';
  // No history is there: what counts is that it was asked.
  assert.deepEqual(
    [await asked('auditor', budgets), await asked('auditor', budgets), await asked('auditor', budgets)],
    [503, 503, 429],
  );
  assert.equal(await asked('steward', budgets), 503);
  assert.equal(await asked('auditor', '/v1/questions/withdrawals'), 503);
  assert.equal(await asked('auditor', '/v1/members'), 200);
});

test('attempts are counted by address: that of a client behind a listed proxy is in X-Forwarded-For', async (t) => {
  const { gateway } = await listen(t, { limits: { failuresPerMinute: 1 }, proxies: ['192.0.2.0/24'] });
  const wrong = async (remoteAddress: string, forwarded?: string) => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    return (await gateway.app.inject({ url: '/v1/members', remoteAddress, headers })).statusCode;
  };
  assert.deepEqual([await wrong('198.51.100.1'), await wrong('198.51.100.1')], [401, 429]);
  assert.equal(await wrong('198.51.100.1', '203.0.113.9'), 429, 'a stranger names no other address');
  assert.deepEqual(
    [await wrong('192.0.2.1', '203.0.113.9'), await wrong('192.0.2.1', '203.0.113.9')],
    [401, 429],
  );
  assert.equal(await wrong('192.0.2.1', '203.0.113.10'), 401);
  assert.deepEqual(
    [await wrong('2001:db8::1'), await wrong('2001:db8::2')],
    [401, 429],
    'one /64 is one subscriber',
  );
});

test('requests for what is not there, or by another method, are limited as all others', async (t) => {
  const { gateway } = await listen(t, { limits: { requestsPerMinute: 3 } });
  const ask = async (method: 'GET' | 'PUT', url: string) =>
    (await gateway.app.inject({ method, url })).statusCode;
  const statuses = async (method: 'GET' | 'PUT', url: string) =>
    [await ask(method, url), await ask(method, url), await ask(method, url), await ask(method, url)].join();
  assert.equal(await statuses('GET', '/v1/nothing'), '404,404,404,429');
  assert.equal(await ask('PUT', '/v1/members'), 429, 'they count together');
  assert.equal((await gateway.app.inject('/healthz')).statusCode, 200);
});

test('headers that come too slowly end with 408, and so does a body', { timeout: 60_000 }, async (t) => {
  const { gateway, port } = await listen(t, { limits: { headersTimeoutMs: 100, requestTimeoutMs: 400 } });
  const silent = await openRaw(port);
  const slow = await openRaw(port);
  slow.write('GET /v1/members HTTP/1.1\r\nhost: a\r\nx-slow: 1');
  const answer = await slow.ended();
  assert.deepEqual(statusesOf(answer), [408]);
  assert.match(answer, /application\/problem\+json[\s\S]*"REQUEST_TIMEOUT"/);
  await silent.ended();
  const body = await exchangeRaw(
    port,
    'POST /v1/members HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n' +
      `authorization: Bearer ${gateway.keys.operator}\r\n\r\n{`,
  );
  assert.deepEqual(statusesOf(body), [408]);
});

test('an answer that takes longer than a request may is not cut off', { timeout: 60_000 }, async (t) => {
  const { gateway, port } = await listen(t, {
    limits: { headersTimeoutMs: 50, requestTimeoutMs: 50, heartbeatMs: 100 },
  });
  const ask = `GET /v1/events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${gateway.keys.auditor}\r\n\r\n`;
  // On a busy machine this request itself may take longer, which is not what this test is about.
  for (;;) {
    const stream = await openRaw(port);
    stream.write(ask);
    if (statusesOf(await stream.until(/\r\n/))[0] === 408) continue;
    await stream.until(/(: heartbeat[\s\S]*){5}/);
    stream.socket.destroy();
    return;
  }
});
