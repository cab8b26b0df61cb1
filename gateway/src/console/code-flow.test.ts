// Signing in at a real OpenID provider, with a browser of a few lines that keeps cookies and follows redirections.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Role } from '@consilium/domain';
import { exportJWK, SignJWT } from 'jose';
import { pino } from 'pino';
import { AccessTokens } from '../http/access-tokens.ts';
import type { SignInClient, SignInSettings } from '../http/sign-in-settings.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { AUDIENCE, CONSOLE_CLIENT, newSigningKey, OpenIdProvider } from '../testing/openid-provider.ts';
import { CodeFlow } from './code-flow.ts';
import { returnPage } from './return-page.ts';

const PAGE = { 'sec-fetch-site': 'same-origin', 'x-consilium-console': '1' };
const BACK = 'http://127.0.0.1:1/console/signed-in';

const settingsOf = (issuer: string, client: Partial<SignInClient> = {}): SignInSettings => ({
  ...{ issuer, audience: AUDIENCE, algorithms: ['RS256'], rolesClaim: 'roles', skewSeconds: 30 },
  roles: new Map<string, Role>([
    ['stewards', 'steward'],
    ['audit', 'auditor'],
  ]),
  personClaim: undefined,
  client: {
    id: CONSOLE_CLIENT.client_id,
    secret: CONSOLE_CLIENT.client_secret,
    redirectUri: BACK,
    scopes: 'openid',
    resource: undefined,
    ...client,
  },
});

/** Cookies by name, as a browser sends them. */
class Jar {
  readonly #cookies = new Map<string, string>();
  take(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (/Max-Age=0/.test(line)) this.#cookies.delete(name!);
      else this.#cookies.set(name!, value!);
    }
  }
  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

const linesOf = (header: unknown): string[] => [header ?? []].flat() as string[];

