import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { jwtVerify } from 'jose';
import { type FixtureOptions, type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { exchangeRaw, openRaw } from '../testing/raw-connection.ts';

const TRAINER_KEY = 'a-key-of-32-characters-or-longer';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function open(
  t: TestContext,
  handler: Handler,
  options: FixtureOptions = {},
): Promise<GatewayFixture & { url: string; stopTrainer: () => void }> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const trainer = { url: new URL(`http://127.0.0.1:${port}`), key: TRAINER_KEY };
  const gateway = await openGateway({ trainer, ...options });
  await gateway.app.listen({ port: 0 });
  const stopTrainer = () => {
    server.close();
    server.closeAllConnections();
  };
  t.after(async () => {
    await gateway.close();
    stopTrainer();
  });
  return {
    ...gateway,
    url: `http://127.0.0.1:${(gateway.app.server.address() as AddressInfo).port}`,
    stopTrainer,
  };
}

const answerJson = (response: ServerResponse, body: unknown, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

test('a request reaches the trainer with its path, query and body, and an assertion of who asks in place of any key', async (t) => {
  const gateway = await open(t, async (request, response) => {
    const body = (await request.toArray()).join('');
    const { authorization, 'content-type': type, ...others } = request.headers;
    answerJson(response, {
      method: request.method,
      url: request.url,
      authorization,
      type,
      others: Object.keys(others).sort(),
      body,
    });
  });
  const answer = await gateway.as('steward', {
    method: 'POST',
    url: '/v1/local/datasets',
    headers: { cookie: 'a=b' },
    payload: { datasetId: 'x' },
  });
  assert.equal(answer.statusCode, 200);
  const { authorization, ...asked } = answer.json() as { authorization: string };
  const { payload } = await jwtVerify(authorization.slice(7), new TextEncoder().encode(TRAINER_KEY));
  const { iat = 0, exp = 0, jti = '', ...claims } = payload;
  assert.deepEqual(claims, {
    iss: 'consilium-gateway',
    aud: `consilium-trainer:${gateway.ledger.mspId}`,
    sub: JSON.parse(readFileSync(join(gateway.directory, 'api-keys.json'), 'utf8')).keys.find(
      (key: { role: string }) => key.role === 'steward',
    ).id,
    role: 'steward',
    method: 'POST',
    target: '/local/datasets',
  });
  assert.ok(Math.abs(exp - iat - 30) < 1e-6 && jti.length === 22);
  assert.ok(!JSON.stringify(asked).includes(TRAINER_KEY) && !authorization.includes(TRAINER_KEY));
  assert.deepEqual(asked, {
    method: 'POST',
    url: '/local/datasets',
    type: 'application/json',
    others: ['connection', 'content-length', 'host', 'x-request-id'],
    body: '{"datasetId":"x"}',
  });
  const onnx = await gateway.as('researcher', { url: '/v1/local/models/heart-2026/onnx?local=false' });
  assert.equal(onnx.json().url, '/local/models/heart-2026/onnx?local=false');
  const whose = await gateway.as('researcher', { url: '/v1/local/models/heart-2026/onnx?datasetId=zurich' });
  assert.equal(whose.json().url, '/local/models/heart-2026/onnx?datasetId=zurich');
  const unknown = await gateway.as('researcher', { url: '/v1/local/models/heart-2026/onnx?dataset=zurich' });
  assert.deepEqual([unknown.statusCode, unknown.json().code], [400, 'INVALID_ARGUMENT']);
});

test('CSV text passes as it is', async (t) => {
  const gateway = await open(t, async (request, response) => {
    answerJson(response, { type: request.headers['content-type'], body: (await request.toArray()).join('') });
  });
  const answer = await gateway.as('researcher', {
    method: 'POST',
    url: '/v1/local/predictions',
    headers: { 'content-type': 'text/csv' },
    payload: 'age,sex\n61,1\n',
  });
  assert.deepEqual(answer.json(), { type: 'text/csv', body: 'age,sex\n61,1\n' });
});

test('an answer comes back with its status, type, hash and bytes, and no other header', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  const gateway = await open(t, (_request, response) => {
    response
      .writeHead(200, {
        'content-type': 'application/octet-stream',
        'x-onnx-sha256': 'abc',
        'set-cookie': 'a=b',
        server: 'trainer',
      })
      .end(bytes);
  });
  const answer = await gateway.as('researcher', { url: '/v1/local/models/heart-2026/onnx' });
  assert.ok(answer.rawPayload.equals(bytes));
  assert.equal(answer.headers['content-type'], 'application/octet-stream');
  assert.equal(answer.headers['x-onnx-sha256'], 'abc');
  assert.equal(answer.headers['set-cookie'], undefined);
  assert.equal(answer.headers.server, undefined);
});

