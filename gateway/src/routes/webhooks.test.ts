import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Role } from '@consilium/domain';
import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import type { Limits } from '../config.ts';
import type { LedgerEvent } from '../fabric/ledger.ts';
import { proxyList } from '../http/connection-limits.ts';
import { createApiKey, revokeApiKey, rotateApiKey } from '../http/key-file.ts';
import { type FixtureOptions, type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { MemoryLedger } from '../testing/memory-ledger.ts';
import { WebhookReceiver } from '../testing/webhook-receiver.ts';
import { webhookSender } from '../webhooks/send-webhook.ts';
import { signatureOf } from '../webhooks/webhook-signature.ts';

interface Setting {
  readonly gateway: GatewayFixture;
  readonly receiver: WebhookReceiver;
}

const PAUSE_MS = 5;

async function receiverFor(t: TestContext): Promise<WebhookReceiver> {
  const receiver = await WebhookReceiver.start();
  t.after(() => receiver.close());
  return receiver;
}

const webhooksTo = (receiver: WebhookReceiver, timeoutMs = 10_000) => ({
  send: webhookSender({ timeoutMs, allowed: proxyList(['127.0.0.1']), authorities: receiver.authority }),
  targets: { hosts: new Set([receiver.host]), allowed: proxyList(['127.0.0.1']) },
  pauseMs: () => PAUSE_MS,
});

async function setUp(
  t: TestContext,
  limits: Partial<Limits> = {},
  more: FixtureOptions = {},
): Promise<Setting> {
  const receiver = await receiverFor(t);
  const gateway = await openGateway({
    limits,
    webhooks: webhooksTo(receiver, limits.webhookTimeoutMs),
    ...more,
  });
  t.after(() => gateway.close());
  return { gateway, receiver };
}

const event = (blockNumber: number, name = 'RoundOpened', studyId = 'heart'): LedgerEvent => ({
  blockNumber,
  transactionId: `${blockNumber}0`.padStart(64, '0'),
  name,
  payload: { studyId, round: blockNumber },
});
const idOf = ({ blockNumber, transactionId }: LedgerEvent) => `${blockNumber}:${transactionId}`;

async function register(gateway: GatewayFixture, wish: object, role: Role = 'auditor') {
  const answer = await gateway.as(role, { method: 'POST', url: '/v1/webhooks', payload: wish });
  assert.equal(answer.statusCode, 201, answer.body);
  return answer.json() as { webhookId: string; secret: string; state: string };
}

const asKey = (gateway: GatewayFixture, key: string, options: InjectOptions) =>
  gateway.app.inject({ ...options, headers: { authorization: `Bearer ${key}` } });

/** Asks until the answer fits: deliveries go on beside a test. */
async function eventually<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    await sleep(5);
  }
}

const shown = async (gateway: GatewayFixture, webhookId: string, role: Role = 'auditor') =>
  (await gateway.as(role, { url: `/v1/webhooks/${webhookId}` })).json();

test('events are sent in order, signed, under the ids that the stream has', async (t) => {
  const { gateway, receiver } = await setUp(t);
  const { secret } = await register(gateway, { url: receiver.url(), from: 0 });
  const events = [1, 2, 3].map((block) => event(block));
  for (const one of events) gateway.ledger.emit(one);
  await receiver.until(({ length }) => length === 3);
  assert.deepEqual(
    receiver.received.map(({ id }) => id),
    events.map(idOf),
  );
  for (const { id, timestamp, body, signatures } of receiver.received) {
    assert.deepEqual(signatures, [signatureOf({ id, timestampSeconds: Number(timestamp), body }, secret)]);
    assert.ok(Math.abs(Date.now() / 1000 - Number(timestamp)) < 3600);
    const sent = JSON.parse(body);
    assert.deepEqual([sent.id, sent.type, sent.data.studyId], [id, 'RoundOpened', 'heart']);
    assert.equal(`${sent.data.blockNumber}:${sent.data.transactionId}`, id);
  }
});