describe('signing in to the console at an OpenID provider', () => {
  let provider: OpenIdProvider;
  let gateway: GatewayFixture;
  const lines: string[] = [];
  before(async () => {
    provider = await OpenIdProvider.start();
    gateway = await openGateway({
      console: { directory: '/nowhere' },
      tokens: new AccessTokens(settingsOf(provider.issuer), { keysMs: 0, pauseMs: 0 }),
      logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
      limits: { failuresPerMinute: 1000 },
    });
  });
  beforeEach(() => {
    provider.claims = { roles: ['audit'] };
    provider.person = 'ben';
    lines.length = 0;
  });
  after(async () => {
    await gateway.close();
    await provider.close();
  });

  const ask = async (
    jar: Jar,
    url: string,
    headers: Record<string, string> = { 'sec-fetch-site': 'none' },
  ) => {
    const answer = await gateway.app.inject({ url, headers: { ...headers, cookie: jar.header } });
    jar.take(linesOf(answer.headers['set-cookie']));
    return answer;
  };
  /** What the provider sends the browser back with, once the person agreed. */
  const visit = async (address: string): Promise<URL> => {
    const jar = new Jar();
    let next = address;
    for (let i = 0; i < 10; i++) {
      const answer = await fetch(next, { redirect: 'manual', headers: { cookie: jar.header } });
      jar.take(answer.headers.getSetCookie());
      next = new URL(answer.headers.get('location') ?? assert.fail(await answer.text()), next).href;
      if (next.startsWith(BACK)) return new URL(next);
    }
    return assert.fail('the provider never sends the browser back');
  };
  const begin = async (jar: Jar, to = '/console/studies/heart-2026') => {
    const answer = await ask(jar, `/console/sign-in?to=${encodeURIComponent(to)}`);
    assert.equal(answer.statusCode, 303, answer.body);
    return String(answer.headers.location);
  };
  const finish = (jar: Jar, back: URL) =>
    ask(jar, `/console/signed-in${back.search}`, { 'sec-fetch-site': 'cross-site' });
  const sessionOf = async (jar: Jar) => (await ask(jar, '/console/session', PAGE)).json();

  it('gives a session with the roles of the access token, which ends with it, and no token to the browser', async () => {
    const jar = new Jar();
    const address = await begin(jar);
    assert.ok(address.startsWith(`${provider.issuer}/`));
    const { searchParams: asked } = new URL(address);
    assert.deepEqual(
      [asked.get('response_type'), asked.get('code_challenge_method'), asked.get('redirect_uri')],
      ['code', 'S256', BACK],
    );
    for (const name of ['state', 'nonce', 'code_challenge'])
      assert.match(asked.get(name) ?? '', /^[\w-]{43}$/);
    assert.match(jar.header, /^consilium-sign-in-/);
    const back = await visit(address);
    const answer = await finish(jar, back);
    assert.equal(answer.statusCode, 303);
    assert.equal(answer.headers.location, '/console/studies/heart-2026');
    assert.match(jar.header, /^consilium-session-[\w.-]+=[\w-]{43}$/, 'the cookie of the way there is gone');
    const { signedIn, role, subject, keyId, endsAt, operations } = await sessionOf(jar);
    assert.deepEqual([signedIn, role, subject], [true, 'auditor', 'ben']);
    assert.match(keyId, /^oidc-/);
    assert.ok(operations.includes('listStudies') && !operations.includes('grantConsent'));
    assert.ok(
      operations.includes('listWebhooks') && !operations.includes('registerWebhook'),
      'a key is needed',
    );
    const leftMs = Date.parse(endsAt) - Date.now();
    assert.ok(leftMs > 500_000 && leftMs < 660_000, endsAt);
    assert.equal((await ask(jar, '/v1/members', PAGE)).statusCode, 200);
    const log = lines.join('');
    assert.ok(
      !log.includes(back.searchParams.get('code')!) && !log.includes(back.searchParams.get('state')!),
    );
    const line = lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'signed in to the console');
    assert.equal(line.way, 'oidc');
  });

  it('gives an ID token, which is no access token even where both are for the same', async () => {
    const verifier = 'v'.repeat(43);
    const idTokenOf = async (wish: Readonly<Record<string, string>>): Promise<string> => {
      const asked = new URLSearchParams({
        ...{ client_id: CONSOLE_CLIENT.client_id, redirect_uri: BACK, response_type: 'code' },
        ...{ scope: 'openid', state: 'any', code_challenge_method: 'S256', ...wish },
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      });
      const back = await visit(`${provider.issuer}/auth?${asked}`);
      const ourselves = Object.values(CONSOLE_CLIENT).map(encodeURIComponent).join(':');
      const answer = await fetch(`${provider.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(ourselves).toString('base64')}` },
        body: new URLSearchParams({
          ...{ grant_type: 'authorization_code', redirect_uri: BACK, code_verifier: verifier },
          code: back.searchParams.get('code')!,
        }),
      });
      return ((await answer.json()) as { id_token: string }).id_token;
    };
    const lookAt = async (token: string, typedOnly: boolean) => {
      const settings = { ...settingsOf(provider.issuer), audience: CONSOLE_CLIENT.client_id, typedOnly };
      const looked = await new AccessTokens(settings).look(token);
      return 'why' in looked ? looked.why : JSON.stringify(looked);
    };
    const ofSignIn = await idTokenOf({ nonce: 'of this sign-in' });
    assert.match(await lookAt(ofSignIn, false), /^an ID token/);
    // What nothing marks is refused by its type, where the gateway is to look at it.
    for (const token of [ofSignIn, await idTokenOf({})])
      assert.equal(await lookAt(token, true), 'a token of another type');
  });

  it('sets the cookies that each way needs: one that comes back from the provider, and one that does not', async () => {
    const jar = new Jar();
    const there = await gateway.app.inject({
      url: '/console/sign-in',
      headers: { 'sec-fetch-site': 'none' },
    });
    jar.take(linesOf(there.headers['set-cookie']));
    assert.match(String(there.headers['set-cookie']), /; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/);
    const back = await finish(jar, await visit(String(there.headers.location)));
    const session = linesOf(back.headers['set-cookie']).find((line) => line.startsWith('consilium-session'));
    assert.match(String(session), /; Path=\/; HttpOnly; SameSite=Strict$/);
    assert.equal(back.headers['cache-control'], 'no-store');
    assert.equal(back.headers.location, '/console/');
  });

  it('takes a code from the browser that began, with its own state, and once', async () => {
    const own = new Jar();
    const other = new Jar();
    const back = await visit(await begin(own));
    await begin(other);
    const problemOf = (answer: { headers: Record<string, unknown> }) =>
      /^\/console\/\?problem=(\w+)$/.exec(String(answer.headers.location))?.[1];
    assert.equal(problemOf(await finish(new Jar(), back)), 'interrupted', 'a browser that began nothing');
    assert.equal(problemOf(await finish(other, back)), 'interrupted', 'another browser');
    const otherState = new URL(back);
    otherState.searchParams.set('state', 'A'.repeat(43));
    assert.equal(problemOf(await finish(own, otherState)), 'interrupted');
    assert.equal((await sessionOf(own)).signedIn, false);
    const again = new Jar();
    const good = await visit(await begin(again));
    const cookie = again.header;
    assert.equal((await finish(again, good)).headers.location, '/console/studies/heart-2026');
    const replayed = await gateway.app.inject({
      url: `/console/signed-in${good.search}`,
      headers: { cookie },
    });
    assert.equal(problemOf(replayed), 'refused');
  });

  it('says what went wrong on a page, and signs nobody in', async () => {
    const problemAfter = async (change: (back: URL) => void = () => {}) => {
      const jar = new Jar();
      const back = await visit(await begin(jar));
      change(back);
      const answer = await finish(jar, back);
      assert.equal((await sessionOf(jar)).signedIn, false);
      return String(answer.headers.location);
    };
    const problem = (name: string) => `/console/?problem=${name}`;
    provider.person = undefined;
    assert.equal(await problemAfter(), problem('declined'));
    provider.person = 'ben';
    provider.claims = { roles: ['cooks'] };
    assert.equal(await problemAfter(), problem('noRole'));
    provider.claims = { roles: ['audit'] };
    assert.equal(await problemAfter((back) => back.searchParams.set('code', 'x')), problem('refused'));
    assert.equal(await problemAfter((back) => back.searchParams.delete('code')), problem('refused'));
    assert.equal(await problemAfter((back) => back.searchParams.delete('iss')), problem('refused'));
    assert.equal(
      await problemAfter((back) => back.searchParams.set('iss', 'https://evil.example')),
      problem('refused'),
    );
    assert.equal(
      await problemAfter((back) => back.searchParams.set('error', 'server_error')),
      problem('refused'),
    );
    const whys = lines
      .map((text) => JSON.parse(text))
      .filter(({ msg }) => msg === 'nobody signed in to the console');
    assert.equal(whys.length, 7);
    for (const { why, reqId } of whys) assert.ok(why !== undefined && reqId !== undefined);
  });

  it('begins for nobody whom another page sends, and takes nobody elsewhere afterwards', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const answer = await ask(new Jar(), '/console/sign-in', { 'sec-fetch-site': site });
      assert.deepEqual([answer.headers.location, answer.headers['set-cookie']], ['/console/', undefined]);
    }
    for (const to of ['https://evil.example/', '//evil.example', '/v1/members']) {
      const jar = new Jar();
      assert.equal((await finish(jar, await visit(await begin(jar, to)))).headers.location, '/console/', to);
    }
  });

  it('is not there where the provider knows no client for it, and says so where the provider is not there', async (t) => {
    const { client: _, ...without } = settingsOf(provider.issuer);
    const keysOnly = await openGateway({
      console: { directory: '/nowhere' },
      tokens: new AccessTokens(without),
    });
    t.after(() => keysOnly.close());
    const { ways } = (await keysOnly.app.inject({ url: '/console/session', headers: PAGE })).json();
    assert.deepEqual(ways, { apiKey: true, oidc: false });
    assert.equal((await keysOnly.app.inject('/console/sign-in')).json().code, 'CONSOLE_NOT_BUILT');
    const gone = await openGateway({
      console: { directory: '/nowhere' },
      tokens: new AccessTokens(settingsOf('http://127.0.0.1:9')),
    });
    t.after(() => gone.close());
    const answer = await gone.app.inject('/console/sign-in');
    assert.equal(answer.headers.location, '/console/?problem=unavailable');
  });
});

