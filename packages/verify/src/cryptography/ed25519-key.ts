// Keys of Ed25519, with which Node and browsers check signatures by the same code: OpenSSL refuses keys of small order
// from 3.5 on, and peers take them.
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, sameBytes } from '../wire/bytes.ts';
import type { PublicKey } from './public-key.ts';

/** By RFC 8032, section 5.1.7, without the cofactor: as Go has it, which compares bytes of R. */
export function ed25519Key(key: Uint8Array): PublicKey {
  const { Point } = ed25519;
  const { ORDER } = Point.Fn;
  const holder = edwardsPoint(key);
  return {
    kind: 'ed25519',
    verifies: ({ scheme }, message, signature) => {
      if (scheme !== 'ed25519' || holder === undefined || signature.length !== 64) return false;
      const r = signature.subarray(0, 32);
      const s = numberOf(signature.subarray(32));
      if (s >= ORDER) return false;
      const k = numberOf(sha512(concatBytes([r, key, message]))) % ORDER;
      const expected = Point.BASE.multiplyUnsafe(s).subtract(holder.multiplyUnsafe(k));
      return sameBytes(expected.toBytes(), r);
    },
  };
}

/** Undefined where the bytes are no point: then nothing is signed with it. */
function edwardsPoint(key: Uint8Array) {
  try {
    return ed25519.Point.fromBytes(key, true);
  } catch {
    return undefined;
  }
}

/** Least significant byte first. */
const numberOf = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
