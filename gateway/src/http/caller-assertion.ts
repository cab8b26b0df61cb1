// Signs what this gateway asserts to its trainer of one request. The shared key itself is never sent.
import { randomBytes } from 'node:crypto';
import { ASSERTION, assertionAudience, type CallerAssertion } from '@consilium/domain';
import { SignJWT } from 'jose';

export interface AssertedRequest {
  /** Id of the API key that asks. */
  readonly keyId: string;
  readonly role: CallerAssertion['role'];
  readonly method: CallerAssertion['method'];
  /** Path and query at the trainer, as on the request line. */
  readonly target: string;
  /** Whose trainer it is. */
  readonly mspId: string;
}

/** A token for this one request, good for 30 s and once. */
export function assertCaller(
  { keyId, role, method, target, mspId }: AssertedRequest,
  trainerKey: string,
  nowMs: number = Date.now(),
): Promise<string> {
  const issuedAt = nowMs / 1000;
  return new SignJWT({ role, method, target })
    .setProtectedHeader({ alg: ASSERTION.algorithm, typ: ASSERTION.type })
    .setIssuer(ASSERTION.issuer)
    .setAudience(assertionAudience(mspId))
    .setSubject(keyId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ASSERTION.lifetimeSeconds)
    .setJti(randomBytes(16).toString('base64url'))
    .sign(new TextEncoder().encode(trainerKey));
}
