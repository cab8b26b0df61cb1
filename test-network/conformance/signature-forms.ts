/** The second form of every ECDSA signature: (r, n - s). Fabric accepts only the lower s. */

const ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The DER signature with s replaced by n - s, which verifies under the same key. */
export function otherForm(signature: Uint8Array): Uint8Array {
  const rLength = signature[3]!;
  const r = signature.subarray(4, 4 + rLength);
  const s = signature.subarray(6 + rLength);
  const flipped = ORDER_P256 - BigInt(`0x${Buffer.from(s).toString('hex')}`);
  const integers = [Buffer.from(r), signedBytes(flipped)];
  const body = Buffer.concat(integers.flatMap((bytes) => [Buffer.from([0x02, bytes.length]), bytes]));
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

function signedBytes(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex');
  return bytes[0]! > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}
