import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROLES, type Role, transactionNamed } from '@consilium/domain';
import { pino } from 'pino';
import { LEDGER_ROUTES } from '../app.ts';
import { LOCAL_ROUTES } from '../routes/local.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { createApiKey } from './key-file.ts';
import { SCOPES, type Scope } from './scopes.ts';

const urlOf = (path: string) =>
  `/v1${path
    .replace('{round}', '1')
    .replace('{pool}', 'training')
    .replaceAll(/\{\w+\}/g, 'x')}`;

describe('authentication', () => {
  let gateway: GatewayFixture;
  before(async () => {
    gateway = await openGateway();
  });
  after(() => gateway.close());

  it('refuses a request without a key, with another scheme or with an unknown key', async () => {
    for (const authorization of [undefined, 'Basic YTpi', 'Bearer', 'Bearer consilium_unknown', 'Bearer  ']) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await gateway.app.inject({ url: '/v1/members', headers });
      assert.equal(answer.statusCode, 401, authorization);
      assert.equal(answer.json().code, 'UNAUTHENTICATED');
      assert.match(answer.headers['www-authenticate'] as string, /^Bearer/);
    }
  });

  it('refuses before it reads a body', async () => {
    const answer = await gateway.app.inject({
      method: 'POST',
      url: '/v1/members',
      headers: { 'content-type': 'application/json' },
      payload: '{ this is not JSON',
    });
    assert.equal(answer.statusCode, 401);
  });

  it('refuses every role that the transaction does not name, and only those', async () => {
    for (const { path, transaction } of LEDGER_ROUTES) {
      const { kind, roles } = transactionNamed(transaction);
      for (const role of ROLES) {
        const method = kind === 'submit' ? 'POST' : 'GET';
        const answer = await gateway.as(role, { method, url: urlOf(path) });
        const refused = answer.statusCode === 403 && answer.json().code === 'ROLE_REQUIRED';
        assert.equal(refused, !roles.includes(role), `${role} ${method} ${path}: ${answer.body}`);
      }
    }
  });

  it('refuses every role that a route of the trainer does not name', async () => {
    for (const { path, method, roles } of LOCAL_ROUTES) {
      for (const role of ROLES) {
        const answer = await gateway.as(role, { method, url: urlOf(path) });
        assert.equal(answer.statusCode === 403, !roles.includes(role), `${role} ${path}`);
      }
    }
  });

  it('serves health, readiness, metrics and documentation to anybody', async () => {
    for (const url of ['/healthz', '/readyz', '/metrics', '/documentation/json']) {
      assert.equal((await gateway.app.inject(url)).statusCode, 200, url);
    }
  });

  it('keeps no key, only its hash', () => {
    const file = readFileSync(join(gateway.directory, 'api-keys.json'), 'utf8');
    for (const key of Object.values(gateway.keys)) assert.ok(!file.includes(key));
  });
});

describe('a file of API keys that breaks', () => {
  it('is seen by /readyz and the metrics, and keeps no key alive that it removes', async (t) => {
    const gateway = await openGateway();
    t.after(() => gateway.close());
    const path = join(gateway.directory, 'api-keys.json');
    const ask = async (role: Role) => (await gateway.as(role, { url: '/v1/members' })).statusCode;
    const checks = async () => (await gateway.app.inject('/readyz')).json().checks as { name: string }[];
    const metric = async () =>
      /^consilium_api_keys_broken (\d)$/m.exec((await gateway.app.inject('/metrics')).body)?.[1];
    assert.equal((await gateway.app.inject('/readyz')).statusCode, 200);
    assert.equal(await metric(), '0');
    const good = readFileSync(path, 'utf8');
    const file = JSON.parse(good);
    file.keys = file.keys.filter((entry: { role: string }) => entry.role !== 'auditor');
    file.keys.push({ id: 'new', role: 'steward', hash: 'of a key' });
    writeFileSync(path, JSON.stringify(file));
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
    assert.deepEqual([await ask('auditor'), await ask('steward')], [401, 200]);
    assert.equal((await gateway.app.inject('/readyz')).statusCode, 503);
    assert.match(JSON.stringify((await checks()).at(-1)), /api-keys.*broken/);
    assert.equal(await metric(), '1');
    writeFileSync(path, good);
    t.mock.timers.tick(2_000);
    assert.deepEqual([await ask('auditor'), await ask('steward')], [200, 200]);
    assert.equal((await gateway.app.inject('/readyz')).statusCode, 200);
    assert.equal(await metric(), '0');
  });
});

