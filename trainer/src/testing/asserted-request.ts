// Requests to a trainer as its gateway makes them, and, for tests of what is refused, as others might.
import { randomBytes } from 'node:crypto';
import { ASSERTION, assertionAudience, type Role } from '@consilium/domain';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { type JWTPayload, SignJWT } from 'jose';

export const TRAINER_KEY = 'a-key-of-32-characters-or-longer';

export interface AssertedRequest {
  readonly role: Role;
  readonly method?: string;
  readonly target: string;
  readonly mspId?: string;
  readonly key?: string;
  readonly nowMs?: number;
  /** Claims and headers in place of the honest ones. */
  readonly claims?: JWTPayload;
  readonly header?: { readonly alg?: string; readonly typ?: string };
}

export function assertionOf(options: AssertedRequest): Promise<string> {
  const { role, method = 'GET', target, mspId = 'A', key = TRAINER_KEY, nowMs = Date.now() } = options;
  const iat = nowMs / 1000;
  return new SignJWT({
    iss: ASSERTION.issuer,
    aud: assertionAudience(mspId),
    sub: `${role}-key`,
    role,
    method,
    target,
    iat,
    exp: iat + ASSERTION.lifetimeSeconds,
    jti: randomBytes(16).toString('base64url'),
    ...options.claims,
  })
    .setProtectedHeader({ alg: ASSERTION.algorithm, typ: ASSERTION.type, ...options.header })
    .sign(new TextEncoder().encode(key));
}

export async function askAs(
  http: FastifyInstance,
  role: Role,
  request: InjectOptions & { readonly url: string; readonly mspId?: string },
): Promise<LightMyRequestResponse> {
  const { mspId, ...options } = request;
  const { method = 'GET', url } = options;
  const asserted = { role, method, target: url, ...(mspId !== undefined && { mspId }) };
  const authorization = `Bearer ${await assertionOf(asserted)}`;
  return http.inject({ ...options, headers: { ...options.headers, authorization } });
}