test('without from a webhook starts with the next block, and filters leave out other events and studies', async (t) => {
  const { gateway, receiver } = await setUp(t);
  gateway.ledger.emit(event(1));
  const wish = { url: receiver.url(), events: ['RoundOpened', 'RoundClosed'], studyId: 'heart' };
  await register(gateway, wish);
  gateway.ledger.emit(event(2, 'UpdateRecorded'));
  gateway.ledger.emit(event(3, 'RoundOpened', 'lung'));
  gateway.ledger.emit(event(4, 'RoundClosed'));
  await receiver.until(({ length }) => length === 1);
  assert.equal(receiver.received[0]!.id, idOf(event(4)));
});

test('an event that is not taken is sent again, the same bytes under the same id, until it is', async (t) => {
  const { gateway, receiver } = await setUp(t);
  receiver.answer((_, number) => (number < 4 ? [500, 302, 404][number - 1] : 204));
  await register(gateway, { url: receiver.url(), from: 0 });
  gateway.ledger.emit(event(1));
  gateway.ledger.emit(event(2));
  await receiver.until(({ length }) => length === 5);
  const [first, ...others] = receiver.received;
  assert.deepEqual(
    others.map(({ id }) => id),
    [first!.id, first!.id, first!.id, idOf(event(2))],
  );
  assert.equal(new Set(receiver.received.slice(0, 4).map(({ body }) => body)).size, 1);
});

test('a redirect is not followed', async (t) => {
  const { gateway, receiver } = await setUp(t, { webhookAttempts: 2 });
  receiver.answer(() => ({ status: '307', location: receiver.url('/elsewhere') }));
  const { webhookId } = await register(gateway, { url: receiver.url(), from: 0 });
  gateway.ledger.emit(event(1));
  const { items } = await eventually(
    async () => (await gateway.as('auditor', { url: `/v1/webhooks/${webhookId}/dead-letters` })).json(),
    (page) => page.items.length === 1,
  );
  assert.equal(items[0].problem, 'it answers 307: redirects are not followed');
  assert.deepEqual(new Set(receiver.received.map(({ path }) => path)), new Set(['/hook']));
});

test('an event that no attempt delivers is set aside, the next one comes, and it can be delivered after all', async (t) => {
  const { gateway, receiver } = await setUp(t, { webhookAttempts: 3 });
  let isBroken = true;
  receiver.answer(({ id }) => (isBroken && id === idOf(event(1)) ? 500 : 204));
  const { webhookId } = await register(gateway, { url: receiver.url(), from: 0 });
  gateway.ledger.emit(event(1));
  gateway.ledger.emit(event(2));
  await receiver.until((all) => all.some(({ id }) => id === idOf(event(2))));
  const letters = async () =>
    (await gateway.as('auditor', { url: `/v1/webhooks/${webhookId}/dead-letters` })).json();
  const { items } = await eventually(letters, (page) => page.items.length === 1);
  const [{ lastAttemptAt: _, ...letter }] = items;
  assert.deepEqual(letter, {
    eventId: idOf(event(1)),
    event: 'RoundOpened',
    blockNumber: 1,
    transactionId: event(1).transactionId,
    attempts: 3,
    problem: 'it answers 500',
    isAsked: false,
  });
  const redeliver = (payload: object) =>
    gateway.as('auditor', { method: 'POST', url: `/v1/webhooks/${webhookId}/redeliver`, payload });
  assert.deepEqual((await redeliver({ eventIds: [idOf(event(9))] })).json(), { asked: 0 });
  assert.deepEqual((await redeliver({})).json(), { asked: 1 });
  await eventually(letters, (page) => page.items[0]?.attempts === 4 && !page.items[0].isAsked);
  isBroken = false;
  assert.deepEqual((await redeliver({ eventIds: [idOf(event(1))] })).json(), { asked: 1 });
  assert.deepEqual((await eventually(letters, (page) => page.items.length === 0)).items, []);
  const ofFirst = receiver.received.filter(({ id }) => id === idOf(event(1)));
  assert.equal(ofFirst.length, 5);
  assert.equal(new Set(ofFirst.map(({ body }) => body)).size, 1);
});

