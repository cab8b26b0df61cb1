// Names of holders and authorities, as Go reads them: what an organisational unit says decides who somebody is, and it
// may be written in several alphabets.
import { latin1Text, utf8Bytes, utf8Text } from '../wire/bytes.ts';
import { childrenOf, DER, type DerElement, oidOf } from '../wire/der-reader.ts';
import { sameBytes } from '../wire/digests.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

/** One part of a name: what it is, by the bytes of its name in DER, and what it says. */
export interface NamePart {
  readonly oid: string;
  readonly text: string;
}

const UTF8 = 0x0c;
const BMP = 0x1e;
/** Alphabets of a byte a character, and what each may hold; of T.61 Go takes every byte. */
const ALPHABETS: Readonly<Record<number, RegExp>> = {
  18: /^[0-9 ]*$/,
  19: /^[A-Za-z0-9'()+,\-./ :=?*&]*$/,
  20: /^/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it may hold
  22: /^[\x00-\x7f]*$/,
};

/** @throws UnreadableError where Go refuses it */
export function readName(name: DerElement | undefined): NamePart[] {
  if (name?.tag !== DER.sequence) throw unreadable();
  return childrenOf(name).flatMap((set) => {
    if (set.tag !== DER.set) throw unreadable();
    return childrenOf(set).map((part) => {
      if (part.tag !== DER.sequence) throw unreadable();
      const [oid, value] = childrenOf(part);
      if (value === undefined) throw unreadable();
      return { oid: oidOf(oid), text: textOf(value) };
    });
  });
}

function textOf({ tag, contents }: DerElement): string {
  if (tag === UTF8) {
    const text = utf8Text(contents);
    if (!sameBytes(utf8Bytes(text), contents)) throw unreadable();
    return text;
  }
  if (tag === BMP) return bmpText(contents);
  const text = latin1Text(contents);
  if (!(Object.hasOwn(ALPHABETS, tag) && ALPHABETS[tag]!.test(text))) throw unreadable();
  return text;
}

/** Two bytes a character, of the basic plane alone, with a zero behind it or without. */
function bmpText(bytes: Uint8Array): string {
  if (bytes.length % 2 !== 0) throw unreadable();
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    const code = (bytes[at]! << 8) | bytes[at + 1]!;
    const isLast = at + 2 === bytes.length;
    if (isLast && code === 0) break;
    const isNone = code >= 0xfffe || (code >= 0xfdd0 && code <= 0xfdef) || (code >= 0xd800 && code <= 0xdfff);
    if (isNone) throw unreadable();
    text += String.fromCharCode(code);
  }
  return text;
}

const unreadable = (): UnreadableError => new UnreadableError('not a readable certificate');
