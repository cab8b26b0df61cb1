// SHA-256 and signatures in JavaScript, for a browser: its own are asynchronous, and have neither P-224 nor a hash that
// is fed in parts. Held to those of Node over the same vectors.
import { ecdsa, weierstrass } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 as hash256, sha224, sha384, sha512 } from '@noble/hashes/sha2.js';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { concatBytes } from '../wire/bytes.ts';
import { childrenOf, DER, type DerElement, readDer } from '../wire/der-reader.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { ed25519Key } from './ed25519-key.ts';
import { type Curve, type PublicKey, readKeyInfo } from './public-key.ts';
import { rsaKey } from './rsa-key.ts';

/** SEC 2, version 2.0, section 2.2. */
const P224 = {
  p: 0xffffffffffffffffffffffffffffffff000000000000000000000001n,
  n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  h: 1n,
  a: 0xfffffffffffffffffffffffffffffffefffffffffffffffffffffffen,
  b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
  Gx: 0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
  Gy: 0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
};

const ECDSA: Readonly<Record<Curve, ReturnType<typeof ecdsa>>> = {
  secp224r1: ecdsa(weierstrass(P224), sha224),
  prime256v1: p256,
  secp384r1: p384,
  secp521r1: p521,
};
const HASHES = { sha1, sha256: hash256, sha384, sha512, 'sha3-256': sha3_256 } as const;

/** Of the parts, one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = hash256.create();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** @param spki SubjectPublicKeyInfo in DER. @throws UnreadableError where it is no key that Fabric reads */
export function readPublicKey(spki: Uint8Array): PublicKey {
  const info = readKeyInfo(spki);
  if (info.kind === 'rsa') return rsaKey(info);
  const { kind, point } = info;
  try {
    return kind === 'ed25519' ? ed25519Key(point) : weierstrassKey(kind, point);
  } catch (cause) {
    throw new UnreadableError('not a readable certificate', { cause });
  }
}

function weierstrassKey(kind: Curve, point: Uint8Array): PublicKey {
  const { Point, verify } = ECDSA[kind];
  Point.fromBytes(point).assertValidity();
  const size = Point.Fn.BYTES;
  return {
    kind,
    verifies: ({ scheme, digest }, message, signature) => {
      const numbers = scheme === 'ecdsa' ? numbersIn(signature, size) : undefined;
      if (numbers === undefined) return false;
      return verify(numbers, HASHES[digest](message), point, { prehash: false, lowS: false });
    },
  };
}

/** r and s in as many bytes as the curve's order has; undefined where the DER is not the only one of them. */
function numbersIn(der: Uint8Array, size: number): Uint8Array | undefined {
  try {
    const signature = readDer(der);
    const [r, s, ...more] = childrenOf(signature);
    if (signature.tag !== DER.sequence || r === undefined || s === undefined || more.length > 0)
      return undefined;
    const [first, second] = [numberIn(r, size), numberIn(s, size)];
    if (first === undefined || second === undefined) return undefined;
    const isShortest = der.length - signature.contents.length === (signature.contents.length < 0x80 ? 2 : 3);
    return isShortest ? concatBytes([first, second]) : undefined;
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}

function numberIn({ tag, contents, raw }: DerElement, size: number): Uint8Array | undefined {
  const [first = 0x80, second = 0x80] = contents;
  const isShortest = raw.length === contents.length + 2 && (first !== 0 || second >= 0x80);
  if (tag !== DER.integer || first >= 0x80 || !isShortest) return undefined;
  const digits = first === 0 ? contents.subarray(1) : contents;
  if (digits.length > size) return undefined;
  const number = new Uint8Array(size);
  number.set(digits, size - digits.length);
  return number;
}