describe('a key with scopes', () => {
  it('may do what they name, and nothing else that its role may', async (t) => {
    const gateway = await openGateway();
    t.after(() => gateway.close());
    const path = join(gateway.directory, 'api-keys.json');
    const requests: Record<Scope, { method: 'GET' | 'POST'; url: string }> = {
      read: { method: 'GET', url: '/v1/members' },
      submit: { method: 'POST', url: '/v1/members' },
      local: { method: 'GET', url: '/v1/local/jobs' },
      events: { method: 'GET', url: '/v1/events?from=-1' },
      webhooks: { method: 'GET', url: '/v1/webhooks' },
      keys: { method: 'GET', url: '/v1/api-keys' },
    };
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    for (const scope of SCOPES) {
      const { key } = createApiKey({ path, role: 'operator', scopes: [scope] });
      t.mock.timers.tick(2_000);
      for (const [needed, request] of Object.entries(requests)) {
        const answer = await gateway.app.inject({ ...request, headers: { authorization: `Bearer ${key}` } });
        const isRefused = answer.statusCode === 403 && answer.json().code === 'SCOPE_REQUIRED';
        assert.equal(isRefused, needed !== scope, `${scope} ${needed}: ${answer.body}`);
      }
    }
  });
});

describe('a refusal', () => {
  it('says the same whatever is wrong with a key, and the log says what, without the key', async (t) => {
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const gateway = await openGateway({ logger });
    t.after(() => gateway.close());
    const path = join(gateway.directory, 'api-keys.json');
    const ended = createApiKey({ path, role: 'steward', expiresAt: new Date(1) }).key;
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
    const shown = [
      [undefined, 'no key'],
      ['Basic c2VjcmV0', 'no bearer token of a length that keys have'],
      ['Bearer consilium_secret', 'unknown key'],
      [`Bearer ${ended}`, 'key has ended'],
      [`Bearer ${'secret'.repeat(200)}`, 'no bearer token of a length that keys have'],
    ] as const;
    const answers = new Set<string>();
    for (const [authorization, why] of shown) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await gateway.app.inject({ url: '/v1/members', headers });
      const { requestId, ...body } = answer.json();
      answers.add(JSON.stringify([answer.statusCode, body, answer.headers['www-authenticate']]));
      const line = lines
        .map((text) => JSON.parse(text))
        .find((own) => own.why !== undefined && own.reqId === requestId);
      assert.equal(line?.why, why);
      assert.equal(line?.code, 'UNAUTHENTICATED');
    }
    assert.equal(answers.size, 1);
    const log = lines.join('');
    assert.ok(!log.includes('secret') && !log.includes('c2VjcmV0') && !log.includes(ended));
  });
});

describe('every operation of the document', () => {
  const PUBLIC = ['get /healthz', 'get /readyz', 'get /metrics'];
  /** What neither the method nor the path says. */
  const SCOPE_OF: Readonly<Record<string, Scope>> = { 'get /v1/operations/{operationId}': 'submit' };
  const scopeOf = (name: string): Scope => {
    if (/ \/v1\/api-keys(\/|$)/.test(name)) return 'keys';
    const own = /^\w+ \/v1\/(local|events|webhooks)(?:\/|$)/.exec(name)?.[1] as Scope | undefined;
    return SCOPE_OF[name] ?? own ?? (name.startsWith('get ') ? 'read' : 'submit');
  };

  it('is for callers with a key alone, and for keys with its one scope alone', async (t) => {
    const gateway = await openGateway({
      limits: { requestsPerMinute: 100_000, failuresPerMinute: 100_000 },
    });
    t.after(() => gateway.close());
    const path = join(gateway.directory, 'api-keys.json');
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const keys = SCOPES.map((scope) => [
      scope,
      createApiKey({ path, role: 'operator', scopes: [scope] }).key,
    ]);
    t.mock.timers.tick(2_000);
    const { paths } = (await gateway.app.inject('/documentation/json')).json();
    const operations = Object.entries(paths as Record<string, object>).flatMap(([place, methods]) =>
      Object.keys(methods).map((method) => ({ method: method as 'get' | 'post', place })),
    );
    assert.ok(operations.length > 90, String(operations.length));
    for (const { method, place } of operations) {
      const name = `${method} ${place}`;
      if (PUBLIC.includes(name)) continue;
      const url = place.replaceAll(/\{\w+\}/g, 'x');
      assert.equal((await gateway.app.inject({ method, url })).statusCode, 401, name);
      for (const [scope, key] of keys) {
        if (scope === scopeOf(name)) continue;
        const headers = { authorization: `Bearer ${key}` };
        const { statusCode, body } = await gateway.app.inject({ method, url, headers });
        assert.equal(statusCode, 403, `${name} with ${scope}`);
        assert.match(JSON.parse(body).code, /^(SCOPE|ROLE)_REQUIRED$/, `${name} with ${scope}`);
      }
    }
  });
});

describe('a revoked key', () => {
  it('stops to work while the gateway runs', async (t) => {
    const gateway = await openGateway();
    t.after(() => gateway.close());
    const ask = () => gateway.as('auditor', { url: '/v1/members' });
    assert.equal((await ask()).statusCode, 200);
    const path = join(gateway.directory, 'api-keys.json');
    const file = JSON.parse(readFileSync(path, 'utf8'));
    file.keys = file.keys.filter((entry: { role: string }) => entry.role !== 'auditor');
    writeFileSync(path, JSON.stringify(file));
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
    assert.equal((await ask()).statusCode, 401);
    assert.equal((await gateway.as('steward', { url: '/v1/members' })).statusCode, 200);
  });
});
