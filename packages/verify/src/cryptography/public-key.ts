// What signatures are checked with, whatever computes it: Node's OpenSSL, or curves in JavaScript where there is none.
import { hex } from '../wire/bytes.ts';
import { DerCursor } from '../wire/der-cursor.ts';
import { bitsOf, DER, integerOf } from '../wire/der-reader.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

/** Digests that a certificate or a message is signed over. */
export const DIGESTS = ['sha256', 'sha384', 'sha512'] as const;
/** SHA-1 counts in revocation lists alone, SHA3-256 in messages of organisations that say so. */
export type Digest = (typeof DIGESTS)[number] | 'sha1' | 'sha3-256';

/** How something is signed: with which digest, in which form. Ed25519 takes no digest of its own. */
export interface SignatureAlgorithm {
  readonly scheme: 'ecdsa' | 'ed25519' | 'pkcs1' | 'pss';
  readonly digest: Digest;
}

/** Curves of the keys that Fabric's identities use, by the bytes of their names in DER. */
export const CURVES = {
  '2a8648ce3d030107': 'prime256v1',
  '2b81040021': 'secp224r1',
  '2b81040022': 'secp384r1',
  '2b81040023': 'secp521r1',
} as const;
/** Of ECDSA. */
export type Curve = (typeof CURVES)[keyof typeof CURVES];

const EC_KEY = '2a8648ce3d0201';
const ED25519 = '2b6570';
const RSA = '2a864886f70d010101';
const NULL = 0x05;
/** An exponent that Go reads has no more. */
const EXPONENT_BYTES_MAX = 8;
/** Go takes keys of any size, but for TLS of no more: one of a megabyte takes whoever checks by it minutes. */
const RSA_BITS_MAX = 8192;

/** Of a certificate's holder. */
export interface PublicKey {
  /** Keys of RSA are those of authorities: nothing else counts that they sign. */
  readonly kind: Curve | 'ed25519' | 'rsa';
  /**
   * Whether the signature is one of this key over the message.
   *
   * @param signature of ECDSA: r and s in DER
   */
  readonly verifies: (algorithm: SignatureAlgorithm, message: Uint8Array, signature: Uint8Array) => boolean;
}

/** The numbers of a public key of RSA. */
export interface RsaNumbers {
  readonly modulus: bigint;
  readonly exponent: bigint;
}

/** A public key as X.509 writes it: its curve and its point, or its numbers. */
export type KeyInfo =
  | { readonly kind: Curve | 'ed25519'; readonly point: Uint8Array }
  | ({ readonly kind: 'rsa' } & RsaNumbers);

/** @param spki SubjectPublicKeyInfo in DER. @throws UnreadableError where it is none that Go reads, or too large */
export function readKeyInfo(spki: Uint8Array): KeyInfo {
  const info = new DerCursor(spki).inside(DER.sequence);
  const algorithm = info.inside(DER.sequence);
  const name = algorithm.oid();
  const parameters = algorithm.isAtEnd ? undefined : algorithm.any();
  const key = bitsOf(info.one(DER.bitString));
  if (name === RSA) {
    if (parameters?.tag !== NULL || parameters.contents.length > 0) throw unreadable();
    return { kind: 'rsa', ...rsaNumbersIn(key) };
  }
  if (name === ED25519) {
    if (parameters !== undefined || key.length !== 32) throw unreadable();
    return { kind: 'ed25519', point: key };
  }
  const named = parameters?.tag === DER.oid ? hex(parameters.contents) : '';
  if (name !== EC_KEY || !Object.hasOwn(CURVES, named)) {
    throw new UnreadableError('its key is of a kind that is not used in Fabric');
  }
  // Both coordinates: Go reads no other form.
  if (key[0] !== 4) throw unreadable();
  return { kind: CURVES[named as keyof typeof CURVES], point: key };
}

function rsaNumbersIn(key: Uint8Array): RsaNumbers {
  const numbers = new DerCursor(key).inside(DER.sequence);
  const [modulus, exponent] = [integerOf(numbers.any()), integerOf(numbers.any())];
  // What DER puts before it for its sign is no bit of it.
  if (8 * (modulus.length - (modulus[0] === 0 ? 1 : 0)) > RSA_BITS_MAX) {
    throw new UnreadableError(`its key of RSA has more than ${RSA_BITS_MAX} bits`);
  }
  const [n, e] = [positiveOf(modulus), positiveOf(exponent)];
  if (n === undefined || e === undefined || exponent.length > EXPONENT_BYTES_MAX) throw unreadable();
  return { modulus: n, exponent: e };
}

function positiveOf(bytes: Uint8Array): bigint | undefined {
  if (bytes[0]! >= 0x80) return undefined;
  const number = BigInt(`0x${hex(bytes)}`);
  return number > 0n ? number : undefined;
}

const unreadable = (): UnreadableError => new UnreadableError('not a readable certificate');
