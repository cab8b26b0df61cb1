import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import { createApiKey, rotateApiKey } from '../http/key-file.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';

const PAGE = { 'sec-fetch-site': 'same-origin', 'x-consilium-console': '1' };
const URL_OF_SESSION = '/console/session';
const CONSOLE = { directory: '/nowhere' };

type Gateway = Pick<GatewayFixture, 'app'>;

const signIn = (gateway: Gateway, apiKey: string, headers: Record<string, string> = {}) =>
  gateway.app.inject({
    method: 'POST',
    url: URL_OF_SESSION,
    headers: { ...PAGE, ...headers },
    payload: { apiKey },
  });
const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
  String(answer.headers['set-cookie']).split(';')[0]!;
const asking = (gateway: Gateway, cookie: string, request: InjectOptions = {}) =>
  gateway.app.inject({ url: '/v1/members', ...request, headers: { ...PAGE, cookie, ...request.headers } });

describe('a session of the console', () => {
  let gateway: GatewayFixture;
  const lines: string[] = [];
  before(async () => {
    gateway = await openGateway({
      console: CONSOLE,
      limits: { failuresPerMinute: 1000 },
      logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    });
  });
  after(() => gateway.close());

  it('begins with an API key, and does what that key may with a cookie that holds nothing of it', async () => {
    const key = gateway.keys.auditor;
    const answer = await signIn(gateway, ` ${key}\n`);
    assert.equal(answer.statusCode, 200, answer.body);
    const set = String(answer.headers['set-cookie']);
    assert.match(set, /^consilium-session-[\w.-]+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { operations, ...view } = answer.json();
    assert.deepEqual([view.signedIn, view.role], [true, 'auditor']);
    assert.ok(operations.includes('listMembers') && !operations.includes('registerDataset'));
    const cookie = cookieOf(answer);
    const own = await asking(gateway, cookie);
    assert.equal(own.statusCode, 200, own.body);
    assert.equal(own.headers['cache-control'], 'no-store');
    const post = { method: 'POST', url: '/v1/datasets' } as const;
    assert.equal((await asking(gateway, cookie, post)).json().code, 'ROLE_REQUIRED');
    const secret = cookie.split('=')[1]!;
    const log = lines.join('');
    assert.ok(!log.includes(key) && !log.includes(secret) && !answer.body.includes(key));
    const line = lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'signed in to the console');
    assert.equal(line?.way, 'apiKey');
    assert.ok(line?.reqId && line?.key);
  });

  it('tells the page only the operations that its role and scopes may', async (t) => {
    const path = join(gateway.directory, 'api-keys.json');
    const { key } = createApiKey({ path, role: 'steward', id: 'reader', scopes: ['read'] });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
    const { operations, scopes } = (await signIn(gateway, key)).json();
    assert.deepEqual(scopes, ['read']);
    assert.ok(operations.includes('listStudies') && !operations.includes('grantConsent'));
    assert.ok(!operations.includes('streamEvents'));
    const { operations: all } = (await signIn(gateway, gateway.keys.steward)).json();
    assert.ok(all.includes('streamEvents') && all.length > operations.length);
  });

  it('offers no key that is limited to scopes to make others, which it would be refused', async (t) => {
    const own = await openGateway({ console: { directory: '/nowhere' }, apiKeysByRest: true });
    t.after(() => own.close());
    const path = join(own.directory, 'api-keys.json');
    const { key } = createApiKey({ path, role: 'operator', id: 'desk', scopes: ['keys', 'webhooks'] });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
    const offered = async (shown: string) => {
      const { operations } = (await signIn(own, shown)).json() as { operations: string[] };
      const named = ['createApiKey', 'listApiKeys', 'registerWebhook', 'revokeApiKey', 'rotateApiKey'];
      return named.filter((one) => operations.includes(one));
    };
    assert.deepEqual(await offered(key), ['listApiKeys', 'registerWebhook', 'revokeApiKey']);
    assert.equal((await offered(own.keys.operator)).length, 5);
  });

  it('is of nobody without a key that the gateway knows, with one answer whatever is wrong', async () => {
    const codes = new Set<string>();
    for (const apiKey of ['consilium_unknown', 'x'.repeat(512), 'a.b.c']) {
      const answer = await signIn(gateway, apiKey);
      assert.equal(answer.statusCode, 401, apiKey);
      assert.equal(answer.headers['set-cookie'], undefined);
      const { requestId: _, ...rest } = answer.json();
      codes.add(JSON.stringify(rest));
    }
    assert.equal(codes.size, 1);
    const { signedIn, ways } = (await gateway.app.inject({ url: URL_OF_SESSION, headers: PAGE })).json();
    assert.deepEqual([signedIn, ways], [false, { apiKey: true, oidc: false }]);
  });

  it('is never the one that a browser came with, and ends that one', async () => {
    const first = cookieOf(await signIn(gateway, gateway.keys.auditor));
    const fixed = `${first.split('=')[0]}=${'A'.repeat(43)}`;
    const second = cookieOf(await signIn(gateway, gateway.keys.steward, { cookie: fixed }));
    assert.notEqual(second, fixed);
    assert.equal((await asking(gateway, fixed)).statusCode, 401);
    const third = cookieOf(await signIn(gateway, gateway.keys.steward, { cookie: first }));
    assert.notEqual(third, first);
    assert.equal((await asking(gateway, first)).statusCode, 401);
    assert.equal((await asking(gateway, second)).statusCode, 200);
  });

  it('is read from one cookie alone: of two that differ none counts', async () => {
    const cookie = cookieOf(await signIn(gateway, gateway.keys.auditor));
    const name = cookie.split('=')[0];
    assert.equal((await asking(gateway, `a=b; ${cookie}; ${cookie}`)).statusCode, 200);
    assert.equal((await asking(gateway, `${name}=${'A'.repeat(43)}; ${cookie}`)).statusCode, 401);
    for (const wrong of [`${name}=`, `${name}=../../x`, `${name}="`, `${name}-other=x`]) {
      assert.equal((await asking(gateway, wrong)).statusCode, 401, wrong);
    }
  });

  it('counts for nothing where a request shows a key', async () => {
    const cookie = cookieOf(await signIn(gateway, gateway.keys.operator));
    const withKey = (authorization: string) =>
      gateway.app.inject({ url: '/v1/webhooks', headers: { cookie, authorization } });
    assert.equal((await withKey(`Bearer ${gateway.keys.operator}`)).statusCode, 200);
    assert.equal((await withKey('Bearer consilium_unknown')).statusCode, 401);
    assert.equal((await withKey('Basic YTpi')).statusCode, 401);
  });

  it('ends when it is signed out, at that browser or everywhere', async () => {
    const [one, two, other] = await Promise.all(
      (['steward', 'steward', 'auditor'] as const).map(async (role) =>
        cookieOf(await signIn(gateway, gateway.keys[role])),
      ),
    );
    const out = (cookie: string, query = '') =>
      asking(gateway, cookie, { method: 'DELETE', url: `${URL_OF_SESSION}${query}` });
    const first = await out(one!);
    assert.equal(first.json().signedIn, false);
    assert.match(String(first.headers['set-cookie']), /=; .*Max-Age=0/);
    assert.equal((await asking(gateway, one!)).statusCode, 401);
    assert.equal((await asking(gateway, two!)).statusCode, 200);
    const three = cookieOf(await signIn(gateway, gateway.keys.steward));
    await out(three, '?everywhere=yes');
    assert.equal((await asking(gateway, two!)).statusCode, 401);
    assert.equal((await asking(gateway, other!)).statusCode, 200);
  });

  it('is given answers that no browser keeps, guesses the kind of, frames or runs', async () => {
    const cookie = cookieOf(await signIn(gateway, gateway.keys.auditor));
    for (const url of ['/v1/members', '/v1/members/NoneMSP']) {
      const { headers } = await asking(gateway, cookie, { url });
      assert.equal(headers['cache-control'], 'no-store', url);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.match(
        String(headers['content-security-policy']),
        /^default-src 'none'; .*frame-ancestors 'none'$/,
      );
    }
    const byKey = await gateway.as('auditor', { url: '/v1/members' });
    assert.equal(byKey.headers['content-security-policy'], undefined);
    assert.match(String(byKey.headers['cache-control']), /private/);
  });

  it('is kept alive by what a person does, and not by what the page asks by itself', async (t) => {
    const own = await openGateway({ console: CONSOLE, limits: { sessionIdleMs: 60_000 } });
    t.after(() => own.close());
    let nowMs = performance.now();
    t.mock.method(performance, 'now', () => nowMs);
    const cookie = cookieOf(await signIn(own, own.keys.auditor));
    const background = { headers: { 'x-consilium-background': '1' } };
    const statuses = [];
    for (const request of [
      {},
      background,
      { url: URL_OF_SESSION },
      {},
      background,
      { url: URL_OF_SESSION },
    ]) {
      nowMs += 25_000;
      statuses.push((await asking(own, cookie, request)).statusCode);
    }
    assert.deepEqual(statuses, [200, 200, 200, 401, 401, 200]);
  });

  it('is refused where a page of another origin may have sent the request', async () => {
    const cookie = cookieOf(await signIn(gateway, gateway.keys.operator));
    const host = 'gateway.hospital.example:8080';
    const ask = (method: 'GET' | 'POST', headers: Record<string, string>) =>
      gateway.app.inject({
        method,
        url: '/v1/webhooks',
        headers: { host, cookie, ...headers },
        ...(method === 'POST' && { payload: {} }),
      });
    const mark = { 'x-consilium-console': '1' };
    const refused: [method: 'GET' | 'POST', headers: Record<string, string>][] = [
      ['GET', { 'sec-fetch-site': 'cross-site' }],
      ['GET', { 'sec-fetch-site': 'same-site', ...mark }],
      ['GET', { 'sec-fetch-site': 'none' }],
      ['GET', {}],
      ['GET', { origin: 'null', ...mark }],
      ['GET', { origin: 'https://evil.example', ...mark }],
      ['GET', { origin: `http://${host}.evil.example` }],
      ['GET', { origin: 'http://gateway.hospital.example:8081' }],
      ['GET', { origin: `ftp://${host}` }],
      ['POST', { 'sec-fetch-site': 'same-origin' }],
      ['POST', { 'sec-fetch-site': 'same-origin', 'x-consilium-console': '2' }],
      ['POST', { 'sec-fetch-site': 'cross-site', ...mark }],
      ['POST', { origin: `http://${host}` }],
      ['POST', {}],
    ];
    for (const [method, headers] of refused) {
      const answer = await ask(method, headers);
      assert.equal(answer.json().code, 'CROSS_SITE_REFUSED', `${method} ${JSON.stringify(headers)}`);
      assert.equal(answer.statusCode, 403);
    }
    const taken: [method: 'GET' | 'POST', headers: Record<string, string>][] = [
      ['GET', { 'sec-fetch-site': 'same-origin' }],
      ['GET', { origin: `http://${host}` }],
      ['GET', { origin: `https://${host}` }],
      // Browsers say neither of reads on plain HTTP.
      ['GET', mark],
      ['POST', { 'sec-fetch-site': 'same-origin', ...mark }],
      ['POST', { origin: `http://${host}`, ...mark }],
    ];
    for (const [method, headers] of taken) {
      const { statusCode, body } = await ask(method, headers);
      assert.ok(
        statusCode === (method === 'GET' ? 200 : 400),
        `${method} ${JSON.stringify(headers)} ${body}`,
      );
    }
  });

  it('is not for pages of origins that may use the API, whatever they may add to their requests', async (t) => {
    const origin = 'https://portal.hospital.example';
    const own = await openGateway({
      console: CONSOLE,
      crossOrigin: { origins: [origin], credentials: true },
    });
    t.after(() => own.close());
    const cookie = cookieOf(await signIn(own, own.keys.operator));
    const preflight = await own.app.inject({
      method: 'OPTIONS',
      url: '/v1/webhooks',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    assert.equal(preflight.statusCode, 204);
    assert.doesNotMatch(String(preflight.headers['access-control-allow-headers']), /console/);
    for (const site of [{ 'sec-fetch-site': 'cross-site' }, {}]) {
      const answer = await own.app.inject({
        url: '/v1/members',
        headers: { origin, cookie, 'x-consilium-console': '1', ...site },
      });
      assert.equal(answer.json().code, 'CROSS_SITE_REFUSED');
    }
    const withKey = { origin, authorization: `Bearer ${own.keys.auditor}`, 'sec-fetch-site': 'cross-site' };
    assert.equal((await own.app.inject({ url: '/v1/members', headers: withKey })).statusCode, 200);
  });

  it('cannot be begun or ended by a page of another origin', async () => {
    const cookie = cookieOf(await signIn(gateway, gateway.keys.auditor));
    for (const method of ['POST', 'DELETE'] as const) {
      for (const headers of [{}, { 'sec-fetch-site': 'cross-site', 'x-consilium-console': '1' }]) {
        const answer = await gateway.app.inject({
          method,
          url: URL_OF_SESSION,
          headers: { cookie, ...headers },
          ...(method === 'POST' && { payload: { apiKey: gateway.keys.auditor } }),
        });
        assert.equal(answer.statusCode, 403);
        assert.equal(answer.headers['set-cookie'], undefined);
      }
    }
    const form = await gateway.app.inject({
      method: 'POST',
      url: URL_OF_SESSION,
      headers: { ...PAGE, 'content-type': 'application/x-www-form-urlencoded' },
      payload: `apiKey=${gateway.keys.auditor}`,
    });
    assert.equal(form.statusCode, 415);
    assert.equal((await asking(gateway, cookie)).statusCode, 200);
  });

  it('counts attempts to guess a key as all others', async (t) => {
    const own = await openGateway({ console: CONSOLE, limits: { failuresPerMinute: 3 } });
    t.after(() => own.close());
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await signIn(own, `consilium_${i}`)).statusCode);
    assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
    assert.equal(
      (await signIn(own, own.keys.auditor)).statusCode,
      200,
      'a key that is known is served all the same',
    );
    const metrics = (await own.app.inject('/metrics')).body;
    assert.match(metrics, /consilium_console_sessions 1\n/);
    assert.match(metrics, /sign_ins_total\{way="apiKey",outcome="refused"\} 5\n/);
  });

  it('ends with its key: when that is revoked, ends or is rotated', async (t) => {
    const own = await openGateway({ console: CONSOLE });
    t.after(() => own.close());
    const path = join(own.directory, 'api-keys.json');
    const expiresAt = new Date(Date.now() + 3_600_000);
    const { key: brief } = createApiKey({ path, role: 'auditor', id: 'brief', expiresAt });
    createApiKey({ path, role: 'auditor', id: 'rotated' });
    const { key: old } = rotateApiKey({ path, id: 'rotated' });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
    const cookies = {
      revoked: cookieOf(await signIn(own, own.keys.steward)),
      ended: cookieOf(await signIn(own, brief)),
      rotated: cookieOf(await signIn(own, old)),
      others: cookieOf(await signIn(own, own.keys.operator)),
    };
    const statuses = async () =>
      Object.fromEntries(
        await Promise.all(
          Object.entries(cookies).map(async ([name, cookie]) => [
            name,
            (await asking(own, cookie)).statusCode,
          ]),
        ),
      );
    assert.deepEqual(await statuses(), { revoked: 200, ended: 200, rotated: 200, others: 200 });
    const file = JSON.parse(readFileSync(path, 'utf8'));
    file.keys = file.keys.filter(({ role }: { role: string }) => role !== 'steward');
    writeFileSync(path, JSON.stringify(file));
    rotateApiKey({ path, id: 'rotated' });
    t.mock.timers.tick(3_600_000);
    assert.deepEqual(await statuses(), { revoked: 401, ended: 401, rotated: 401, others: 200 });
  });

  it('is useless at the gateway of another hospital, and on one machine has a name of its own there', async (t) => {
    const [one, two] = await Promise.all([
      openGateway({ console: CONSOLE }),
      openGateway({ console: CONSOLE }),
    ]);
    t.after(() => Promise.all([one.close(), two.close()]));
    const addresses = await Promise.all(
      [one, two].map(async ({ app }) => {
        await app.listen({ port: 0, host: '127.0.0.1' });
        return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
      }),
    );
    const headers = { ...PAGE, 'content-type': 'application/json' };
    const cookies = await Promise.all(
      [one, two].map(async ({ keys }, at) => {
        const body = JSON.stringify({ apiKey: keys.auditor });
        const answer = await fetch(`${addresses[at]}${URL_OF_SESSION}`, { method: 'POST', headers, body });
        return answer.headers.get('set-cookie')!.split(';')[0]!;
      }),
    );
    const [first, second] = cookies as [string, string];
    assert.notEqual(first.split('=')[0], second.split('=')[0]);
    const ask = async (at: number, cookie: string) =>
      (await fetch(`${addresses[at]}/v1/members`, { headers: { ...PAGE, cookie } })).status;
    assert.equal(await ask(0, `${first}; ${second}`), 200);
    assert.equal(await ask(1, `${first}; ${second}`), 200);
    assert.equal(await ask(1, first), 401);
    assert.equal(await ask(1, `${second.split('=')[0]}=${first.split('=')[1]}`), 401);
  });

  it('has a cookie that only TLS carries where there is TLS, also behind a proxy', async (t) => {
    const own = await openGateway({ console: CONSOLE, proxies: ['127.0.0.1'] });
    t.after(() => own.close());
    const set = String(
      (await signIn(own, own.keys.auditor, { 'x-forwarded-proto': 'https' })).headers['set-cookie'],
    );
    assert.match(set, /^__Host-consilium-session-\S+=\S+; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
    const cookie = set.split(';')[0]!;
    assert.equal((await asking(own, cookie, { headers: { 'x-forwarded-proto': 'https' } })).statusCode, 200);
    assert.equal((await asking(own, cookie)).statusCode, 401);
  });

  it('is not there where the console is off', async (t) => {
    const own = await openGateway();
    t.after(() => own.close());
    for (const url of ['/console', '/console/', URL_OF_SESSION]) {
      assert.equal((await own.app.inject(url)).json().code, 'ROUTE_NOT_FOUND');
    }
    assert.equal((await signIn(own, own.keys.auditor)).statusCode, 404);
    const cookie = 'consilium-session-x=y';
    assert.equal(
      (await own.app.inject({ url: '/v1/members', headers: { ...PAGE, cookie } })).statusCode,
      401,
    );
  });
});
