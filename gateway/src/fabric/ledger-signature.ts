// Signatures of the gateway's identities, by the machine's own cryptography: the SDK signs in JavaScript, which
// costs milliseconds for each of the three signatures of a transaction and was most of this service's time.
import { type KeyObject, sign } from 'node:crypto';

/** The orders of the groups. */
const P256 = { order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n, bytes: 32 };
const P384 = {
  order: BigInt(
    '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ),
  bytes: 48,
};
type Curve = typeof P256;

/** Whether `signWithLowS` can sign with this key: P-256, as Fabric CA issues them. */
export const isP256 = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
  asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';

/**
 * ECDSA over SHA-256 of the whole message, in DER. Of the two signatures (r, s) and (r, n - s) it is the one with
 * the smaller s, the only one that Fabric accepts.
 */
export function signWithLowS(message: Uint8Array, key: KeyObject): Uint8Array {
  return lowS(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }), P256);
}

/**
 * The same signature of another signer with the smaller s: both fit the message, and Fabric takes only this one.
 *
 * @param signature in DER, and verified
 * @param key on P-256 or P-384
 */
export function smallerS(signature: Uint8Array, { asymmetricKeyDetails }: KeyObject): Uint8Array {
  const curve = asymmetricKeyDetails?.namedCurve === 'secp384r1' ? P384 : P256;
  const raw = Buffer.alloc(2 * curve.bytes);
  // Two integers, each with its tag and length, after the tag and length of both.
  let at = 2;
  for (const end of [curve.bytes, raw.length]) {
    const digits = Buffer.from(signature.subarray(at + 2, at + 2 + signature[at + 1]!));
    const from = digits.length > curve.bytes ? digits.length - curve.bytes : 0;
    digits.copy(raw, end - (digits.length - from), from);
    at += 2 + digits.length;
  }
  return lowS(raw, curve);
}

/** @param raw r and s, each as long as the order; s is made the smaller one of the two */
function lowS(raw: Buffer, { order, bytes }: Curve): Uint8Array {
  const s = BigInt(`0x${raw.toString('hex', bytes)}`);
  if (s > order >> 1n) raw.write((order - s).toString(16).padStart(2 * bytes, '0'), bytes, 'hex');
  const body = Buffer.concat([integer(raw.subarray(0, bytes)), integer(raw.subarray(bytes))]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** A DER integer: no superfluous zeros in front, and one where the first bit would make it negative. */
function integer(scalar: Buffer): Buffer {
  let first = 0;
  while (first < scalar.length - 1 && scalar[first] === 0) first += 1;
  const digits = scalar.subarray(first);
  const sign = digits[0]! >= 0x80 ? [0] : [];
  return Buffer.concat([Buffer.from([0x02, sign.length + digits.length, ...sign]), digits]);
}
