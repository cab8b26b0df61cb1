import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { ROLES, type Role } from '@consilium/domain';
import { exportJWK, exportSPKI, SignJWT } from 'jose';
import { pino } from 'pino';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { AUDIENCE, newSigningKey, OpenIdProvider, type SigningKey } from '../testing/openid-provider.ts';
import { AccessTokens, type AccessTokensOptions } from './access-tokens.ts';
import type { SignInSettings } from './sign-in-settings.ts';

const settingsOf = (issuer: string, changes: Partial<SignInSettings> = {}): SignInSettings => ({
  ...{ issuer, audience: AUDIENCE, algorithms: ['RS256', 'ES256'], rolesClaim: 'roles', skewSeconds: 30 },
  roles: new Map<string, Role>([
    ['stewards', 'steward'],
    ['audit', 'auditor'],
  ]),
  personClaim: undefined,
  ...changes,
});

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('access tokens of an OpenID provider', () => {
  let provider: OpenIdProvider;
  let gateway: GatewayFixture;
  const lines: string[] = [];
  before(async () => {
    provider = await OpenIdProvider.start();
    provider.claims = { roles: ['audit'] };
    gateway = await openGateway({
      tokens: new AccessTokens(settingsOf(provider.issuer), { keysMs: 0, pauseMs: 0 }),
      logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
      limits: { failuresPerMinute: 1000 },
    });
  });
  after(async () => {
    await gateway.close();
    await provider.close();
  });

  const ask = (token: string, url = '/v1/members') =>
    gateway.app.inject({ url, headers: { authorization: `Bearer ${token}` } });

  it('are taken as the provider gives them, with the role that it says, and their person is in the log', async () => {
    const token = await provider.token();
    assert.equal((await ask(token)).statusCode, 200);
    const post = {
      method: 'POST',
      url: '/v1/datasets',
      headers: { authorization: `Bearer ${token}` },
    } as const;
    assert.equal((await gateway.app.inject(post)).json().code, 'ROLE_REQUIRED');
    const line = lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'signed in');
    assert.equal(line?.subject, 'nightly-export');
    assert.match(line?.key, /^oidc-[0-9a-f]{32}$/);
    assert.ok(!lines.join('').includes(token.split('.')[2]!));
  });

  it('leave API keys as they were', async () => {
    assert.equal((await gateway.as('auditor', { url: '/v1/members' })).statusCode, 200);
    assert.equal((await ask('consilium_unknown')).statusCode, 401);
  });

  it('are refused with one answer whatever is wrong with them, and the log says what', async () => {
    const now = Math.floor(Date.now() / 1000);
    const { key } = provider;
    const stranger = await newSigningKey('stranger');
    const sameName: SigningKey = { ...stranger, kid: key.kid };
    const good = await provider.forge();
    const [head, body, signature] = good.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
    const secretOf = (text: string) => new TextEncoder().encode(text);
    const symmetric = (secret: string) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(secretOf(secret));
    const wrong: Readonly<Record<string, [token: string, why: RegExp]>> = {
      'no signature': [`${base64({ alg: 'none' })}.${body}.`, /signature of a kind/],
      'no signature, in capitals': [`${base64({ alg: 'NONE' })}.${body}.${signature}`, /signature of a kind/],
      'a secret that is the public key': [
        await symmetric(await exportSPKI(key.publicKey)),
        /signature of a kind/,
      ],
      'a secret of 32 zeros': [await symmetric('0'.repeat(32)), /signature of a kind/],
      'another audience': [await provider.forge({ aud: 'https://elsewhere.example' }), /"aud"/],
      'no audience': [await provider.forge({ aud: undefined }), /"aud"/],
      'another issuer': [await provider.forge({ iss: 'https://elsewhere.example' }), /"iss"/],
      'an issuer with a slash more': [await provider.forge({ iss: `${provider.issuer}/` }), /"iss"/],
      expired: [await provider.forge({ exp: now - 31 }), /ended/],
      'no end': [await provider.forge({ exp: undefined }), /"exp"/],
      'an end that is no number': [await provider.forge({ exp: 'tomorrow' }), /"exp"/],
      'not yet': [await provider.forge({ nbf: now + 60 }), /"nbf"/],
      'issued in the future': [await provider.forge({ iat: now + 60 }), /"iat"/],
      'issued long ago': [await provider.forge({ iat: now - 90_000 }), /ended|"iat"/],
      'no time of issue': [await provider.forge({ iat: undefined }), /"iat"/],
      'no subject': [await provider.forge({ sub: undefined }), /"sub"/],
      'an empty subject': [await provider.forge({ sub: '' }), /subject/],
      'a key of somebody else': [await provider.forge({}, { key: stranger }), /no key of the provider/],
      'a key of somebody else under the right name': [
        await provider.forge({}, { key: sameName }),
        /does not fit/,
      ],
      'a key of its own in the header': [
        await provider.forge({}, { key: stranger, header: { jwk: await exportJWK(stranger.publicKey) } }),
        /no key of the provider/,
      ],
      'an address of keys in the header': [
        await provider.forge({}, { key: sameName, header: { jku: `${provider.issuer}/elsewhere` } }),
        /does not fit/,
      ],
      'another algorithm than its key': [
        `${base64({ alg: 'ES256', kid: key.kid })}.${body}.${signature}`,
        /no key/,
      ],
      'an algorithm that is not taken': [
        `${base64({ alg: 'RS512', kid: key.kid })}.${body}.${signature}`,
        /of a kind/,
      ],
      'changed claims': [
        `${head}.${base64({ ...claims, roles: ['stewards'] })}.${signature}`,
        /does not fit/,
      ],
      'half a signature': [`${head}.${body}.${signature.slice(0, 100)}`, /does not fit/],
      'bound to a key': [await provider.forge({ cnf: { jkt: 'of a key' } }), /bound to a key/],
      'another type': [await provider.forge({}, { header: { typ: 'logout+jwt' } }), /another type/],
      'an ID token': [
        await provider.forge({ nonce: 'of a sign-in' }, { header: { typ: undefined } }),
        /an ID token/,
      ],
      'an ID token beside an access token': [
        await provider.forge({ at_hash: 'rQ3p4lRqYwk8nq' }, { header: { typ: 'JWT' } }),
        /an ID token/,
      ],
      'an ID token beside a code': [
        await provider.forge({ c_hash: 'rQ3p4lRqYwk8nq' }, { header: { typ: 'JWT' } }),
        /an ID token/,
      ],
      'an ID token by its own word': [
        await provider.forge({ typ: 'ID' }, { header: { typ: 'JWT' } }),
        /an ID token/,
      ],
      'an ID token in the words of another provider': [
        await provider.forge({ token_use: 'id' }, { header: { typ: undefined } }),
        /an ID token/,
      ],
      'an ID token with the type of the other kind': [await provider.forge({ typ: 'ID' }), /an ID token/],
      'a header that must be understood': [
        `${base64({ alg: 'RS256', kid: key.kid, crit: ['x'], x: 1 })}.${body}.${signature}`,
        /malformed/,
      ],
      'no role': [await provider.forge({ roles: [] }), /without a role/],
      'roles that are not mapped': [
        await provider.forge({ roles: [...ROLES, '__proto__', 7] }),
        /without a role/,
      ],
      'three parts of nothing': ['a.b.c', /malformed/],
      huge: [await provider.forge({ more: 'x'.repeat(6000) }), /too long|of a length/],
      'opaque, as others give them': ['Zq3vJ0mYk9n1', /unknown key/],
    };
    const answers = new Set<string>();
    for (const [name, [token, why]] of Object.entries(wrong)) {
      const answer = await ask(token);
      const { requestId, ...rest } = answer.json();
      answers.add(JSON.stringify([answer.statusCode, rest, answer.headers['www-authenticate']]));
      assert.equal(answer.statusCode, 401, `${name}: ${answer.body}`);
      const own = lines.filter((text) => text.includes(requestId)).map((text) => JSON.parse(text));
      const refused = own.filter(({ code }) => code === 'UNAUTHENTICATED');
      assert.equal(refused.length, 1, name);
      assert.match(refused[0].why, why, name);
      const last = token.split('.').at(-1)!;
      if (last.length > 20) assert.ok(!lines.join('').includes(last), name);
    }
    assert.equal(answers.size, 1);
    assert.ok(Object.keys(wrong).length > 30);
    assert.equal((await ask(good)).statusCode, 200);
  });

  it('of a key that the provider took away are refused, and those of its new key are taken', async () => {
    const old = { token: await provider.token(), key: provider.key };
    assert.equal((await ask(old.token)).statusCode, 200);
    await provider.rotate(await newSigningKey('second'));
    assert.equal((await ask(await provider.token())).statusCode, 200);
    assert.equal((await ask(old.token)).statusCode, 401);
    assert.equal((await ask(await provider.forge({}, { key: old.key }))).statusCode, 401);
  });

  it('are allowed clocks that are apart as far as configured, and no further', async () => {
    const now = Math.floor(Date.now() / 1000);
    assert.equal((await ask(await provider.forge({ exp: now - 5, iat: now - 600 }))).statusCode, 200);
    assert.equal((await ask(await provider.forge({ nbf: now + 5, iat: now + 5 }))).statusCode, 200);
  });

  it('with several roles may what any of them may, and count as one caller', async () => {
    const token = await provider.forge({ roles: ['audit', 'stewards'], sub: 'both' });
    assert.equal((await ask(token)).statusCode, 200);
    const post = {
      method: 'POST',
      url: '/v1/datasets',
      headers: { authorization: `Bearer ${token}` },
    } as const;
    assert.notEqual((await gateway.app.inject(post)).statusCode, 403);
  });
});