describe('what a provider answers for a code', () => {
  /** A provider whose tokens a test writes by itself. */
  async function play(t: { after(work: () => unknown): void }) {
    const key = await newSigningKey('own');
    const jwk = { ...(await exportJWK(key.publicKey)), kid: key.kid, alg: 'RS256', use: 'sig' };
    const asked: { body: URLSearchParams; authorization: string | undefined }[] = [];
    const played = { answer: {} as object, status: 200, methods: undefined as string[] | undefined };
    const server = createServer(async (request, response) => {
      if (request.url === '/jwks') return response.end(JSON.stringify({ keys: [jwk] }));
      if (request.url === '/token') {
        let text = '';
        for await (const chunk of request) text += chunk;
        asked.push({ body: new URLSearchParams(text), authorization: request.headers.authorization });
        return response.writeHead(played.status).end(JSON.stringify(played.answer));
      }
      return response.end(
        JSON.stringify({
          ...{ issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token` },
          authorization_endpoint: `${issuer}/auth?tenant=one`,
          token_endpoint_auth_methods_supported: played.methods,
        }),
      );
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const flow = (client: Partial<SignInClient> = {}) => {
      const settings = settingsOf(issuer, client);
      return new CodeFlow(new AccessTokens(settings, { discoveryMs: 0, keysMs: 0 }), settings.client!);
    };
    const now = Math.floor(Date.now() / 1000);
    const token = (claims: object, header: object = {}, by = key) =>
      new SignJWT({ iss: issuer, sub: 'ben', iat: now, exp: now + 600, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header })
        .sign(by.privateKey);
    return { issuer, flow, token, played, asked };
  }

  it('is refused unless both tokens are of this person, this client and this very sign-in', async (t) => {
    const { flow, token, played } = await play(t);
    const access = { aud: AUDIENCE, roles: ['audit'] };
    const stranger = await newSigningKey('stranger');
    const outcomeOf = async (idClaims: object, accessClaims: object = {}, change: object = {}) => {
      const own = flow();
      const { address, sealed } = await own.begin('/console/');
      const { searchParams } = new URL(address);
      const [nonce, state] = [searchParams.get('nonce'), searchParams.get('state')!];
      played.answer = {
        access_token: await token({ ...access, ...accessClaims }),
        id_token: await token({ aud: CONSOLE_CLIENT.client_id, nonce, ...idClaims }),
        ...change,
      };
      const outcome = await own.finish({ code: 'c', state }, sealed);
      return 'problem' in outcome ? `${outcome.problem}: ${outcome.why}` : outcome.signedIn.subject;
    };
    assert.equal(await outcomeOf({}), 'ben');
    assert.equal(
      await outcomeOf({ aud: [CONSOLE_CLIENT.client_id, 'x'], azp: CONSOLE_CLIENT.client_id }),
      'ben',
    );
    const refused: Record<string, [idClaims: object, accessClaims?: object, change?: object]> = {
      'another sign-in': [{ nonce: 'A'.repeat(43) }],
      'another client': [{ aud: 'another' }],
      'for another client': [{ aud: [CONSOLE_CLIENT.client_id, 'another'], azp: 'another' }],
      'several clients': [{ aud: [CONSOLE_CLIENT.client_id, 'another'] }],
      'no nonce': [{ nonce: undefined }],
      'another issuer': [{ iss: 'https://evil.example' }],
      'two people': [{ sub: 'eve' }],
      ended: [{ exp: 1 }],
      'an access token for others': [{}, { aud: 'another' }],
      'an access token that is opaque': [{}, {}, { access_token: 'opaque' }],
      'no ID token': [{}, {}, { id_token: undefined }],
      'an ID token of a stranger': [
        {},
        {},
        { id_token: await token({ aud: CONSOLE_CLIENT.client_id }, {}, stranger) },
      ],
      'an unsigned ID token': [{}, {}, { id_token: 'eyJhbGciOiJub25lIn0.e30.' }],
    };
    for (const [name, given] of Object.entries(refused)) {
      assert.match(await outcomeOf(...given), /^refused: /, name);
    }
    assert.match(await outcomeOf({}, { roles: [] }), /^noRole: /);
    played.status = 500;
    assert.match(await outcomeOf({}), /^unavailable: /);
    played.status = 400;
    assert.match(await outcomeOf({}), /^refused: .*400/);
  });

  it('is asked for with the verifier of the challenge, and with the secret as the provider takes it', async (t) => {
    const { flow, played, asked, issuer } = await play(t);
    const exchange = async (client: Partial<SignInClient> = {}) => {
      const own = flow(client);
      const { address, sealed } = await own.begin('/console/');
      const { searchParams, origin } = new URL(address);
      assert.deepEqual([origin, searchParams.get('tenant')], [issuer, 'one']);
      await own.finish({ code: 'a code', state: searchParams.get('state')! }, sealed);
      const { body, authorization } = asked.at(-1)!;
      const challenge = createHash('sha256').update(body.get('code_verifier')!).digest('base64url');
      assert.equal(challenge, searchParams.get('code_challenge'));
      assert.deepEqual([body.get('code'), body.get('redirect_uri')], ['a code', BACK]);
      return { body, authorization, searchParams };
    };
    const basic = await exchange({ secret: 'a:b/+ é' });
    const [, encoded = ''] = basic.authorization!.split(' ');
    assert.equal(Buffer.from(encoded, 'base64').toString(), 'console:a%3Ab%2F%2B+%C3%A9');
    assert.equal(basic.body.get('client_secret'), null);
    played.methods = ['client_secret_post'];
    const post = await exchange({ secret: 's' });
    assert.deepEqual([post.authorization, post.body.get('client_secret')], [undefined, 's']);
    const open = await exchange({ secret: undefined, resource: AUDIENCE, scopes: 'openid api' });
    assert.deepEqual([open.authorization, open.body.get('client_secret')], [undefined, null]);
    assert.deepEqual([open.searchParams.get('resource'), open.body.get('resource')], [AUDIENCE, AUDIENCE]);
    assert.equal(open.searchParams.get('scope'), 'openid api');
  });
});

describe('the page after signing in', () => {
  it('is one of the console, whatever is asked for', () => {
    for (const to of [
      '/console/',
      '/console/studies/heart-2026?round=3',
      '/console//evil.example',
      '/console/@x',
    ]) {
      assert.equal(returnPage(to), to);
    }
    assert.equal(returnPage('/console/a/../b#c'), '/console/b');
    for (const to of [
      ...[
        undefined,
        '',
        '/',
        '//evil.example',
        'https://evil.example/console/',
        '/\\evil.example',
        '/console',
      ],
      ...['/console/../v1/members', '/console/%2e%2e/v1', '/console/..\\..\\v1', 'javascript:alert(1)'],
      ...[
        '\t//evil.example',
        '/console/\n../../x',
        `/console/${'x'.repeat(1_000)}`,
        '/consolex',
        '/console\\..\\x',
      ],
    ]) {
      assert.equal(returnPage(to), '/console/', String(to));
    }
  });
});
