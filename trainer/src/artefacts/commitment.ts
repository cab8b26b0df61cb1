// Commitments to bytes: what the ledger holds of a plaintext that it never sees.

import { createHash, timingSafeEqual } from 'node:crypto';

const SALT_BYTES = 32;

/** SHA-256 in lower-case hexadecimal, as the ledger writes it. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * SHA-256 of the plaintext, or of salt ‖ plaintext.
 *
 * Binding by collision resistance. Hiding only with a secret salt: without one, anybody who can guess
 * the plaintext can confirm the guess, which is fine for a noised update and not for patients' rows.
 *
 * @param salt exactly 32 bytes, so that salt ‖ plaintext splits in one way only; RangeError otherwise
 */
export function commitment(plaintext: Uint8Array, salt?: Uint8Array): string {
  const hash = createHash('sha256');
  if (salt !== undefined) {
    if (salt.length !== SALT_BYTES) throw new RangeError(`a commitment's salt has ${SALT_BYTES} bytes`);
    hash.update(salt);
  }
  return hash.update(plaintext).digest('hex');
}

/** Compares two hexadecimal digests. */
export function sameDigest(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
