// Signatures of P-256 come in pairs, (r, s) and (r, n - s), of which Fabric accepts the one with the smaller s.

/** The order of P-256's group. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The one of a pair of signatures that Fabric accepts. */
export function lowS(der: Uint8Array): Buffer {
  const first = der[3]!;
  const r = Buffer.from(der.subarray(4, 4 + first));
  const s = BigInt(`0x${Buffer.from(der.subarray(6 + first)).toString('hex')}`);
  return encode(r, s > ORDER >> 1n ? ORDER - s : s);
}

/** The other one. */
export function highS(der: Uint8Array): Buffer {
  const first = der[3]!;
  const r = Buffer.from(der.subarray(4, 4 + first));
  return encode(r, ORDER - BigInt(`0x${Buffer.from(der.subarray(6 + first)).toString('hex')}`));
}

function encode(r: Buffer, s: bigint): Buffer {
  const digits = s.toString(16);
  const bytes = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  const signed = bytes[0]! & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  const body = Buffer.concat([Buffer.of(2, r.length), r, Buffer.of(2, signed.length), signed]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

/** The same r and s to peers, who pass over what follows them in the sequence. */
export const withByteAfterS = (der: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(der[0]!, der[1]! + 1), der.subarray(2), Buffer.of(255)]);
