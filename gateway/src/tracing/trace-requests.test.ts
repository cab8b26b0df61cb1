import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ATTRIBUTES } from '@consilium/traces';
import { attributesIn, Collector } from '@consilium/traces/testing';
import { pino } from 'pino';
import { REGISTER_MEMBER } from '../http/examples.ts';
import { type FixtureOptions, openGateway } from '../testing/gateway-fixture.ts';
import { MemoryLedger } from '../testing/memory-ledger.ts';
import { tracedLedger } from './trace-requests.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

async function traced(t: TestContext, options: FixtureOptions = {}) {
  const collector = new Collector();
  const warnings: unknown[] = [];
  const warn = (error: unknown) => void warnings.push(error);
  const tracer = collector.tracer('consilium-gateway', warn);
  const gateway = await openGateway({ ...options, tracer });
  t.after(() => gateway.close());
  return { gateway, collector, tracer, warnings };
}

test('a request is a span below its caller, and what it asks of the ledger is one below it', async (t) => {
  const { gateway, collector, tracer } = await traced(t);
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  const answer = await gateway.as('operator', {
    method: 'POST',
    url: '/v1/members',
    payload: REGISTER_MEMBER,
    headers: { traceparent },
  });
  assert.equal(answer.statusCode, 201);
  await tracer.close();
  const request = collector.spans.find(({ name }) => name === 'POST /v1/members')!;
  const ledger = collector.spans.find(({ name }) => name === 'ledger submit member:register')!;
  assert.deepEqual([request.traceId, request.parentSpanId], [TRACE, PARENT]);
  assert.deepEqual([ledger.traceId, ledger.parentSpanId], [TRACE, request.spanId]);
  assert.ok(BigInt(request.endTimeUnixNano) >= BigInt(request.startTimeUnixNano));
  const attributes = attributesIn(request);
  assert.equal(attributes['http.response.status_code'], 201);
  assert.equal(attributes['consilium.role'], 'operator');
});

test('a request without a valid key, or to a public route, sends no span, whatever trace it says', async (t) => {
  const { gateway, collector, tracer } = await traced(t, { limits: { refusalPauseMs: 1 } });
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  for (const [url, authorization] of [
    ['/v1/members', undefined],
    ['/v1/members', 'Bearer consilium_not-a-key'],
    ['/no/route', undefined],
    ['/healthz', undefined],
    ['/metrics', undefined],
  ] as const) {
    const headers = { traceparent, ...(authorization !== undefined && { authorization }) };
    await gateway.app.inject({ url, headers });
  }
  await gateway.as('auditor', { url: '/v1/members', headers: { traceparent } });
  await tracer.close();
  const names = collector.spans.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !name.startsWith('ledger ')),
    ['GET /v1/members'],
  );
});

test('a span has no key, no header, no body and no values of a path, and only attributes of the list', async (t) => {
  const { gateway, collector, tracer } = await traced(t);
  const secret = 'patient-4711';
  await gateway.as('auditor', { url: `/v1/studies/${secret}?x=${secret}`, headers: { 'x-own': secret } });
  await gateway.app.inject({ url: `/${secret}`, headers: { authorization: `Bearer ${secret}` } });
  await gateway.as('steward', { method: 'POST', url: '/v1/datasets', payload: { datasetId: secret } });
  await gateway.as('operator', {
    method: 'POST',
    url: '/v1/members',
    payload: { ...REGISTER_MEMBER, title: secret },
    headers: { 'idempotency-key': secret, traceparent: secret },
  });
  await tracer.close();
  const text = collector.texts.join();
  assert.ok(collector.spans.length >= 4);
  assert.ok(!text.includes(secret), text);
  for (const key of Object.values(gateway.keys)) assert.ok(!text.includes(key));
  const known = new Set<string>(ATTRIBUTES);
  for (const { attributes } of collector.spans)
    for (const { key } of attributes) assert.ok(known.has(key), key);
});

test('a trainer gets the trace, and nothing of one where nothing is traced', async (t) => {
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers);
    response.setHeader('content-type', 'application/json').end('[]');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const trainer = { url, key: 'a key of at least 32 characters!' };
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  const { gateway } = await traced(t, { trainer });
  await gateway.as('auditor', { url: '/v1/local/jobs', headers: { traceparent } });
  const [, traceId, spanId] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(String(headers[0]?.traceparent)) ?? [];
  assert.equal(traceId, TRACE);
  assert.notEqual(spanId, PARENT);
  const untraced = await openGateway({ trainer });
  t.after(() => untraced.close());
  await untraced.as('auditor', { url: '/v1/local/jobs', headers: { traceparent } });
  assert.equal(headers[1]?.traceparent, undefined);
});

test('a collector that is away slows nothing, and is logged once', async (t) => {
  const { gateway, collector, tracer, warnings } = await traced(t);
  collector.isAway = true;
  for (let at = 0; at < 3; at += 1) {
    assert.equal((await gateway.as('auditor', { url: '/v1/members' })).statusCode, 200);
    await tracer.close();
  }
  assert.equal(warnings.length, 1);
});

test('what a client signs is traced as other calls of the ledger are', async () => {
  const collector = new Collector();
  const tracer = collector.tracer('consilium-gateway');
  const ledger = tracedLedger(new MemoryLedger(), tracer);
  const proposal = ledger.propose({ name: 'member:register', argument: REGISTER_MEMBER }, 'a certificate');
  const endorsed = await ledger.endorse(proposal, new Uint8Array());
  await ledger.submitSigned(endorsed, new Uint8Array(), () => {});
  await tracer.close();
  const names = collector.spans.map(({ name, status }) => [name, status.code]);
  assert.deepEqual(names, [
    ['ledger endorse', 1],
    ['ledger submit', 1],
  ]);
});

test('the log has no key, no token, no body and no idempotency key of a request', async (t) => {
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const gateway = await openGateway({ logger });
  t.after(() => gateway.close());
  const secret = 'consilium_secret-4711';
  await gateway.app.inject({ url: '/v1/members', headers: { authorization: `Bearer ${secret}` } });
  await gateway.as('operator', {
    method: 'POST',
    url: '/v1/members',
    payload: { ...REGISTER_MEMBER, title: secret },
    headers: { 'idempotency-key': secret, cookie: secret },
  });
  await gateway.as('steward', { method: 'POST', url: '/v1/datasets', payload: { datasetId: secret } });
  assert.ok(lines.length >= 3);
  const text = lines.join('');
  assert.ok(!text.includes(secret), text);
  for (const key of Object.values(gateway.keys)) assert.ok(!text.includes(key));
});
