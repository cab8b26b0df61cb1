// Signatures of the gateway's identities, by the machine's own cryptography: the SDK signs in JavaScript, which
// costs milliseconds for each of the three signatures of a transaction and was most of this service's time.
import { type KeyObject, sign } from 'node:crypto';

/** The order of P-256's group. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const HALF_ORDER = ORDER >> 1n;
const SCALAR_BYTES = 32;

/** Whether `signWithLowS` can sign with this key: P-256, as Fabric CA issues them. */
export const isP256 = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
  asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';

/**
 * ECDSA over SHA-256 of the whole message, in DER. Of the two signatures (r, s) and (r, n - s) it is the one with
 * the smaller s, the only one that Fabric accepts.
 */
export function signWithLowS(message: Uint8Array, key: KeyObject): Uint8Array {
  const raw = sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' });
  const s = BigInt(`0x${raw.toString('hex', SCALAR_BYTES)}`);
  if (s > HALF_ORDER) {
    raw.write((ORDER - s).toString(16).padStart(2 * SCALAR_BYTES, '0'), SCALAR_BYTES, 'hex');
  }
  const body = Buffer.concat([integer(raw.subarray(0, SCALAR_BYTES)), integer(raw.subarray(SCALAR_BYTES))]);
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