test("the trainer's own refusals pass", async (t) => {
  const problem = { code: 'DATASET_INVALID', problems: [{ line: 3, column: 'age', rule: 'bounds' }] };
  const gateway = await open(t, (_request, response) => answerJson(response, problem, 422));
  const answer = await gateway.as('steward', { method: 'POST', url: '/v1/local/datasets', payload: {} });
  assert.equal(answer.statusCode, 422);
  assert.deepEqual(answer.json(), problem);
});

test('a trainer that is down, or not configured, is said to be unavailable', async (t) => {
  const gateway = await open(t, (_request, response) => answerJson(response, []));
  assert.equal((await gateway.as('steward', { url: '/v1/local/jobs' })).statusCode, 200);
  gateway.stopTrainer();
  const down = await gateway.as('steward', { url: '/v1/local/jobs' });
  assert.deepEqual([down.statusCode, down.json().code], [503, 'TRAINER_UNAVAILABLE']);
  assert.ok(down.headers['retry-after']);
  assert.doesNotMatch(down.body, /127\.0\.0\.1|ECONN/);
  const without = await openGateway();
  t.after(() => without.close());
  const none = await without.as('steward', { url: '/v1/local/jobs' });
  assert.deepEqual([none.statusCode, none.json().code], [503, 'TRAINER_UNAVAILABLE']);
});

test('a trainer that is too slow, or refuses the trainer key, is unavailable too', async (t) => {
  const slow = await open(t, () => {}, { limits: { trainerTimeoutMs: 20 } });
  assert.equal((await slow.as('steward', { url: '/v1/local/jobs' })).json().code, 'TRAINER_UNAVAILABLE');
  const strange = await open(t, (_request, response) => answerJson(response, {}, 401));
  assert.equal((await strange.as('steward', { url: '/v1/local/jobs' })).json().code, 'TRAINER_UNAVAILABLE');
});

test('routes that are not listed are not passed on', async (t) => {
  let asked = 0;
  const gateway = await open(t, (_request, response) => {
    asked += 1;
    answerJson(response, {});
  });
  for (const url of ['/v1/local/secrets', '/v1/local/jobs/../secrets', '/v1/local', '/local/jobs']) {
    assert.equal((await gateway.as('steward', { url })).statusCode, 404, url);
  }
  assert.equal(asked, 0);
});

test('a body over the limit is refused, whether it declares its length or not', async (t) => {
  const gateway = await open(
    t,
    async (request, response) => {
      for await (const _ of request);
      answerJson(response, {});
    },
    { limits: { localBodyBytes: 1000 } },
  );
  const declared = await gateway.as('steward', {
    method: 'POST',
    url: '/v1/local/datasets',
    payload: { filler: 'x'.repeat(1000) },
  });
  assert.deepEqual([declared.statusCode, declared.json().code], [413, 'PAYLOAD_TOO_LARGE']);
  const chunks = Readable.from(Array.from({ length: 20 }, () => 'x'.repeat(100)));
  const chunked = await fetch(`${gateway.url}/v1/local/datasets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.keys.steward}`, 'content-type': 'application/json' },
    body: Readable.toWeb(chunks) as ReadableStream,
    duplex: 'half',
  } as RequestInit);
  assert.equal(chunked.status, 413);
});

