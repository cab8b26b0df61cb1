import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Role } from '@consilium/domain';
import type { Limits } from '../config.ts';
import { proxyList } from '../http/connection-limits.ts';
import { createApiKey, revokeApiKey } from '../http/key-file.ts';
import { openGateway } from '../testing/gateway-fixture.ts';

const HOST = 'siem.hospital.example';

/** A gateway for two webhooks, or with other limits, whose clock a test moves on so that files are looked at. */
async function setUp(t: TestContext, limits: Partial<Limits> = { webhooks: 2 }) {
  const gateway = await openGateway({
    limits,
    webhooks: {
      send: async () => ({ delivered: true }),
      targets: { hosts: new Set([`${HOST}:443`]), allowed: proxyList([]) },
    },
  });
  t.after(() => gateway.close());
  const path = join(gateway.directory, 'api-keys.json');
  let nowMs = Date.now();
  t.mock.timers.enable({ apis: ['Date'], now: nowMs });
  /** Looked at once a second at most. */
  const looksAgain = () => {
    nowMs += 2_000;
    t.mock.timers.setTime(nowMs);
  };
  const register = async (key: string) => {
    const answer = await gateway.app.inject({
      ...{ method: 'POST', url: '/v1/webhooks', payload: { url: `https://${HOST}/hook` } },
      headers: { authorization: `Bearer ${key}` },
    });
    return { status: answer.statusCode, code: answer.json().code, detail: answer.json().detail };
  };
  return { gateway, path, looksAgain, register };
}

test('webhooks of keys that were revoked leave their places to others', async (t) => {
  const { gateway, path, looksAgain, register } = await setUp(t);
  const left = createApiKey({ path, role: 'auditor', id: 'left' }).key;
  const stays = createApiKey({ path, role: 'auditor', id: 'stays' }).key;
  looksAgain();
  assert.equal((await register(left)).status, 201);
  assert.equal((await register(left)).status, 201);
  assert.equal((await register(stays)).code, 'TOO_MANY_WEBHOOKS');
  revokeApiKey({ path, id: 'left' });
  looksAgain();
  assert.equal((await register(stays)).status, 201);
  // They are shown to whoever cleans up.
  const { items } = (await gateway.as('operator', { url: '/v1/webhooks' })).json();
  assert.deepEqual(
    items.map(({ registeredBy, state }: { registeredBy: string; state: string }) => [registeredBy, state]),
    [
      ['left', 'refused'],
      ['left', 'refused'],
      ['stays', 'delivering'],
    ],
  );
});

test('webhooks of keys that were revoked do not grow without end, and the refusal says who removes them', async (t) => {
  const { path, looksAgain, register } = await setUp(t);
  let refused: Awaited<ReturnType<typeof register>> | undefined;
  for (let at = 0; at < 30 && refused === undefined; at += 1) {
    const { key } = createApiKey({ path, role: 'auditor', id: `key-${at}` });
    looksAgain();
    const registered = await register(key);
    if (registered.status !== 201) refused = registered;
    revokeApiKey({ path, id: `key-${at}` });
  }
  assert.equal(refused?.code, 'TOO_MANY_WEBHOOKS');
  assert.match(
    refused?.detail,
    /20 webhooks, 20 of them of keys that are not taken any more: an operator removes/,
  );
});

test('a key changes webhooks so often a minute, and others and its reads go on', async (t) => {
  const { gateway } = await setUp(t, { webhookChangesPerMinute: 2 });
  const post = async (role: Role, url: string, payload: object) => {
    const answer = await gateway.as(role, { method: 'POST', url: `/v1/webhooks${url}`, payload });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
  };
  const { webhookId } = (await post('auditor', '', { url: `https://${HOST}/hook` })).body;
  for (const [change, payload] of [
    ['replay', { from: 0 }],
    ['rotate-secret', {}],
    ['redeliver', {}],
  ] as const) {
    const ask = () => post('auditor', `/${webhookId}/${change}`, payload);
    const answers = [await ask(), await ask(), await ask()];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 429],
      change,
    );
    assert.equal(answers[2]!.body.code, 'RATE_LIMITED');
    assert.ok(Number(answers[2]!.headers['retry-after']) > 0);
  }
  const own = await gateway.as('auditor', { url: `/v1/webhooks/${webhookId}` });
  assert.deepEqual([own.statusCode, own.json().state], [200, 'delivering']);
  assert.equal((await post('steward', '', { url: `https://${HOST}/other` })).status, 201);
});
