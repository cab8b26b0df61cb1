import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROLES, transactionNamed } from '@consilium/domain';
import { LEDGER_ROUTES } from '../app.ts';
import { LOCAL_ROUTES } from '../routes/local.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';

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
