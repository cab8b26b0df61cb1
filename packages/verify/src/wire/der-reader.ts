// DER, as far as certificates and revocation lists need it: nested elements of a tag, a length and contents.
import { hex } from './bytes.ts';
import { UnreadableError } from './protobuf-reader.ts';

/** One element: its contents, and all of its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly contents: Uint8Array;
  readonly raw: Uint8Array;
}

export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The element that these bytes are. @throws UnreadableError */
export function readDer(bytes: Uint8Array): DerElement {
  const element = elementAt(bytes, 0);
  if (element.raw.length !== bytes.length) throw new UnreadableError('not DER: bytes follow it');
  return element;
}

/** The elements inside one. @throws UnreadableError */
export function childrenOf({ contents }: DerElement): DerElement[] {
  const children: DerElement[] = [];
  for (let at = 0; at < contents.length; ) {
    const child = elementAt(contents, at);
    children.push(child);
    at += child.raw.length;
  }
  return children;
}

/** The child at a place. @throws UnreadableError where there is none, or one of another tag */
export function childAt(parent: DerElement, index: number, tag?: number): DerElement {
  const child = childrenOf(parent)[index];
  if (child === undefined || (tag !== undefined && child.tag !== tag)) {
    throw new UnreadableError('not the DER that was expected');
  }
  return child;
}

/** What an extension of a certificate or revocation list holds; undefined where it has none of this name. */
export function extensionIn(extensions: DerElement | undefined, oid: string): Uint8Array | undefined {
  if (extensions === undefined) return undefined;
  const found = childrenOf(childAt(extensions, 0, DER.sequence)).find(
    (extension) => hex(childAt(extension, 0, DER.oid).contents) === oid,
  );
  if (found === undefined) return undefined;
  // Whatever follows the value is passed over, as in Go.
  const [, second, third] = childrenOf(found);
  return (second?.tag === DER.boolean ? third : second)?.contents;
}

/** Numbers in a name go up to here in Go. */
const NAME_MAX = 2 ** 31 - 1;

/** The bytes of a name in DER, in hexadecimal. @throws UnreadableError where it is none, or not in its shortest form */
export function oidOf(element: DerElement | undefined): string {
  const contents = element?.tag === DER.oid ? element.contents : new Uint8Array();
  let number = 0;
  let isFirst = true;
  for (const byte of contents) {
    if (isFirst && byte === 0x80) throw noName();
    number = (isFirst ? 0 : number * 0x80) + (byte & 0x7f);
    if (number > NAME_MAX) throw noName();
    isFirst = byte < 0x80;
  }
  if (contents.length === 0 || !isFirst) throw noName();
  return hex(contents);
}

const noName = (): UnreadableError => new UnreadableError('not DER: no name');

/** The bytes of a whole number. @throws UnreadableError where it is none, or not in its shortest form */
export function integerOf({ tag, contents }: DerElement): Uint8Array {
  const [first, second] = contents;
  const isLonger = second !== undefined && (first === 0 ? second < 0x80 : first === 0xff && second >= 0x80);
  if (tag !== DER.integer || first === undefined || isLonger) throw new UnreadableError('not DER: no number');
  return contents;
}

/** A bit string as Go takes it for bytes: shifted to its end where some bits of the last byte are not of it. */
export function bitsOf({ contents }: DerElement): Uint8Array {
  const [unused] = contents;
  const bits = contents.subarray(1);
  if (unused === 0) return bits;
  const last = bits.at(-1);
  if (unused === undefined || unused > 7 || last === undefined || (last & ((1 << unused) - 1)) !== 0) {
    throw new UnreadableError('not DER: no bit string');
  }
  return bits.map((byte, i) => (byte >> unused) | ((bits[i - 1] ?? 0) << (8 - unused)));
}

/** The element that begins at a place, whatever follows it. @throws UnreadableError */
export function elementAt(bytes: Uint8Array, start: number): DerElement {
  const [tag, first] = [bytes[start], bytes[start + 1]];
  if (tag === undefined || first === undefined) throw new UnreadableError('not DER: it goes beyond its end');
  let at = start + 2;
  let length = first;
  if (first >= 0x80) {
    const digits = first & 0x7f;
    if (digits === 0 || digits > 4) throw new UnreadableError('not DER: no length');
    length = 0;
    for (let i = 0; i < digits; i++) length = length * 256 + (bytes[at++] ?? 0);
    // Go reads the shortest form alone: else one certificate would be several.
    if (length < 0x80 || length < 256 ** (digits - 1)) throw new UnreadableError('not DER: a longer length');
  }
  if (at + length > bytes.length) throw new UnreadableError('not DER: it goes beyond its end');
  return { tag, contents: bytes.subarray(at, at + length), raw: bytes.subarray(start, at + length) };
}