test('each request has an assertion and a connection of its own', async (t) => {
  const connections = new Set<unknown>();
  const assertions = new Set<unknown>();
  const gateway = await open(t, (request, response) => {
    connections.add(request.socket);
    assertions.add(request.headers.authorization);
    assert.equal(request.headers.connection, 'close');
    answerJson(response, []);
  });
  for (const role of ['auditor', 'steward', 'auditor'] as const) {
    assert.equal((await gateway.as(role, { url: '/v1/local/jobs' })).statusCode, 200);
  }
  assert.deepEqual([connections.size, assertions.size], [3, 3]);
});

test('nothing of a caller but body, media type and validated parameters reaches the trainer', async (t) => {
  const gateway = await open(t, async (request, response) => {
    await request.toArray();
    answerJson(response, { url: request.url, names: Object.keys(request.headers).sort() });
  });
  const answer = await gateway.as('steward', {
    url: '/v1/local/datasets/own/held-out?as=ids',
    headers: {
      accept: 'GET /local/jobs HTTP/1.1',
      range: 'bytes=0-',
      'if-none-match': '*',
      'x-request-id': 'mine',
    },
  });
  assert.deepEqual(answer.json(), {
    url: '/local/datasets/own/held-out?as=ids',
    names: ['authorization', 'connection', 'host', 'x-request-id'],
  });
  for (const query of ['?as=all', '?as=ids&as=rows', '?as=ids%26x', '?x=1', '?as=ids#x', '?as']) {
    const url = `/v1/local/datasets/own/held-out${query}`;
    const { statusCode } = await gateway.as('steward', { url });
    assert.equal(statusCode, query === '?as=ids#x' ? 200 : 400, query);
  }
});

test('a content type that is none is refused, and one that is passes unchanged', async (t) => {
  const gateway = await open(t, async (request, response) => {
    await request.toArray();
    answerJson(response, { type: request.headers['content-type'] });
  });
  const send = (type: string) =>
    gateway.as('steward', {
      method: 'POST',
      url: '/v1/local/predictions',
      headers: { 'content-type': type },
      payload: '{}',
    });
  for (const type of ['application/json', 'application/json; charset=utf-8', 'a/b;c="d e"; f=g']) {
    assert.equal((await send(type)).json().type, type);
  }
  for (const type of ['json', 'a/b\u00e9', `a/${'b'.repeat(300)}`, 'a/b; c', 'a/b, c/d', 'a/b;c="\t"']) {
    const answer = await send(type);
    assert.ok([400, 415].includes(answer.statusCode), type);
  }
});

test('HEAD answers as GET does, without the body', async (t) => {
  const asked: unknown[] = [];
  const gateway = await open(t, (request, response) => {
    asked.push(request.method);
    answerJson(response, { much: 'x'.repeat(100_000) });
  });
  for (let again = 0; again < 3; again += 1) {
    const answer = await fetch(`${gateway.url}/v1/local/jobs`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${gateway.keys.auditor}` },
    });
    assert.deepEqual([answer.status, await answer.text()], [200, '']);
  }
  assert.deepEqual(asked, ['GET', 'GET', 'GET']);
});

test("a body that is never sent, or is cut off, does not become part of another caller's", async (t) => {
  const bodies: string[] = [];
  const gateway = await open(t, async (request, response) => {
    try {
      bodies.push((await request.toArray()).join(''));
      answerJson(response, {});
    } catch {
      // The gateway has ended it.
    }
  });
  const port = Number(new URL(gateway.url).port);
  const begun = (role: 'researcher' | 'steward', body: string) =>
    [
      'POST /v1/local/predictions HTTP/1.1',
      'host: a',
      `authorization: Bearer ${gateway.keys[role]}`,
      'content-type: application/json',
      'content-length: 40',
      'connection: close',
      '',
      body,
    ].join('\r\n');
  for (let again = 0; again < 5; again += 1) {
    const cut = await openRaw(port);
    cut.write(begun('researcher', '{"researcher":'));
    cut.socket.destroy();
    const whole = `{"steward":"${again}"}`.padEnd(40);
    assert.match(await exchangeRaw(port, begun('steward', whole)), /^HTTP\/1\.1 200 /);
    assert.equal(bodies.at(-1), whole);
  }
  assert.ok(bodies.every((body) => !body.includes('researcher')));
});