test('dead letters come in pages', async (t) => {
  const { gateway, receiver } = await setUp(t, { webhookAttempts: 1 });
  receiver.answer(() => 500);
  const { webhookId } = await register(gateway, { url: receiver.url(), from: 0 });
  for (const block of [1, 2, 3]) gateway.ledger.emit(event(block));
  const page = async (query: string) =>
    (await gateway.as('auditor', { url: `/v1/webhooks/${webhookId}/dead-letters${query}` })).json();
  await eventually(
    () => page(''),
    ({ items }) => items.length === 3,
  );
  const first = await page('?limit=2');
  assert.equal(first.items.length, 2);
  const second = await page(`?limit=2&bookmark=${first.bookmark}`);
  assert.deepEqual([second.items.length, second.bookmark], [1, undefined]);
  const metrics = (await gateway.app.inject('/metrics')).body;
  assert.match(metrics, /^consilium_webhook_dead_letters 3$/m);
  assert.match(metrics, /^consilium_webhook_attempts_total\{outcome="set-aside"\} 3$/m);
});

test('a list of dead letters that is full holds the event at hand, and loses none', async (t) => {
  const { gateway, receiver } = await setUp(t, { webhookAttempts: 1, webhookDeadLetters: 1 });
  receiver.answer(() => 500);
  const { webhookId } = await register(gateway, { url: receiver.url(), from: 0 });
  for (const block of [1, 2, 3]) gateway.ledger.emit(event(block));
  await receiver.until((all) => all.filter(({ id }) => id === idOf(event(2))).length >= 4);
  assert.equal((await shown(gateway, webhookId)).deadLetters, 1);
  receiver.answer(() => 204);
  await receiver.until((all) => all.some(({ id }) => id === idOf(event(3))));
});

test('replay sends all again from a block, also while an event is tried in vain', async (t) => {
  const { gateway, receiver } = await setUp(t);
  receiver.answer(({ id }) => (id === idOf(event(3)) ? 503 : 204));
  for (const block of [1, 2, 3]) gateway.ledger.emit(event(block));
  const { webhookId } = await register(gateway, { url: receiver.url(), from: 2 });
  await receiver.until((all) => all.some(({ id }) => id === idOf(event(3))));
  assert.ok(!receiver.received.some(({ id }) => id === idOf(event(1))));
  const replayed = await gateway.as('auditor', {
    method: 'POST',
    url: `/v1/webhooks/${webhookId}/replay`,
    payload: { from: 0 },
  });
  assert.deepEqual(replayed.json().position, { blockNumber: 0, afterTransactionId: null });
  await receiver.until((all) => all.filter(({ id }) => id === idOf(event(2))).length === 2);
  assert.ok(receiver.received.some(({ id }) => id === idOf(event(1))));
});

test('an answer of 410 stops a webhook for good, until its owner replays it', async (t) => {
  const { gateway, receiver } = await setUp(t);
  receiver.answer(() => 410);
  const { webhookId } = await register(gateway, { url: receiver.url(), from: 0 });
  gateway.ledger.emit(event(1));
  await eventually(
    () => shown(gateway, webhookId),
    ({ state }) => state === 'stopped',
  );
  receiver.answer(() => 204);
  assert.equal(receiver.received.length, 1);
  await gateway.as('auditor', {
    method: 'POST',
    url: `/v1/webhooks/${webhookId}/replay`,
    payload: { from: 0 },
  });
  await receiver.until(({ length }) => length === 2);
});

test('two secrets count while one replaces the other, and then the new one alone', async (t) => {
  const { gateway, receiver } = await setUp(t);
  const { webhookId, secret } = await register(gateway, { url: receiver.url(), from: 0 });
  const rotate = async (payload: object) =>
    (
      await gateway.as('auditor', { method: 'POST', url: `/v1/webhooks/${webhookId}/rotate-secret`, payload })
    ).json();
  const second = await rotate({});
  assert.notEqual(second.secret, secret);
  gateway.ledger.emit(event(1));
  await receiver.until(({ length }) => length === 1);
  const third = await rotate({ overlapSeconds: 0 });
  gateway.ledger.emit(event(2));
  await receiver.until(({ length }) => length === 2);
  const expected = [[second.secret, secret], [third.secret]];
  for (const [at, { id, timestamp, body, signatures }] of receiver.received.entries()) {
    const content = { id, timestampSeconds: Number(timestamp), body };
    assert.deepEqual(
      signatures,
      expected[at]!.map((one) => signatureOf(content, one)),
    );
  }
});

