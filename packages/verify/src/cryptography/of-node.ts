// SHA-256, and signatures of ECDSA by Node's OpenSSL.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createRequire } from 'node:module';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { type PublicKey, readKeyInfo } from './public-key.ts';

/** Loaded with the first key: most channels have none, and programs that only hash would start later. */
const ed25519Key = (point: Uint8Array): PublicKey =>
  (createRequire(import.meta.url)('./ed25519-key.js') as typeof import('./ed25519-key.ts')).ed25519Key(point);

/** Of the parts, one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** @param spki SubjectPublicKeyInfo in DER. @throws UnreadableError where it is no point of a known curve */
export function readPublicKey(spki: Uint8Array): PublicKey {
  const { curve, point } = readKeyInfo(spki);
  if (curve === 'ed25519') return ed25519Key(point);
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return {
      curve,
      verifies: (digest, message, signature) => verify(digest, message, key, signature),
    };
  } catch (cause) {
    throw new UnreadableError('not a readable certificate', { cause });
  }
}
