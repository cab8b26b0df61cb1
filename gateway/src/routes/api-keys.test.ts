import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ROLES } from '@consilium/domain';
import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import { createApiKey } from '../http/key-file.ts';
import { type FixtureOptions, openGateway } from '../testing/gateway-fixture.ts';

const URL_OF_KEYS = '/v1/api-keys';
const PAGE = { 'sec-fetch-site': 'same-origin', 'x-consilium-console': '1' };
const CLIENTS = Object.fromEntries([...ROLES, 'ben'].map((name) => [name, 'a certificate']));

async function open(t: TestContext, options: FixtureOptions = {}) {
  const lines: string[] = [];
  const gateway = await openGateway({
    certificates: () => CLIENTS,
    logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    limits: { failuresPerMinute: 1000 },
    ...options,
  });
  t.after(() => gateway.close());
  const path = join(gateway.directory, 'api-keys.json');
  const withKey = (key: string, request: InjectOptions) =>
    gateway.app.inject({ ...request, headers: { authorization: `Bearer ${key}`, ...request.headers } });
  const post = (url: string, payload: object, key = gateway.keys.operator) =>
    withKey(key, { method: 'POST', url, payload });
  return { gateway, path, lines, withKey, post };
}

describe('API keys over REST', () => {
  it('are listed for the operator alone, without what would show a key', async (t) => {
    const { gateway, path } = await open(t);
    for (const role of ROLES.filter((one) => one !== 'operator')) {
      assert.equal((await gateway.as(role, { url: URL_OF_KEYS })).json().code, 'ROLE_REQUIRED', role);
    }
    const answer = await gateway.as('operator', { url: URL_OF_KEYS });
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { items, madeOverRest } = answer.json();
    assert.equal(madeOverRest, false);
    assert.deepEqual(
      items.map(({ role, state }: { role: string; state: string }) => [role, state]),
      ROLES.map((role) => [role, 'valid']),
    );
    const own = items.find(({ role }: { role: string }) => role === 'operator');
    assert.match(own.lastUsedAt, /:00\.000Z$/);
    const { keys } = JSON.parse(readFileSync(path, 'utf8')) as { keys: { hash: string }[] };
    for (const { hash } of keys) assert.ok(!answer.body.includes(hash.slice(-20)));
    assert.ok(!/hash|replaced/.test(answer.body));
  });

  it('are made and rotated nowhere unless the gateway is set up for it', async (t) => {
    const { gateway, path, post } = await open(t);
    const before = readFileSync(path, 'utf8');
    for (const url of [URL_OF_KEYS, `${URL_OF_KEYS}/steward-1/rotate`]) {
      const answer = await post(url, url === URL_OF_KEYS ? { role: 'steward' } : {});
      assert.deepEqual([answer.statusCode, answer.json().code], [403, 'API_KEYS_BY_REST_OFF']);
      assert.match(answer.json().detail, /CONSILIUM_API_KEYS_BY_REST/);
    }
    assert.equal(readFileSync(path, 'utf8'), before);
    const own = await openGateway({ console: { directory: '/nowhere' } });
    t.after(() => own.close());
    const signIn = { method: 'POST', url: '/console/session', headers: PAGE } as const;
    const { operations } = (
      await own.app.inject({ ...signIn, payload: { apiKey: own.keys.operator } })
    ).json();
    assert.ok(operations.includes('listApiKeys') && operations.includes('revokeApiKey'));
    assert.ok(!operations.includes('createApiKey') && !operations.includes('rotateApiKey'));
    assert.ok((await gateway.as('operator', { url: URL_OF_KEYS })).statusCode === 200);
  });

  it('are made where it is, shown once, work at once, and are in the log without the key', async (t) => {
    const { gateway, path, lines, post, withKey } = await open(t, { apiKeysByRest: true });
    const wish = { role: 'auditor', id: 'dashboards', scopes: ['read'], expiresAt: '2100-01-01T00:00:00Z' };
    const answer = await post(URL_OF_KEYS, wish);
    assert.equal(answer.statusCode, 201, answer.body);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { key, ...shown } = answer.json();
    assert.deepEqual([shown.id, shown.role, shown.scopes], ['dashboards', 'auditor', ['read']]);
    assert.equal((await withKey(key, { url: '/v1/members' })).statusCode, 200);
    assert.equal((await withKey(key, { url: '/v1/webhooks' })).json().code, 'SCOPE_REQUIRED');
    assert.equal((await post(URL_OF_KEYS, wish)).json().code, 'API_KEY_EXISTS');
    assert.equal((statSync(path).mode & 0o777).toString(8), '600');
    const line = lines.map((text) => JSON.parse(text)).find(({ made }) => made === 'dashboards');
    assert.deepEqual([line.role, line.msg], ['auditor', 'an API key was made over REST']);
    assert.match(line.key, /^operator-/);
    const { body } = await gateway.as('operator', { url: URL_OF_KEYS });
    for (const text of [lines.join(''), body, readFileSync(path, 'utf8')]) assert.ok(!text.includes(key));
  });

  it('are for those alone whose certificate the gateway has, and for a time to come', async (t) => {
    const { path, post } = await open(t, { apiKeysByRest: true });
    const before = readFileSync(path, 'utf8');
    for (const [wish, field] of [
      [{ role: 'steward', person: 'eve' }, 'person'],
      [{ role: 'auditor', expiresAt: '2000-01-01T00:00:00Z' }, 'expiresAt'],
      [{ role: 'auditor', expiresAt: '2100-13-01T00:00:00Z' }, 'expiresAt'],
      [{ role: 'auditor', id: 'oidc-0' }, 'id'],
      [{ role: 'root' }, 'role'],
      [{ role: 'auditor', scopes: [] }, 'scopes'],
      [{ role: 'auditor', hash: 'sha256:00' }, 'hash'],
      [{ role: 'auditor', id: '../x' }, 'id'],
    ] as const) {
      const answer = await post(URL_OF_KEYS, wish);
      assert.equal(answer.statusCode, 400, answer.body);
      assert.match(JSON.stringify(answer.json().problems), new RegExp(`"field":"${field}`));
    }
    assert.equal(readFileSync(path, 'utf8'), before);
    assert.equal((await post(URL_OF_KEYS, { role: 'steward', person: 'ben' })).statusCode, 201);
  });

  it('are not made with a key that is limited to scopes, whatever these are', async (t) => {
    const { path, post, withKey } = await open(t, { apiKeysByRest: true });
    const { key } = createApiKey({ path, role: 'operator', id: 'desk', scopes: ['keys', 'read', 'submit'] });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
    assert.equal((await withKey(key, { url: URL_OF_KEYS })).statusCode, 200);
    const before = readFileSync(path, 'utf8');
    for (const url of [URL_OF_KEYS, `${URL_OF_KEYS}/desk/rotate`]) {
      const answer = await post(url, url === URL_OF_KEYS ? { role: 'operator' } : {}, key);
      assert.deepEqual([answer.statusCode, answer.json().code], [403, 'SCOPE_REQUIRED']);
    }
    assert.equal(readFileSync(path, 'utf8'), before);
  });

  it('are rotated: the old one ends at once, or goes on for a while', async (t) => {
    const { path, post, withKey } = await open(t, { apiKeysByRest: true });
    const { key: first } = createApiKey({ path, role: 'auditor', id: 'exports', scopes: ['read'] });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
    const ask = async (key: string) => (await withKey(key, { url: '/v1/members' })).statusCode;
    const rotate = (body: object) => post(`${URL_OF_KEYS}/exports/rotate`, body);
    const { key: second, scopes } = (await rotate({})).json();
    assert.deepEqual(scopes, ['read']);
    assert.deepEqual([await ask(first), await ask(second)], [401, 200]);
    const { key: third } = (await rotate({ overlapSeconds: 60 })).json();
    assert.deepEqual([await ask(second), await ask(third)], [200, 200]);
    t.mock.timers.tick(61_000);
    assert.deepEqual([await ask(second), await ask(third)], [401, 200]);
    assert.equal((await post(`${URL_OF_KEYS}/nobody/rotate`, {})).json().code, 'API_KEY_NOT_FOUND');
    createApiKey({ path, role: 'auditor', id: 'old', expiresAt: new Date(Date.now() + 1) });
    t.mock.timers.tick(2_000);
    const ended = await post(`${URL_OF_KEYS}/old/rotate`, {});
    assert.deepEqual([ended.statusCode, ended.json().problems[0].field], [400, 'expiresAt']);
  });

  it('are revoked at once, also with sessions of the console', async (t) => {
    const { gateway, withKey } = await open(t, {
      console: { directory: '/nowhere' },
      certificates: () => ({}),
    });
    const { items } = (await gateway.as('operator', { url: URL_OF_KEYS })).json();
    const { id } = items.find(({ role }: { role: string }) => role === 'steward');
    const signedIn = await gateway.app.inject({
      method: 'POST',
      url: '/console/session',
      headers: PAGE,
      payload: { apiKey: gateway.keys.steward },
    });
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0]!;
    const ask = () => gateway.app.inject({ url: '/v1/members', headers: { ...PAGE, cookie } });
    assert.equal((await ask()).statusCode, 200);
    const revoke = () => withKey(gateway.keys.operator, { method: 'DELETE', url: `${URL_OF_KEYS}/${id}` });
    assert.equal((await revoke()).statusCode, 204);
    assert.equal((await withKey(gateway.keys.steward, { url: '/v1/members' })).statusCode, 401);
    assert.match((await gateway.app.inject('/metrics')).body, /consilium_console_sessions 0\n/);
    assert.equal((await ask()).statusCode, 401);
    assert.equal((await revoke()).json().code, 'API_KEY_NOT_FOUND');
  });

  it('are no more than their file may have; each is still rotated in its own place', async (t) => {
    const { path, post } = await open(t, { apiKeysByRest: true });
    const { keys } = JSON.parse(readFileSync(path, 'utf8')) as { keys: object[] };
    const more = Array.from({ length: 1000 - keys.length }, (_, at) => ({
      ...{ id: `more-${at}`, role: 'auditor' },
      hash: `sha256:${at.toString(16).padStart(64, '0')}`,
    }));
    writeFileSync(path, JSON.stringify({ keys: [...keys, ...more] }));
    const full = readFileSync(path, 'utf8');
    const rotate = `${URL_OF_KEYS}/more-0/rotate`;
    for (const answer of [
      await post(URL_OF_KEYS, { role: 'auditor' }),
      await post(rotate, { overlapSeconds: 60 }),
    ]) {
      assert.deepEqual([answer.statusCode, answer.json().code], [409, 'TOO_MANY_API_KEYS'], answer.body);
    }
    assert.equal(readFileSync(path, 'utf8'), full);
    assert.equal((await post(rotate, {})).statusCode, 200);
  });

  it('are left alone while their file is broken, or another command changes it', async (t) => {
    const { gateway, path, post } = await open(t, { apiKeysByRest: true });
    const good = readFileSync(path, 'utf8');
    writeFileSync(`${path}.new`, '');
    const busy = await post(URL_OF_KEYS, { role: 'auditor' });
    assert.deepEqual([busy.statusCode, busy.json().code], [503, 'API_KEYS_UNAVAILABLE']);
    assert.equal(readFileSync(path, 'utf8'), good);
    writeFileSync(path, good.replace('"keys"', '"kees"'));
    const broken = await gateway.as('operator', { url: URL_OF_KEYS });
    assert.equal(broken.json().code, 'API_KEYS_UNAVAILABLE');
    assert.ok(!broken.body.includes(path) && !broken.body.includes('kees'));
  });
});
