import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ROUTES } from './api.generated.ts';
import { Client, targetOf } from './client.ts';
import { apiTypes } from './documentation/api-types.ts';
import { EventStreamParser } from './event-stream.ts';
import type { NoAnswerError, ProblemError } from './problems.ts';

interface Seen {
  readonly request: string;
  readonly key: string | undefined;
  readonly body: string;
}

async function serve(t: TestContext, ...answers: readonly RequestListener[]) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    request.toArray().then((chunks) => {
      const answer = answers[Math.min(seen.length, answers.length - 1)]!;
      const { method, url, headers } = request;
      const key = headers['idempotency-key'] as string | undefined;
      seen.push({ request: `${method} ${url}`, key, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  t.after(stop);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { seen, url, stop, client: new Client({ url, key: 'secret' }) };
}

const json =
  (status: number, body: unknown): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const problem = (status: number, code: string) =>
  json(status, { status, code, detail: 'why', requestId: 'r' });

test('an operation is sent by its name, its places filled each as one segment', async (t) => {
  const { client, seen } = await serve(t, json(200, { studyId: 'a' }));
  await client.call('getRound', { path: { studyId: 'a/../b', round: 2 } });
  await client.call('listStudies', { query: { state: 'running', limit: 3 } });
  await client.call('getLedger');
  await client.call('abortRound', { path: { studyId: 'a', round: 2 }, body: { reason: 'late' } });
  assert.deepEqual(
    seen.map(({ request, body }) => `${request} ${body}`.trim()),
    [
      'GET /v1/studies/a%2F..%2Fb/rounds/2',
      'GET /v1/studies?state=running&limit=3',
      'GET /v1/ledger',
      'POST /v1/studies/a/rounds/2/abort {"reason":"late"}',
    ],
  );
  assert.throws(() => targetOf('getStudy', {} as never), RangeError);
});

test('a list in a query is sent entry by entry', () => {
  const path = { studyId: 'heart', datasetId: 'oslo' };
  const target = targetOf('quoteConsent', { path, query: { blocks: [1, 3] } });
  assert.equal(target, '/v1/studies/heart/consents/oslo/quote?blocks=1&blocks=3');
  assert.equal(targetOf('quoteConsent', { path, query: {} }), '/v1/studies/heart/consents/oslo/quote');
});

test('an operation whose answer is empty is done, and no failure', async (t) => {
  const { client, seen } = await serve(t, (_, response) => void response.writeHead(204).end());
  assert.equal(await client.call('removeWebhook', { path: { webhookId: '5f0c9a526d0b4c3f' } }), undefined);
  assert.equal(seen[0]!.request, 'DELETE /v1/webhooks/5f0c9a526d0b4c3f');
});

test('a file of lines is answered and sent as its text', async (t) => {
  const lines = '{"a":1}\n{"b":2}\n';
  const types: unknown[] = [];
  const { client, seen } = await serve(t, ({ headers }, response) => {
    types.push(headers['content-type']);
    response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' }).end(lines);
  });
  assert.equal(await client.call('getEvidenceOfStudy', { path: { studyId: 'a' } }), lines);
  await client.send({ method: 'POST', target: ROUTES.compareWitnessStatement.path, body: lines });
  assert.deepEqual([types, seen[1]!.body], [[undefined, 'application/x-ndjson'], lines]);
});

test('every operation has types but the stream of events, whose answer has no end', () => {
  const file = readFileSync(new URL('../../src/api.generated.ts', import.meta.url), 'utf8');
  const typed = Object.keys(ROUTES).filter((name) => file.includes(`\n  readonly ${name}: {`));
  assert.deepEqual(
    Object.keys(ROUTES).filter((name) => !typed.includes(name)),
    ['streamEvents'],
  );
});

test('a list is read to its last page', async (t) => {
  const page = (items: string[], bookmark?: string) =>
    json(200, { items: items.map((mspId) => ({ mspId })), ...(bookmark && { bookmark }) });
  const { client, seen } = await serve(t, page(['A', 'B'], 'next &'), page([], 'x'), page(['C']));
  const found: string[] = [];
  for await (const { mspId } of client.items('listMembers', { query: { limit: 2 } })) found.push(mspId);
  assert.deepEqual(found, ['A', 'B', 'C']);
  assert.equal(seen[1]!.request, 'GET /v1/members?limit=2&bookmark=next+%26');
});

test('a read is sent again where nobody could answer, and given up in the end', async (t) => {
  const gone: RequestListener = (_, response) => void response.destroy();
  const { client, seen } = await serve(t, gone, problem(503, 'LEDGER_UNAVAILABLE'), json(200, {}));
  await client.call('getLedger');
  assert.equal(seen.length, 3);
  const busy = await serve(t, problem(503, 'LEDGER_UNAVAILABLE'));
  await assert.rejects(busy.client.call('getLedger'), { name: 'ProblemError', code: 'LEDGER_UNAVAILABLE' });
  assert.equal(busy.seen.length, 3);
});

test('a submission is sent again with a key of its own alone, and with the same key', async (t) => {
  const body = { reason: 'late' };
  const path = { studyId: 'a', round: 2 };
  const once = await serve(t, problem(504, 'OUTCOME_UNKNOWN'));
  await assert.rejects(once.client.call('abortRound', { path, body }), { code: 'OUTCOME_UNKNOWN' });
  assert.equal(once.seen.length, 1);
  const keyed = await serve(t, problem(504, 'OUTCOME_UNKNOWN'), json(200, {}));
  await keyed.client.call('abortRound', { path, body, idempotencyKey: 'k' });
  assert.deepEqual(
    keyed.seen.map(({ key }) => key),
    ['k', 'k'],
  );
});

test('what will not be otherwise is not sent again', async (t) => {
  for (const status of [400, 401, 403, 404, 409, 422, 500]) {
    const { client, seen } = await serve(t, problem(status, 'X'));
    await assert.rejects(client.call('getLedger'), (error: ProblemError) => {
      assert.deepEqual([error.status, error.code, error.problem.requestId], [status, 'X', 'r']);
      return true;
    });
    assert.equal(seen.length, 1, String(status));
  }
  const page = await serve(t, (_, response) => void response.writeHead(404).end('<html>'));
  await assert.rejects(page.client.call('getLedger'), { code: 'NO_PROBLEM', status: 404 });
});

test('the error says whether a gateway is not there or broke off', async (t) => {
  const { client, url, stop } = await serve(t, (_, response) => void response.destroy());
  const asked = (one: Client) => one.send({ method: 'POST', target: ROUTES.openRound.path, body: {} });
  await assert.rejects(asked(client), (error: NoAnswerError) => error.maybeSent);
  await stop();
  const absent = new Client({ url, key: 'x' });
  await assert.rejects(asked(absent), (error: NoAnswerError) => !error.maybeSent);
});

test('a signal that aborts ends a request and the wait for the next attempt', async (t) => {
  const leaving = new AbortController();
  const { client } = await serve(t, (_, response) => {
    response.writeHead(503, { 'retry-after': '3600' }).end('{}', () => setImmediate(() => leaving.abort()));
  });
  const target = ROUTES.getLedger.path;
  await assert.rejects(client.send({ method: 'GET', target, signal: leaving.signal }), {
    name: 'AbortError',
  });
});

test('events are read across pieces, with ids to go on after', async (t) => {
  const { client } = await serve(t, (request, response) => {
    assert.equal(request.headers['last-event-id'], '41:x');
    response.write(': heartbeat\n\nid: 42:a\r\nevent: RoundOpened\r\nda');
    setImmediate(() => response.end('ta: {"round":1}\r\n\r\nevent: RoundClosed\ndata: no json\n\n'));
  });
  const found = [];
  for await (const event of client.events({ after: '41:x' })) found.push(event);
  assert.deepEqual(found, [
    { id: '42:a', name: 'RoundOpened', data: { round: 1 } },
    { id: '42:a', name: 'RoundClosed', data: {} },
  ]);
  const refused = await serve(t, problem(401, 'UNAUTHENTICATED'));
  await assert.rejects(refused.client.events().next(), { code: 'UNAUTHENTICATED' });
  assert.throws(() => new EventStreamParser().push('x'.repeat(2 ** 20 + 1)), RangeError);
});

test('types and routes are those of the OpenAPI document', () => {
  const root = new URL('../../../../', import.meta.url);
  const document = JSON.parse(readFileSync(new URL('docs/reference/openapi.json', root), 'utf8'));
  const file = readFileSync(new URL('packages/client/src/api.generated.ts', root), 'utf8');
  // The file is formatted: what differs is where lines end.
  const bare = (text: string) => text.replaceAll(/[\s;,'"|()]/g, '');
  assert.ok(bare(file) === bare(apiTypes(document)), 'run: scripts/write-documentation.sh');
});
