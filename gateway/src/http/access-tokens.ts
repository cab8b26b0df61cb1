// Access tokens of the hospital's own OpenID provider, checked as RFC 9068 and RFC 8725 say: who signed them, for whom
// they are, and from when to when. What is wrong with one is for the log, never for the caller.
import { createHash } from 'node:crypto';
import { ROLES, type Role } from '@consilium/domain';
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import type { ApiKey } from './api-keys.ts';
import { isTrustedAddress, type SignInSettings } from './sign-in-settings.ts';

/** Three parts of base64url; an unsigned one has an empty third. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/;
export const TOKEN_CHARACTERS_MAX = 8192;
/** A token of another kind of the same provider is none, such as one for a logout. */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'at+jwt', 'application/at+jwt'];
/** As a person in the file of keys may be called. */
const PERSON = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const AGE_MAX_SECONDS = 86_400;
const ANSWER_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 2 ** 20;

export interface AccessTokensOptions {
  /** How long the provider's document is believed. */
  readonly discoveryMs?: number;
  /** How long its keys are believed: a key that it takes away is refused after so long. */
  readonly keysMs?: number;
  /** How often its keys are asked for at most: whoever names keys that are none makes no more of it. */
  readonly pauseMs?: number;
}

/** Who signed in, with every role that the provider says. */
export interface SignedIn {
  readonly caller: Omit<ApiKey, 'role'>;
  readonly roles: readonly Role[];
  /** As the provider calls the person: for the log. */
  readonly subject: string;
  readonly endsAtMs: number;
}

export type TokenAnswer =
  | { readonly signedIn: SignedIn }
  | { readonly why: string }
  /** The provider does not answer, so that nobody knows. */
  | { readonly unavailable: string };

class ProviderError extends Error {}

export const isToken = (presented: string): boolean => TOKEN.test(presented);

export class AccessTokens {
  readonly #settings: SignInSettings;
  readonly #options: Required<AccessTokensOptions>;
  #found: { readonly keys: JWTVerifyGetKey; readonly jwksUri: string; readonly untilMs: number } | undefined;
  #finding: Promise<JWTVerifyGetKey> | undefined;
  #failed: { readonly error: unknown; readonly untilMs: number } | undefined;

  constructor(settings: SignInSettings, options: AccessTokensOptions = {}) {
    this.#settings = settings;
    this.#options = { discoveryMs: 3_600_000, keysMs: 300_000, pauseMs: 10_000, ...options };
  }

  async look(token: string): Promise<TokenAnswer> {
    if (token.length > TOKEN_CHARACTERS_MAX) return { why: 'a token that is too long' };
    const { issuer, audience, algorithms, skewSeconds } = this.#settings;
    try {
      const { payload, protectedHeader } = await jwtVerify(
        token,
        (header, jws) => this.#keyFor(header, jws),
        {
          issuer,
          audience,
          algorithms: [...algorithms],
          clockTolerance: skewSeconds,
          requiredClaims: ['exp', 'iat', 'sub'],
          maxTokenAge: AGE_MAX_SECONDS,
        },
      );
      if (!TYPES.includes(protectedHeader.typ)) return { why: 'a token of another type' };
      return this.#callerOf(payload);
    } catch (error) {
      if (error instanceof ProviderError) return { unavailable: error.message };
      if (error instanceof errors.JWKSTimeout)
        return { unavailable: 'the provider does not answer for its keys' };
      return { why: whyRefused(error) };
    }
  }

  async #keyFor(...args: Parameters<JWTVerifyGetKey>): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
    const keys = await this.#keys();
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
  }

  async #keys(): Promise<JWTVerifyGetKey> {
    const nowMs = performance.now();
    if (this.#found !== undefined && nowMs < this.#found.untilMs) return this.#found.keys;
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

  async #discover(): Promise<JWTVerifyGetKey> {
    const { issuer } = this.#settings;
    const { discoveryMs, keysMs, pauseMs } = this.#options;
    const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      headers: { accept: 'application/json' },
    });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    const text = await boundedText(answer);
    const { issuer: said, jwks_uri: jwksUri } = Object(JSON.parse(text)) as Record<string, unknown>;
    if (said !== issuer) throw new Error('it is of another issuer');
    if (typeof jwksUri !== 'string' || !isTrustedAddress(jwksUri))
      throw new Error('its keys are at no https address');
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
    this.#found = { keys, jwksUri, untilMs: performance.now() + discoveryMs };
    this.#failed = undefined;
    return keys;
  }

  #callerOf(payload: JWTPayload): TokenAnswer {
    const { rolesClaim, roles, personClaim, issuer, skewSeconds } = this.#settings;
    const subject = payload.sub;
    if (typeof subject !== 'string' || subject === '') return { why: 'a token without a subject' };
    // It is worth something only with a proof that is not asked for here: alone it may be stolen.
    if (payload.cnf !== undefined) return { why: 'a token that is bound to a key' };
    const said = claimOf(payload, rolesClaim);
    const names = typeof said === 'string' ? said.split(' ') : Array.isArray(said) ? said : [];
    const own = names.flatMap((name) => (typeof name === 'string' ? (roles.get(name) ?? []) : []));
    const person = personClaim === undefined ? undefined : claimOf(payload, personClaim);
    if (personClaim !== undefined && !(typeof person === 'string' && PERSON.test(person))) {
      return { why: 'a token that names no person' };
    }
    // Clients with names of roles are nobody's own, and some providers let people choose what they are called.
    if (ROLES.includes(person as Role)) return { why: 'a token whose person is called like a role' };
    const id = `oidc-${createHash('sha256').update(`${issuer}\n${subject}`).digest('hex').slice(0, 32)}`;
    const caller = { id, ...(typeof person === 'string' && { person }) };
    const endsAtMs = (Math.min(payload.exp!, payload.iat! + AGE_MAX_SECONDS) + skewSeconds) * 1000;
    return { signedIn: { caller, roles: [...new Set(own)], subject, endsAtMs } };
  }
}

/** Of an answer that is too long no more is read. */
async function boundedText({ body }: Response): Promise<string> {
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

/** A claim of that name, or else at that path. */
function claimOf(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let value: unknown = payload;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** In words of ours: those of the library may say what a token holds. */
function whyRefused(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'a token that has ended';
  if (error instanceof errors.JWTClaimValidationFailed) return `a token whose "${error.claim}" does not fit`;
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'a token with a signature of a kind that is not taken';
  if (error instanceof errors.JWKSNoMatchingKey) return 'a token signed by no key of the provider';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'a token that several keys of the provider may have signed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'a token whose signature does not fit';
  return 'a token that is malformed';
}
