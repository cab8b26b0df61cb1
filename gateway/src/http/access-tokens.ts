// Access tokens of the hospital's own OpenID provider, checked as RFC 9068 and RFC 8725 say: who signed them, for whom
// they are, and from when to when. What is wrong with one is for the log, never for the caller.
import { createHash } from 'node:crypto';
import { ROLES, type Role } from '@consilium/domain';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { ApiKey } from './api-keys.ts';
import { ProviderDocument, type ProviderDocumentOptions, ProviderError } from './provider-document.ts';
import type { SignInSettings } from './sign-in-settings.ts';

/** Three parts of base64url; an unsigned one has an empty third. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/;
export const TOKEN_CHARACTERS_MAX = 8192;
/** What has such a type is an access token (RFC 9068). */
const ACCESS_TYPES: readonly unknown[] = ['at+jwt', 'application/at+jwt'];
/** Of providers that say no type. A token of another kind of theirs is none, such as one for a logout. */
const PLAIN_TYPES: readonly unknown[] = [undefined, 'JWT'];
/** Claims that ID tokens have (OpenID Connect Core, 2 and 3.3.2.11). */
const OF_ID_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash'];
/** As a person in the file of keys may be called. */
const PERSON = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const AGE_MAX_SECONDS = 86_400;

export type AccessTokensOptions = ProviderDocumentOptions;

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

export const isToken = (presented: string): boolean => TOKEN.test(presented);

export class AccessTokens {
  readonly settings: SignInSettings;
  /** What the provider says of itself, for those who send people there. */
  readonly provider: ProviderDocument;

  constructor(settings: SignInSettings, options: AccessTokensOptions = {}) {
    this.settings = settings;
    this.provider = new ProviderDocument(settings.issuer, options);
  }

  async look(token: string): Promise<TokenAnswer> {
    if (token.length > TOKEN_CHARACTERS_MAX) return { why: 'a token that is too long' };
    const { issuer, audience, algorithms, skewSeconds, typedOnly } = this.settings;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.provider.keyFor, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: skewSeconds,
        requiredClaims: ['exp', 'iat', 'sub'],
        maxTokenAge: AGE_MAX_SECONDS,
      });
      const { typ } = protectedHeader;
      const isPlain = !typedOnly && PLAIN_TYPES.includes(typ);
      if (!isPlain && !ACCESS_TYPES.includes(typ)) return { why: 'a token of another type' };
      if (isIdToken(payload, isPlain))
        return { why: 'an ID token, which is for the client that asked for it' };
      return this.#callerOf(payload);
    } catch (error) {
      if (error instanceof ProviderError) return { unavailable: error.message };
      if (error instanceof errors.JWKSTimeout)
        return { unavailable: 'the provider does not answer for its keys' };
      return { why: whyRefused(error) };
    }
  }

  #callerOf(payload: JWTPayload): TokenAnswer {
    const { rolesClaim, roles, personClaim, issuer, skewSeconds } = this.settings;
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

/**
 * Whether it says who signed in, and not what its bearer may. The audience tells them apart where it is the gateway's
 * alone; some providers have it in both.
 *
 * @param isPlain whether its type does not say
 */
function isIdToken(payload: JWTPayload, isPlain: boolean): boolean {
  // Keycloak says it in `typ`, Cognito in `token_use`.
  const { typ, token_use: use } = payload;
  if (typ === 'ID' || use === 'id') return true;
  // Access tokens of older Keycloaks have the nonce of the sign-in too.
  if (!isPlain || typ === 'Bearer' || use === 'access') return false;
  return OF_ID_TOKENS.some((claim) => Object.hasOwn(payload, claim));
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
export function whyRefused(error: unknown): string {
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