test('a secret is answered once, and is in no other answer, in no log and in a file for its owner alone', async (t) => {
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const { gateway, receiver } = await setUp(t, {}, { logger });
  const registered = await gateway.as('auditor', {
    method: 'POST',
    url: '/v1/webhooks',
    payload: { url: receiver.url('/hook?token=of-the-receiver'), from: 0 },
  });
  assert.equal(registered.headers['cache-control'], 'no-store');
  const { webhookId, secret } = registered.json();
  receiver.answer((_, number) => (number === 1 ? 500 : 204));
  gateway.ledger.emit(event(1));
  await receiver.until(({ length }) => length === 2);
  const answers = await Promise.all(
    [`/v1/webhooks/${webhookId}`, '/v1/webhooks', `/v1/webhooks/${webhookId}/dead-letters`, '/metrics'].map(
      async (url) => (await gateway.as('auditor', { url })).body,
    ),
  );
  for (const text of [...answers, ...lines]) {
    assert.ok(!text.includes(secret) && !text.includes(secret.slice(8, 30)), text);
    assert.ok(!text.includes('a secret of the receiver'), text);
  }
  assert.ok(lines.length > 0);
  assert.ok(!lines.some((line) => line.includes('of-the-receiver')), lines.join(''));
  for (const file of readdirSync(gateway.directory).filter((name) => name.startsWith('webhooks.sqlite'))) {
    if (file.endsWith('.head')) continue;
    assert.equal(statSync(join(gateway.directory, file)).mode & 0o777, 0o600, file);
  }
  assert.ok(
    readdirSync(gateway.directory).some((file) =>
      readFileSync(join(gateway.directory, file)).includes(secret),
    ),
  );
});

test('once the key that registered it is revoked nothing more is sent, also under another key of its id', async (t) => {
  const { gateway, receiver } = await setUp(t);
  const path = join(gateway.directory, 'api-keys.json');
  const { key } = createApiKey({ path, role: 'auditor', id: 'siem' });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
  const registered = await asKey(gateway, key, {
    method: 'POST',
    url: '/v1/webhooks',
    payload: { url: receiver.url(), from: 0 },
  });
  const { webhookId } = registered.json();
  gateway.ledger.emit(event(1));
  await receiver.until(({ length }) => length === 1);
  revokeApiKey({ path, id: 'siem' });
  const later = createApiKey({ path, role: 'auditor', id: 'siem' }).key;
  t.mock.timers.tick(2_000);
  gateway.ledger.emit(event(2));
  const { state, problem } = await eventually(
    () => shown(gateway, webhookId, 'operator'),
    (one) => one.state === 'refused',
  );
  assert.equal(state, 'refused');
  assert.match(problem, /revoked, has ended, or is withheld/);
  for (const [method, url] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/replay'],
    ['POST', '/rotate-secret'],
    ['POST', '/redeliver'],
    ['GET', '/dead-letters'],
  ] as const) {
    const payload = method === 'POST' ? { payload: url === '/replay' ? { from: 0 } : {} } : {};
    const answer = await asKey(gateway, later, {
      method,
      url: `/v1/webhooks/${webhookId}${url}`,
      ...payload,
    });
    assert.equal(answer.json().code, 'WEBHOOK_NOT_FOUND', url);
  }
  assert.deepEqual((await asKey(gateway, later, { url: '/v1/webhooks' })).json(), { items: [] });
  // Another webhook goes on meanwhile, so time has passed for this one too.
  await register(gateway, { url: receiver.url('/other'), from: 2 });
  await receiver.until((all) => all.some((one) => one.path === '/other'));
  assert.deepEqual(
    receiver.received.filter((one) => one.path === '/hook').map(({ id }) => id),
    [idOf(event(1))],
  );
});

