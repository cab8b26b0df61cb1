// What signatures are checked with, whatever computes it: Node's OpenSSL, or curves in JavaScript where there is none.
import { hex } from '../wire/bytes.ts';
import { childAt, childrenOf, DER, readDer } from '../wire/der-reader.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

/** Digests that a certificate or a message is signed over. */
export const DIGESTS = ['sha256', 'sha384', 'sha512'] as const;
export type Digest = (typeof DIGESTS)[number];

/** Curves of the keys that Fabric's identities use, by the bytes of their names in DER. */
export const CURVES = {
  '2a8648ce3d030107': 'prime256v1',
  '2b81040021': 'secp224r1',
  '2b81040022': 'secp384r1',
  '2b81040023': 'secp521r1',
} as const;
export type Curve = (typeof CURVES)[keyof typeof CURVES] | 'ed25519';

const EC_KEY = '2a8648ce3d0201';
const ED25519 = '2b6570';

/** Of a certificate's holder. */
export interface PublicKey {
  readonly curve: Curve;
  /**
   * Whether the signature is one of this key over the message.
   *
   * @param digest of the message; Ed25519 takes none
   * @param signature of ECDSA: r and s in DER
   */
  readonly verifies: (digest: Digest, message: Uint8Array, signature: Uint8Array) => boolean;
}

/** A public key as X.509 writes it: its curve, and its point. */
export interface KeyInfo {
  readonly curve: Curve;
  readonly point: Uint8Array;
}

/** @param spki SubjectPublicKeyInfo in DER. @throws UnreadableError where it is none of a known curve */
export function readKeyInfo(spki: Uint8Array): KeyInfo {
  const info = readDer(spki);
  const [algorithm, key, ...more] = childrenOf(info);
  if (
    info.tag !== DER.sequence ||
    algorithm?.tag !== DER.sequence ||
    key?.tag !== DER.bitString ||
    more.length > 0
  ) {
    throw new UnreadableError('not a readable certificate');
  }
  if (key.contents[0] !== 0) throw new UnreadableError('not a readable certificate');
  const point = key.contents.subarray(1);
  const [, ...parameters] = childrenOf(algorithm);
  const name = hex(childAt(algorithm, 0, DER.oid).contents);
  if (name === ED25519 && parameters.length === 0 && point.length === 32) {
    return { curve: 'ed25519', point };
  }
  const [curve] = parameters;
  const named = curve?.tag === DER.oid && parameters.length === 1 ? hex(curve.contents) : '';
  if (name !== EC_KEY || !Object.hasOwn(CURVES, named)) {
    throw new UnreadableError('its key is of a kind that is not used in Fabric');
  }
  // Both coordinates: Go reads no other form.
  if (point[0] !== 4) throw new UnreadableError('not a readable certificate');
  return { curve: CURVES[named as keyof typeof CURVES], point };
}
