// Bytes as texts, and texts as bytes, in every place where a file is checked: in Node, and in a browser.

const UTF8 = new TextEncoder();
const UTF8_READER = new TextDecoder('utf-8', { ignoreBOM: true });
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** The code of each digit of base64. */
const CODES = Uint8Array.from(DIGITS, (digit) => digit.charCodeAt(0));
/** The value of the digit with a code; 64 of a code that is none. */
const VALUES = new Uint8Array(128).fill(64);
CODES.forEach((code, value) => {
  VALUES[code] = value;
});
const PADDING = '='.charCodeAt(0);
/** How many characters are made of codes at once: arguments of one call. */
const CHUNK = 8192;

/** In UTF-8; a half of a pair becomes U+FFFD. */
export const utf8Bytes = (text: string): Uint8Array<ArrayBuffer> => UTF8.encode(text);

/** Read as UTF-8; what is none becomes U+FFFD. */
export const utf8Text = (bytes: Uint8Array): string => UTF8_READER.decode(bytes);

/** One character for each byte. */
export function latin1Text(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return text;
}

export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Of a text that has two digits for each byte. */
export function hexBytes(digits: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** With padding. */
export function base64(bytes: Uint8Array): string {
  const codes = new Uint8Array(4 * Math.ceil(bytes.length / 3)).fill(PADDING);
  let to = 0;
  for (let at = 0; at < bytes.length; at += 3) {
    const [first, second = 0, third = 0] = [bytes[at]!, bytes[at + 1], bytes[at + 2]];
    codes[to] = CODES[first >> 2]!;
    codes[to + 1] = CODES[((first & 3) << 4) | (second >> 4)]!;
    if (at + 1 < bytes.length) codes[to + 2] = CODES[((second & 15) << 2) | (third >> 6)]!;
    if (at + 2 < bytes.length) codes[to + 3] = CODES[third & 63]!;
    to += 4;
  }
  return UTF8_READER.decode(codes);
}

/** Of a text with padding; undefined where another text says the same bytes, or it says none. */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = looseBase64Bytes(text);
  if (bytes === undefined) return undefined;
  // The bits of the last digit that say nothing are zero.
  const left = bytes.length % 3;
  if (left === 0) return bytes;
  const last = VALUES[text.charCodeAt(text.length - (left === 1 ? 3 : 2))]!;
  return (last & (left === 1 ? 15 : 3)) === 0 ? bytes : undefined;
}

/** The same, whatever the bits of the last digit are that say nothing. */
export function looseBase64Bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  const { length } = text;
  if (length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = length - padding;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let to = 0;
  let bits = 0;
  for (let at = 0; at < digits; at++) {
    const value = VALUES[text.charCodeAt(at)] ?? 64;
    if (value === 64) return undefined;
    bits = ((bits << 6) | value) & 0xffffff;
    const place = at & 3;
    if (place === 0) continue;
    bytes[to++] = bits >> (6 - 2 * place);
  }
  return bytes;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Below 0 where the first is before the second, as LevelDB orders keys; 0 where they are the same. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && compareBytes(a, b) === 0;