test('a rotated key goes on with its webhooks, and one that loses the scope does not', async (t) => {
  const { gateway, receiver } = await setUp(t);
  const path = join(gateway.directory, 'api-keys.json');
  const scopes = ['webhooks'] as const;
  const { key } = createApiKey({ path, role: 'auditor', id: 'siem', scopes });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
  const registered = await asKey(gateway, key, {
    method: 'POST',
    url: '/v1/webhooks',
    payload: { url: receiver.url(), from: 0 },
  });
  const { webhookId } = registered.json();
  const next = rotateApiKey({ path, id: 'siem' });
  t.mock.timers.tick(2_000);
  gateway.ledger.emit(event(1));
  await receiver.until(({ length }) => length === 1);
  assert.equal(
    (await asKey(gateway, next.key, { url: '/v1/webhooks' })).json().items[0].webhookId,
    webhookId,
  );
  assert.equal((await asKey(gateway, next.key, { url: '/v1/events' })).json().code, 'SCOPE_REQUIRED');
  const file = JSON.parse(readFileSync(path, 'utf8')) as { keys: { id: string; scopes?: string[] }[] };
  const keys = file.keys.map((entry) => (entry.id === 'siem' ? { ...entry, scopes: ['read'] } : entry));
  writeFileSync(path, JSON.stringify({ keys }));
  t.mock.timers.tick(2_000);
  gateway.ledger.emit(event(2));
  const { problem } = await eventually(
    () => shown(gateway, webhookId, 'operator'),
    ({ state }) => state === 'refused',
  );
  assert.match(problem, /has not the scope webhooks/);
  assert.equal(receiver.received.length, 1);
});

test('a role sees its own webhooks alone, and an operator removes any but sees no secret', async (t) => {
  const { gateway, receiver } = await setUp(t);
  const { webhookId } = await register(gateway, { url: receiver.url() });
  assert.equal((await gateway.as('steward', { url: `/v1/webhooks/${webhookId}` })).statusCode, 404);
  assert.equal(
    (await gateway.as('steward', { method: 'DELETE', url: `/v1/webhooks/${webhookId}` })).statusCode,
    404,
  );
  const { items } = (await gateway.as('operator', { url: '/v1/webhooks' })).json();
  assert.equal(items[0].webhookId, webhookId);
  assert.equal(items[0].secret, undefined);
  const rotated = await gateway.as('operator', {
    method: 'POST',
    url: `/v1/webhooks/${webhookId}/rotate-secret`,
    payload: {},
  });
  assert.equal(rotated.statusCode, 404);
  const removed = await gateway.as('operator', { method: 'DELETE', url: `/v1/webhooks/${webhookId}` });
  assert.deepEqual([removed.statusCode, removed.body], [204, '']);
  assert.equal((await gateway.as('auditor', { url: `/v1/webhooks/${webhookId}` })).statusCode, 404);
  const withBody = await gateway.as('operator', {
    method: 'DELETE',
    url: `/v1/webhooks/${webhookId}`,
    payload: { webhookId },
  });
  assert.equal(withBody.json().code, 'REQUEST_MALFORMED');
  gateway.ledger.emit(event(1));
  await register(gateway, { url: receiver.url('/other'), from: 0 });
  await receiver.until(({ length }) => length === 1);
  assert.equal(receiver.received[0]!.path, '/other');
});

test('what is not allowed is refused with the reason', async (t) => {
  const { gateway, receiver } = await setUp(t, { webhooksPerKey: 1 });
  const post = async (payload: object, role: Role = 'auditor') =>
    (await gateway.as(role, { method: 'POST', url: '/v1/webhooks', payload })).json();
  assert.equal((await post({ url: 'https://evil.example/' })).code, 'WEBHOOK_TARGET_REFUSED');
  assert.match((await post({ url: 'http://127.0.0.1/' })).detail, /must begin with https/);
  assert.equal((await post({ url: receiver.url(), events: ['Nothing'] })).code, 'INVALID_ARGUMENT');
  assert.equal((await post({ url: receiver.url(), from: -1 })).code, 'INVALID_ARGUMENT');
  await register(gateway, { url: receiver.url() });
  assert.equal((await post({ url: receiver.url() })).code, 'TOO_MANY_WEBHOOKS');
  await register(gateway, { url: receiver.url() }, 'steward');
});

