// What the hospital's OpenID provider says of itself (OpenID Connect Discovery 1.0), and its keys: asked for when they
// are needed, believed for a while, and after a failure not asked for again at once.
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose';
import { isTrustedAddress } from './sign-in-settings.ts';

export const ANSWER_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 2 ** 20;

export interface ProviderDocumentOptions {
  /** How long the provider's document is believed. */
  readonly discoveryMs?: number;
  /** How long its keys are believed: a key that it takes away is refused after so long. */
  readonly keysMs?: number;
  /** How often its keys are asked for at most: whoever names keys that are none makes no more of it. */
  readonly pauseMs?: number;
}

/** The provider does not answer, or nothing that fits. */
export class ProviderError extends Error {}

/** What is used of the document. */
export interface FoundProvider {
  readonly keys: JWTVerifyGetKey;
  readonly jwksUri: string;
  /** Where browsers are sent; undefined where it is at no address that is trusted. */
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
  /** How clients may show their secret; undefined where it does not say. */
  readonly clientAuthentication: readonly unknown[] | undefined;
  /** Whether it says who it is when it sends browsers back (RFC 9207). */
  readonly namesItself: boolean;
}

export class ProviderDocument {
  readonly #issuer: string;
  readonly #options: Required<ProviderDocumentOptions>;
  #found: (FoundProvider & { readonly untilMs: number }) | undefined;
  #finding: Promise<FoundProvider> | undefined;
  #failed: { readonly error: unknown; readonly untilMs: number } | undefined;

  constructor(issuer: string, options: ProviderDocumentOptions = {}) {
    this.#issuer = issuer;
    this.#options = { discoveryMs: 3_600_000, keysMs: 300_000, pauseMs: 10_000, ...options };
  }

  /** @throws ProviderError */
  async find(): Promise<FoundProvider> {
    const nowMs = performance.now();
    if (this.#found !== undefined && nowMs < this.#found.untilMs) return this.#found;
    if (this.#failed !== undefined && nowMs < this.#failed.untilMs) throw this.#failed.error;
    this.#finding ??= this.#discover().finally(() => {
      this.#finding = undefined;
    });
    try {
      return await this.#finding;
    } catch (cause) {
      const error = new ProviderError('the provider gives no discovery document that fits', { cause });
      this.#failed = { error, untilMs: performance.now() + this.#options.pauseMs };
      throw error;
    }
  }

  /**
   * The provider's key of a token.
   *
   * @throws ProviderError where nobody knows; errors of jose that say what is wrong with the token
   */
  readonly keyFor: JWTVerifyGetKey = async (...args) => {
    const { keys } = await this.find();
    try {
      return await keys(...args);
    } catch (cause) {
      // Of its own errors, those that say nothing of the token are the provider's.
      const isOfToken =
        cause instanceof errors.JWKSNoMatchingKey ||
        cause instanceof errors.JWKSMultipleMatchingKeys ||
        cause instanceof errors.JOSENotSupported;
      if (isOfToken || cause instanceof errors.JWKSTimeout) throw cause;
      throw new ProviderError('the provider gives no keys', { cause });
    }
  };

  async #discover(): Promise<FoundProvider> {
    const { discoveryMs, keysMs, pauseMs } = this.#options;
    const answer = await fetch(`${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      headers: { accept: 'application/json' },
    });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    const said = Object(JSON.parse(await boundedText(answer))) as Readonly<Record<string, unknown>>;
    if (said.issuer !== this.#issuer) throw new Error('it is of another issuer');
    const jwksUri = trusted(said.jwks_uri);
    if (jwksUri === undefined) throw new Error('its keys are at no https address');
    // Kept over a new look at the document, with what is known of the keys.
    const keys =
      this.#found?.jwksUri === jwksUri
        ? this.#found.keys
        : createRemoteJWKSet(new URL(jwksUri), {
            timeoutDuration: ANSWER_TIMEOUT_MS,
            cacheMaxAge: keysMs,
            cooldownDuration: pauseMs,
            [customFetch]: fetchingKeys(pauseMs),
          });
    const methods = said.token_endpoint_auth_methods_supported;
    this.#found = {
      ...{ keys, jwksUri, untilMs: performance.now() + discoveryMs },
      authorizationEndpoint: trusted(said.authorization_endpoint),
      tokenEndpoint: trusted(said.token_endpoint),
      clientAuthentication: Array.isArray(methods) ? methods : undefined,
      namesItself: said.authorization_response_iss_parameter_supported === true,
    };
    this.#failed = undefined;
    return this.#found;
  }
}

const trusted = (address: unknown): string | undefined =>
  typeof address === 'string' && isTrustedAddress(address) ? address : undefined;

/** Of an answer that is too long no more is read. */
export async function boundedText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.length;
    if (length > ANSWER_BYTES_MAX) throw new Error('its answer is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Asks for keys; after a failure for a while not again, whoever shows tokens meanwhile. */
function fetchingKeys(pauseMs: number): FetchImplementation {
  let failed: { readonly error: unknown; readonly untilMs: number } | undefined;
  return async (url, options) => {
    if (failed !== undefined && performance.now() < failed.untilMs) throw failed.error;
    try {
      const answer = await fetch(url, options);
      if (answer.status !== 200) throw new Error(`it answered ${answer.status}`);
      return new Response(await boundedText(answer));
    } catch (error) {
      failed = { error, untilMs: performance.now() + pauseMs };
      throw error;
    }
  };
}
