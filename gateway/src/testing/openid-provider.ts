// A real OpenID provider on this machine (oidc-provider), whose keys a test knows and can replace.
import type { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
// @ts-expect-error: it has no types of its own
import { Provider as UntypedProvider } from 'oidc-provider';
import { AccessTokens } from '../http/access-tokens.ts';

interface Interaction {
  readonly prompt: { readonly name: string };
  readonly params: { readonly client_id: string; readonly scope: string };
  readonly session?: { readonly accountId: string };
}
interface Grant {
  addOIDCScope(scope: string): void;
  addResourceScope(resource: string, scope: string): void;
  save(): Promise<string>;
}
interface RunningProvider {
  callback(): RequestListener;
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
  interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
  readonly Grant: new (of: { readonly accountId: string; readonly clientId: string }) => Grant;
}
const Provider = UntypedProvider as new (issuer: string, configuration: object) => RunningProvider;

export const AUDIENCE = 'https://gateway.hospital.example';
const CLIENT = { client_id: 'nightly-export', client_secret: 'a secret of the client' };
/** The gateway, for people who sign in to its console. */
export const CONSOLE_CLIENT = { client_id: 'console', client_secret: 'a secret: of the gateway/+ ' } as const;
const LIFETIME_SECONDS = 600;

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
}

export async function newSigningKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, publicKey };
}

export class OpenIdProvider {
  readonly issuer: string;
  readonly #server: Server;
  #listener: RequestListener | undefined;
  #key: SigningKey | undefined;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** What access tokens say beside the rest. */
  claims: Readonly<Record<string, unknown>> = {};
  /** Who sits at the browser; nobody who agrees where undefined. */
  person: string | undefined = 'ben';
  /** Where browsers are sent back. */
  redirectUri = 'http://127.0.0.1:1/console/signed-in';

  private constructor(server: Server, host: string) {
    this.#server = server;
    this.issuer = `http://${host}:${(server.address() as AddressInfo).port}`;
  }

  /** @param host `localhost` is another site than 127.0.0.1 for browsers */
  static async start(host: '127.0.0.1' | 'localhost' = '127.0.0.1'): Promise<OpenIdProvider> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const own = new OpenIdProvider(server, host);
    server.on('request', (request, response) => {
      own.asked.push(request.url ?? '');
      if (own.#listener === undefined) response.destroy();
      else own.#listener(request, response);
    });
    await own.rotate(await newSigningKey('first'));
    return own;
  }

  get key(): SigningKey {
    return this.#key!;
  }

  /** Signs with this key alone from now on, and shows no other. */
  async rotate(key: SigningKey): Promise<void> {
    const jwk = { ...(await exportJWK(key.privateKey)), kid: key.kid, alg: 'RS256', use: 'sig' };
    const provider = new Provider(this.issuer, {
      clients: [
        { ...CLIENT, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
        { ...CONSOLE_CLIENT, redirect_uris: [this.redirectUri] },
      ],
      findAccount: (_: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      jwks: { keys: [jwk] },
      cookies: { keys: ['of this test'] },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => AUDIENCE,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({
            ...{ scope: 'api', audience: AUDIENCE, accessTokenTTL: LIFETIME_SECONDS },
            ...{ accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } },
          }),
        },
      },
      extraTokenClaims: () => this.claims,
    });
    const serve = provider.callback();
    this.#listener = (request, response) => {
      if (!request.url?.startsWith('/interaction/')) return serve(request, response);
      this.#interact(provider, { request, response }).catch(() => response.destroy());
    };
    this.#key = key;
  }

  /** Signs the person in, who agrees to everything. */
  async #interact(
    provider: RunningProvider,
    { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  ): Promise<void> {
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    const finish = (result: object) => provider.interactionFinished(request, response, result);
    if (this.person === undefined) return finish({ error: 'access_denied' });
    if (prompt.name === 'login') return finish({ login: { accountId: this.person } });
    const grant = new provider.Grant({ accountId: session!.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    grant.addResourceScope(AUDIENCE, 'api');
    return finish({ consent: { grantId: await grant.save() } });
  }

  /** As a gateway takes them whose console sends people here, where `audit` is the auditor's role. */
  accessTokens(): AccessTokens {
    const provider = this;
    return new AccessTokens({
      ...{
        issuer: this.issuer,
        audience: AUDIENCE,
        algorithms: ['RS256'],
        rolesClaim: 'roles',
        skewSeconds: 30,
      },
      roles: new Map([['audit', 'auditor']]),
      personClaim: undefined,
      client: {
        ...{ id: CONSOLE_CLIENT.client_id, secret: CONSOLE_CLIENT.client_secret },
        ...{ scopes: 'openid', resource: undefined },
        get redirectUri() {
          return provider.redirectUri;
        },
      },
    });
  }

  /** Every connection is ended from now on, without an answer. */
  fail(): void {
    this.#listener = undefined;
  }

  /** As the provider gives it to a client that asks. */
  async token(): Promise<string> {
    const answer = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ ...CLIENT, grant_type: 'client_credentials', scope: 'api' }),
    });
    const { access_token: token } = (await answer.json()) as { access_token?: string };
    if (token === undefined) throw new Error(`the provider answered ${answer.status}`);
    return token;
  }

  /** As it could give it, but for what a test changes; undefined leaves a claim or a header out. */
  forge(
    claims: Readonly<Record<string, unknown>> = {},
    { key = this.key, header = {} }: { key?: SigningKey; header?: Readonly<Record<string, unknown>> } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const payload: Record<string, unknown> = {
      ...{ iss: this.issuer, aud: AUDIENCE, sub: 'somebody', iat: now, exp: now + LIFETIME_SECONDS },
      ...this.claims,
      ...claims,
    };
    const protectedHeader = { alg: 'RS256', kid: key.kid, typ: 'at+jwt', ...header };
    const present = (all: object) => JSON.parse(JSON.stringify(all));
    return new SignJWT(present(payload) as JWTPayload)
      .setProtectedHeader(present(protectedHeader))
      .sign(key.privateKey);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
