// SHA-256, and how bytes are compared and written.
import { createHash } from 'node:crypto';

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
/** As the domain's rules take it: the digest of a text, in hexadecimal. */
export const sha256OfText = (text: string): string => hex(sha256(Buffer.from(text, 'utf8')));
