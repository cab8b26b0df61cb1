// SHA-256, and signatures of ECDSA by Node's OpenSSL.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createRequire } from 'node:module';
import { concatBytes, hexBytes } from '../wire/bytes.ts';
import { DER } from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { CURVES, type Curve, type KeyInfo, type PublicKey, readKeyInfo } from './public-key.ts';

/** Loaded with the first key: most channels have none, and programs that only hash would start later. */
const load = createRequire(import.meta.url);
const ed25519Key = (point: Uint8Array): PublicKey =>
  (load('./ed25519-key.js') as typeof import('./ed25519-key.ts')).ed25519Key(point);
const rsaKey = (numbers: KeyInfo & { readonly kind: 'rsa' }): PublicKey =>
  (load('./rsa-key.js') as typeof import('./rsa-key.ts')).rsaKey(numbers);

/** Of the parts, one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** @param spki SubjectPublicKeyInfo in DER. @throws UnreadableError where it is no key that Fabric reads */
export function readPublicKey(spki: Uint8Array): PublicKey {
  const info = readKeyInfo(spki);
  if (info.kind === 'rsa') return rsaKey(info);
  const { kind, point } = info;
  if (kind === 'ed25519') return ed25519Key(point);
  try {
    const key = createPublicKey({ key: Buffer.from(spkiOf(kind, point)), format: 'der', type: 'spki' });
    return {
      kind,
      verifies: ({ scheme, digest }, message, signature) =>
        scheme === 'ecdsa' && verify(digest, message, key, signature),
    };
  } catch (cause) {
    throw new UnreadableError('not a readable certificate', { cause });
  }
}

/** The one form of it: OpenSSL refuses others that Go takes. */
function spkiOf(kind: Curve, point: Uint8Array): Uint8Array {
  const [curve] = Object.entries(CURVES).find(([, name]) => name === kind)!;
  const names = ['2a8648ce3d0201', curve].map((name) => derElement(DER.oid, hexBytes(name)));
  const key = derElement(DER.bitString, concatBytes([Uint8Array.of(0), point]));
  return derElement(DER.sequence, concatBytes([derElement(DER.sequence, concatBytes(names)), key]));
}