test('a gateway without targets sends nothing anywhere', async (t) => {
  const gateway = await openGateway();
  t.after(() => gateway.close());
  const answer = await gateway.as('operator', {
    method: 'POST',
    url: '/v1/webhooks',
    payload: { url: 'https://siem.hospital.example/' },
  });
  assert.deepEqual([answer.statusCode, answer.json().code], [422, 'WEBHOOK_TARGET_REFUSED']);
});

test('a name that resolves to this machine is not asked, unless the operator allows it', async (t) => {
  const receiver = await receiverFor(t);
  const send = webhookSender({
    timeoutMs: 10_000,
    allowed: proxyList([]),
    authorities: receiver.authority,
    resolve: async () => ['127.0.0.1'],
  });
  const { port } = new URL(receiver.url());
  const attempt = { id: '1', body: '{}', secrets: [], signal: new AbortController().signal };
  for (const url of [`https://siem.hospital.example:${port}/`, receiver.url()]) {
    const result = await send({ ...attempt, url });
    assert.match(result.delivered ? '' : result.problem, /is not asked: 127\.0\.0\.1 is this machine/);
  }
  assert.equal(receiver.received.length, 0);
});

test('a certificate of another name or authority is refused before anything is sent', async (t) => {
  const receiver = await receiverFor(t);
  const other = await receiverFor(t);
  const attempt = { id: '1', body: '{"patient":1}', secrets: [], signal: new AbortController().signal };
  const allowed = proxyList(['127.0.0.1']);
  const options = { timeoutMs: 10_000, allowed, resolve: async () => ['127.0.0.1'] };
  const strange = webhookSender({ ...options, authorities: other.authority });
  assert.equal((await strange({ ...attempt, url: receiver.url() })).delivered, false);
  const named = webhookSender({ ...options, authorities: receiver.authority });
  const { port } = new URL(receiver.url());
  const result = await named({ ...attempt, url: `https://siem.hospital.example:${port}/` });
  assert.match(result.delivered ? '' : result.problem, /ERR_TLS_CERT_ALTNAME_INVALID/);
  assert.equal(receiver.received.length, 0);
});

test('after a restart a webhook goes on behind what it delivered, and never skips an event', async (t) => {
  const ledger = new MemoryLedger();
  const { gateway, receiver } = await setUp(t, {}, { ledger });
  await register(gateway, { url: receiver.url(), from: 0 });
  ledger.emit(event(1));
  ledger.emit(event(2));
  await receiver.until(({ length }) => length === 2);
  receiver.answer(() => undefined);
  ledger.emit(event(3));
  await receiver.until(({ length }) => length === 3);
  const directory = gateway.directory;
  // Closing waits for no answer that does not come.
  await gateway.app.close();
  receiver.answer(() => 204);
  const again = await openGateway({ directory, ledger, webhooks: webhooksTo(receiver) });
  t.after(() => again.close());
  await receiver.until((all) => all.length >= 4);
  ledger.emit(event(4));
  const all = await receiver.until((them) => them.some(({ id }) => id === idOf(event(4))));
  const ids = [...new Set(all.map(({ id }) => id))];
  assert.deepEqual(
    ids,
    [1, 2, 3, 4].map((block) => idOf(event(block))),
  );
  assert.ok(!all.slice(3).some(({ id }) => id === idOf(event(1))));
});

test('webhooks that never answer hold up neither each other nor the gateway', async (t) => {
  const { gateway, receiver } = await setUp(t, { webhooksPerKey: 50 });
  receiver.answer(({ path }) => (path === '/slow' ? undefined : 204));
  for (let at = 0; at < 20; at += 1) await register(gateway, { url: receiver.url('/slow'), from: 0 });
  await register(gateway, { url: receiver.url('/fast'), from: 0 });
  for (let block = 1; block <= 50; block += 1) gateway.ledger.emit(event(block));
  await receiver.until((all) => all.filter(({ path }) => path === '/fast').length === 50);
  assert.equal((await gateway.as('auditor', { url: '/v1/members' })).statusCode, 200);
  // Each has one event in its hands, however many wait on the ledger.
  assert.ok(receiver.received.filter(({ path }) => path === '/slow').length <= 20);
  assert.ok(receiver.open <= 22);
});
