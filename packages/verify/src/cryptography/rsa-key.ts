// Keys of RSA, which authorities have whose identities Fabric takes. Node and browsers check their signatures by the
// same code, as Go does: OpenSSL and browsers each refuse keys that Go takes, and take some that it refuses.
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, hex, hexBytes, sameBytes } from '../wire/bytes.ts';
import type { PublicKey, RsaNumbers } from './public-key.ts';

/** Go takes keys from this size on. */
const BITS_MIN = 1024;
const EXPONENT_MAX = 2n ** 31n - 1n;
const HASHES = { sha1, sha256, sha384, sha512 } as const;
type DigestOfRsa = keyof typeof HASHES;
/** What is before a digest in DER (RFC 8017, section 9.2). */
const PREFIXES: Readonly<Record<DigestOfRsa, Uint8Array>> = {
  sha1: hexBytes('3021300906052b0e03021a05000414'),
  sha256: hexBytes('3031300d060960864801650304020105000420'),
  sha384: hexBytes('3041300d060960864801650304020205000430'),
  sha512: hexBytes('3051300d060960864801650304020305000440'),
};

/** By RFC 8017: PKCS #1 v1.5 (section 8.2.2), and PSS with a salt as long as the digest (section 8.1.2). */
export function rsaKey({ modulus, exponent }: RsaNumbers): PublicKey {
  const bits = modulus.toString(2).length;
  const size = Math.ceil(bits / 8);
  const isUsed =
    bits >= BITS_MIN &&
    modulus % 2n === 1n &&
    exponent > 1n &&
    exponent % 2n === 1n &&
    exponent <= EXPONENT_MAX;
  return {
    kind: 'rsa',
    verifies: ({ scheme, digest }, message, signature) => {
      if (!isUsed || (scheme !== 'pkcs1' && scheme !== 'pss') || signature.length !== size) return false;
      if (digest === 'sha3-256') return false;
      const number = numberOf(signature);
      if (number >= modulus) return false;
      const encoded = bytesOf(power(number, { modulus, exponent }), size);
      return scheme === 'pkcs1'
        ? isPkcs1(encoded, message, digest)
        : isPss(encoded, { message, digest, bits: bits - 1 });
    },
  };
}

function isPkcs1(encoded: Uint8Array, message: Uint8Array, digest: DigestOfRsa): boolean {
  const said = concatBytes([PREFIXES[digest], HASHES[digest](message)]);
  const filled = encoded.length - said.length - 3;
  // At least eight bytes of them.
  if (filled < 8) return false;
  const expected = [Uint8Array.of(0, 1), new Uint8Array(filled).fill(0xff), Uint8Array.of(0), said];
  return sameBytes(encoded, concatBytes(expected));
}

/** RFC 8017, section 9.1.2. */
function isPss(
  whole: Uint8Array,
  {
    message,
    digest,
    bits,
  }: { readonly message: Uint8Array; readonly digest: DigestOfRsa; readonly bits: number },
): boolean {
  const hash = HASHES[digest];
  const { outputLen } = hash;
  const length = Math.ceil(bits / 8);
  // A modulus of whole bytes and one bit has a byte before it.
  if (whole.subarray(0, whole.length - length).some((byte) => byte !== 0)) return false;
  const encoded = whole.subarray(whole.length - length);
  const spare = length - 2 * outputLen - 2;
  if (spare < 0 || encoded[length - 1] !== 0xbc) return false;
  const masked = encoded.subarray(0, length - outputLen - 1);
  const seed = encoded.subarray(length - outputLen - 1, length - 1);
  const unused = 8 * length - bits;
  if (masked[0]! >> (8 - unused) !== 0) return false;
  const mask = maskOf(seed, masked.length, hash);
  const block = masked.map((byte, i) => byte ^ mask[i]!);
  block[0]! &= 0xff >> unused;
  if (block.subarray(0, spare).some((byte) => byte !== 0) || block[spare] !== 1) return false;
  const salt = block.subarray(spare + 1);
  return sameBytes(seed, hash(concatBytes([new Uint8Array(8), hash(message), salt])));
}

/** MGF1 (RFC 8017, appendix B.2.1). */
function maskOf(seed: Uint8Array, length: number, hash: (typeof HASHES)[DigestOfRsa]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let counter = 0; parts.length * hash.outputLen < length; counter++) {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, counter);
    parts.push(hash(concatBytes([seed, number])));
  }
  return concatBytes(parts).subarray(0, length);
}

function power(base: bigint, { modulus, exponent }: RsaNumbers): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${hex(bytes)}`);
const bytesOf = (number: bigint, size: number): Uint8Array =>
  hexBytes(number.toString(16).padStart(2 * size, '0'));