describe('what is made of an access token', () => {
  let provider: OpenIdProvider;
  before(async () => {
    provider = await OpenIdProvider.start();
  });
  after(() => provider.close());
  const tokensWith = (changes: Partial<SignInSettings> = {}, options: AccessTokensOptions = {}) =>
    new AccessTokens(settingsOf(provider.issuer, changes), options);
  const met = async (tokens: AccessTokens, claims: Record<string, unknown>) => {
    const answer = await tokens.look(await provider.forge(claims));
    return 'signedIn' in answer ? answer.signedIn : Object.values(answer)[0];
  };

  it('has roles from a claim by its name or by its path, in a list or a text, and from no other', async () => {
    const nested = tokensWith({ rolesClaim: 'realm_access.roles' });
    const named = tokensWith({ rolesClaim: 'https://hospital.example/roles' });
    const rolesOf = async (tokens: AccessTokens, claims: Record<string, unknown>) => {
      const own = await met(tokens, claims);
      return typeof own === 'object' ? own.roles : own;
    };
    assert.deepEqual(await rolesOf(nested, { realm_access: { roles: ['audit', 'other'] } }), ['auditor']);
    assert.deepEqual(await rolesOf(nested, { roles: ['audit'] }), []);
    assert.deepEqual(await rolesOf(nested, { realm_access: 'audit' }), []);
    assert.deepEqual(await rolesOf(named, { 'https://hospital.example/roles': 'stewards audit' }), [
      'steward',
      'auditor',
    ]);
    assert.deepEqual(await rolesOf(tokensWith(), { roles: { audit: true } }), []);
    assert.deepEqual(await rolesOf(tokensWith(), { roles: ['constructor', null, 3] }), []);
  });

  it('is an access token with and without a type, also where it has the nonce of a sign-in', async () => {
    const lookAt = async (tokens: AccessTokens, claims: object, typ: string | undefined) => {
      const answer = await tokens.look(
        await provider.forge({ roles: ['audit'], ...claims }, { header: { typ } }),
      );
      return 'signedIn' in answer ? 'taken' : Object.values(answer)[0];
    };
    const taken: [claims: object, typ: string | undefined][] = [
      [{}, undefined],
      [{}, 'JWT'],
      [{ scope: 'openid', sid: 'a session', azp: 'console', auth_time: 1, acr: '1', amr: ['pwd'] }, 'JWT'],
      [{ nonce: 'of a sign-in' }, 'at+jwt'],
      [{ nonce: 'of a sign-in', typ: 'Bearer' }, 'JWT'],
      [{ token_use: 'access' }, undefined],
    ];
    for (const [claims, typ] of taken) {
      assert.equal(await lookAt(tokensWith(), claims, typ), 'taken', JSON.stringify([claims, typ]));
    }
    const typed = tokensWith({ typedOnly: true });
    for (const typ of [undefined, 'JWT', 'id+jwt']) {
      assert.equal(await lookAt(typed, {}, typ), 'a token of another type');
    }
    for (const typ of ['at+jwt', 'application/at+jwt']) assert.equal(await lookAt(typed, {}, typ), 'taken');
  });

  it('has a person where one is asked for, and is refused without', async () => {
    const tokens = tokensWith({ personClaim: 'preferred_username' });
    const personOf = async (claims: Record<string, unknown>) => {
      const own = await met(tokens, { roles: ['stewards'], ...claims });
      return typeof own === 'object' ? own.caller.person : own;
    };
    assert.equal(await personOf({ preferred_username: 'ben' }), 'ben');
    for (const name of [undefined, '', '../ben', 'ben ', ['ben'], 7]) {
      assert.match((await personOf({ preferred_username: name })) ?? '', /names no person/, String(name));
    }
    assert.match((await personOf({ preferred_username: 'operator' })) ?? '', /called like a role/);
  });

  it('has one id for a subject, another for another, and ends with the token', async () => {
    const tokens = tokensWith();
    const exp = Math.floor(Date.now() / 1000) + 60;
    const [one, again, other] = await Promise.all(
      ['a', 'a', 'b'].map((sub) => met(tokens, { sub, exp, roles: ['audit'] })),
    );
    assert.ok(typeof one === 'object' && typeof again === 'object' && typeof other === 'object');
    assert.equal(one.caller.id, again.caller.id);
    assert.notEqual(one.caller.id, other.caller.id);
    assert.equal(one.endsAtMs, (exp + 30) * 1000);
    const iat = Math.floor(Date.now() / 1000);
    const long = await met(tokens, { iat, exp: iat + 10 * 86_400, roles: ['audit'] });
    assert.equal(typeof long === 'object' && long.endsAtMs, (iat + 86_400 + 30) * 1000, 'no token is older');
  });

  it('asks for keys that are not to be had once in a while, whoever shows tokens', async (t) => {
    const own = await OpenIdProvider.start();
    t.after(() => own.close());
    const tokens = new AccessTokens(settingsOf(own.issuer), { keysMs: 0 });
    const token = await own.forge({ roles: ['audit'] });
    assert.ok('signedIn' in (await tokens.look(token)));
    own.fail();
    const before = own.asked.length;
    for (let i = 0; i < 10; i++) assert.ok('unavailable' in (await tokens.look(token)));
    assert.equal(own.asked.length, before + 1);
  });

  it('is not known where the provider sends more keys than anybody has', async (t) => {
    const server = createServer((request, response) => {
      const jwks = { keys: [], more: 'x'.repeat(2 ** 20) };
      const isDocument = request.url?.startsWith('/.well-known/') === true;
      response.end(JSON.stringify(isDocument ? { issuer, jwks_uri: `${issuer}/jwks` } : jwks));
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const token = await provider.forge({ iss: issuer });
    assert.ok('unavailable' in (await new AccessTokens(settingsOf(issuer)).look(token)));
  });

  it('asks the provider once for many, whoever names keys that are none', async () => {
    const tokens = tokensWith();
    assert.equal(typeof (await met(tokens, {})), 'object');
    const before = provider.asked.length;
    const stranger = await newSigningKey('stranger');
    for (let i = 0; i < 20; i++) {
      const key = { ...stranger, kid: `none-${i}` };
      assert.ok('why' in (await tokens.look(await provider.forge({}, { key }))));
    }
    assert.equal(typeof (await met(tokens, {})), 'object');
    assert.equal(provider.asked.length, before);
  });

  it('is not known while the provider does not answer, unless its keys are, and is again afterwards', async (t) => {
    const own = await OpenIdProvider.start();
    t.after(() => own.close());
    const known = new AccessTokens(settingsOf(own.issuer));
    const token = await own.forge({ roles: ['audit'] });
    assert.ok('signedIn' in (await known.look(token)));
    own.fail();
    assert.ok('signedIn' in (await known.look(token)));
    const tokens = new AccessTokens(settingsOf(own.issuer), { pauseMs: 0 });
    assert.ok('unavailable' in (await tokens.look(token)));
    const gateway = await openGateway({ tokens });
    t.after(() => gateway.close());
    const ask = (authorization: string) =>
      gateway.app.inject({ url: '/v1/members', headers: { authorization } });
    const refused = await ask(`Bearer ${token}`);
    assert.equal(refused.statusCode, 503);
    assert.equal(refused.json().code, 'SIGN_IN_UNAVAILABLE');
    assert.equal((await gateway.as('auditor', { url: '/v1/members' })).statusCode, 200);
    await own.rotate(own.key);
    assert.equal((await ask(`Bearer ${token}`)).statusCode, 200);
  });

  it('is not known by a document of another issuer', async () => {
    const { issuer } = provider;
    const tokens = new AccessTokens(settingsOf(issuer.replace('127.0.0.1', 'localhost')));
    const answer = await tokens.look(await provider.forge({ iss: issuer.replace('127.0.0.1', 'localhost') }));
    assert.ok('unavailable' in answer, JSON.stringify(answer));
  });
});
