import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { GatewayProblemError, HospitalClient } from './hospital-client.ts';

const keys = { operator: 'o', steward: 's', researcher: 'r', auditor: 'a' };

async function serve(t: TestContext, listener: RequestListener): Promise<HospitalClient> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  return new HospitalClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys });
}

test('each request shows the key of its role', async (t) => {
  const client = await serve(t, (request, response) => {
    response.end(JSON.stringify({ key: request.headers.authorization, url: request.url }));
  });
  assert.deepEqual(await client.get('/members'), { key: 'Bearer a', url: '/v1/members' });
  assert.deepEqual(await client.post('/studies', 'researcher'), { key: 'Bearer r', url: '/v1/studies' });
});

test('problem details become an error with their code; anything else is shown as it came', async (t) => {
  const client = await serve(t, (request, response) => {
    response.statusCode = 409;
    response.end(
      request.url === '/v1/plain'
        ? 'busy'
        : JSON.stringify({ code: 'DATASET_EXISTS', detail: 'choose another id' }),
    );
  });
  await assert.rejects(client.post('/datasets', 'steward'), (error: Error) => {
    assert.ok(error instanceof GatewayProblemError);
    assert.equal(error.code, 'DATASET_EXISTS');
    assert.equal(error.message, 'POST /datasets: DATASET_EXISTS (409): choose another id');
    return true;
  });
  await assert.rejects(client.get('/plain'), /busy/);
});

test('a request is repeated with one idempotency key while a part does not answer or an outcome is not known, and then given up', async (t) => {
  const seen: (string | undefined)[] = [];
  const client = await serve(t, (request, response) => {
    seen.push(request.headers['idempotency-key'] as string | undefined);
    if (seen.length === 1) {
      response.destroy();
      return;
    }
    response.statusCode = [503, 504][seen.length - 2] ?? 200;
    response.end(JSON.stringify({ code: 'TRAINER_UNAVAILABLE', detail: 'restarting' }));
  });
  await client.post('/studies', 'researcher', {});
  assert.equal(seen.length, 4);
  assert.ok(seen[0] !== undefined && new Set(seen).size === 1);
  const closed = new HospitalClient({ url: 'http://127.0.0.1:1', keys, patienceMs: -1 });
  await assert.rejects(closed.get('/ledger'), /GET \/ledger: http:\/\/127.0.0.1:1 does not answer/);
});

test('a row of another hospital is waited for, and nothing else', async (t) => {
  let asked = 0;
  const client = await serve(t, (request, response) => {
    asked += 1;
    if (request.url === '/v1/conflict') response.statusCode = 409;
    else if (asked < 3) response.statusCode = 404;
    response.end(JSON.stringify({ code: 'STUDY_NOT_FOUND', detail: 'a block behind' }));
  });
  await client.getOnceThere('/studies/s/consents/d/quote');
  assert.equal(asked, 3);
  await assert.rejects(client.getOnceThere('/conflict'), GatewayProblemError);
  assert.equal(asked, 4);
  asked = 0;
  const impatient = new HospitalClient({ url: client.url, keys, patienceMs: -1 });
  await assert.rejects(impatient.getOnceThere('/studies/s/consents/d/quote'), /STUDY_NOT_FOUND/);
  assert.equal(asked, 1);
});

test('a list is read to its last page', async (t) => {
  const client = await serve(t, (request, response) => {
    const bookmark = new URL(request.url!, 'http://x').searchParams.get('bookmark');
    response.end(
      JSON.stringify(bookmark === null ? { items: [1, 2], bookmark: 'next page' } : { items: [3] }),
    );
  });
  assert.deepEqual(await client.list('/studies'), [1, 2, 3]);
});

test('events are read across chunks, comments left out', async (t) => {
  const client = await serve(t, (_request, response) => {
    response.write('retry: 1000\n\n: heartbeat\n\nid: 1:a\nevent: RoundOpened\nda');
    setImmediate(() => response.end('ta: {"round":1}\n\nevent: RoundClosed\ndata: {"round":1}\n\n'));
  });
  const names: string[] = [];
  const { signal } = new AbortController();
  for await (const { name } of client.events({ from: 0, signal })) names.push(name);
  assert.deepEqual(names, ['RoundOpened', 'RoundClosed']);
});
