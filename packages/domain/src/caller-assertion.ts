// What a gateway asserts to its hospital's trainer of one request: who asks, as what, for exactly what. It travels as
// a signed token (JSON Web Token, RFC 7519, profiled after RFC 8725) in place of any key.
import { type Static, Type } from 'typebox';
import { Id, Strict, Words } from './primitives.ts';
import { ROLES } from './roles.ts';

/** Terms of the token that both sides keep to. */
export const ASSERTION = {
  /** HMAC with SHA-256 under CONSILIUM_TRAINER_KEY; no other is taken. */
  algorithm: 'HS256',
  type: 'consilium-caller+jwt',
  issuer: 'consilium-gateway',
  lifetimeSeconds: 30,
  /** How far apart the clocks of gateway and trainer may be. */
  toleranceSeconds: 5,
  maxCharacters: 4096,
  /** RFC 7518, 3.2: a key at least as long as the hash. */
  minKeyCharacters: 32,
} as const;

/** Whom the token is for. */
export const assertionAudience = (mspId: string): string => `consilium-trainer:${mspId}`;

const Seconds = Type.Number({ minimum: 0, maximum: 2 ** 40 });

/**
 * The claims of an assertion: which gateway, for whom, whose API key, as which role, and for which method and
 * target.
 */
export const CallerAssertion = Strict({
  iss: Type.Literal(ASSERTION.issuer),
  aud: Type.String(),
  sub: Id,
  role: Words(ROLES),
  method: Words(['GET', 'POST']),
  target: Type.String({
    minLength: 1,
    maxLength: 2048,
    description: 'Path and query as on the request line.',
  }),
  iat: Seconds,
  exp: Seconds,
  jti: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: '128 random bits, used once.' }),
});
export type CallerAssertion = Static<typeof CallerAssertion>;
