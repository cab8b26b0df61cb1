/**
 * ECDSA signatures come in pairs (r, s) and (r, n - s). Fabric accepts only the one with the smaller s, so
 * that nobody can alter a signed message's bytes without the key; we sign and check the same way. P-256 only.
 */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const HALF_ORDER = ORDER >> 1n;

/** Whether a DER signature is well formed and its s is in the lower half. */
export function hasLowS(der: Uint8Array): boolean {
  const parsed = parse(der);
  return parsed !== undefined && parsed.s > 0n && parsed.r > 0n && parsed.s <= HALF_ORDER;
}

/** The same signature with the smaller s. @throws RangeError when the DER is malformed. */
export function toLowS(der: Uint8Array): Buffer {
  const parsed = parse(der);
  if (!parsed) throw new RangeError('not a DER ECDSA signature');
  const s = parsed.s > HALF_ORDER ? ORDER - parsed.s : parsed.s;
  const body = Buffer.concat([encodeInteger(parsed.r), encodeInteger(s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** The same for the raw form: r and then s, 32 bytes each. */
export function rawToLowS(raw: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(raw.subarray(32)).toString('hex')}`);
  if (s <= HALF_ORDER) return raw;
  return Buffer.concat([raw.subarray(0, 32), Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex')]);
}

function parse(der: Uint8Array): { r: bigint; s: bigint } | undefined {
  if (der.length < 8 || der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const first = readInteger(der, 2);
  if (!first) return undefined;
  const second = readInteger(der, first.end);
  if (!second || second.end !== der.length) return undefined;
  return { r: first.value, s: second.value };
}

function readInteger(der: Uint8Array, at: number): { value: bigint; end: number } | undefined {
  const length = der[at + 1];
  if (der[at] !== 0x02 || length === undefined || length === 0 || at + 2 + length > der.length)
    return undefined;
  const digits = Buffer.from(der.subarray(at + 2, at + 2 + length)).toString('hex');
  return { value: BigInt(`0x${digits}`), end: at + 2 + length };
}

function encodeInteger(value: bigint): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2) hex = `0${hex}`;
  let bytes = Buffer.from(hex, 'hex');
  if (bytes[0]! & 0x80) bytes = Buffer.concat([Buffer.from([0]), bytes]);
  return Buffer.concat([Buffer.from([0x02, bytes.length]), bytes]);
}
