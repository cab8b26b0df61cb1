// The first block of a text in PEM, as Go's encoding/pem reads it, which decides whose certificate an identity is:
// whoever sends a transaction writes its identity in any form that peers take.

import { latin1Text, looseBase64Bytes } from '../wire/bytes.ts';

const BEGIN = '-----BEGIN ';
const END = '\n-----END ';
const DASHES = '-----';

/** What is in the first block, of whatever type; undefined where there is none. */
export function readPem(bytes: Uint8Array): Uint8Array | undefined {
  // One character for each byte.
  const text = latin1Text(bytes);
  for (let from = 0; ; ) {
    const end = text.indexOf(END, from);
    if (end < 0) return undefined;
    // The last beginning before the end.
    const begin = text.slice(from, end).lastIndexOf(BEGIN);
    if (begin === 0 || (begin > 0 && text[from + begin - 1] === '\n')) {
      const block = blockAt(text, from + begin + BEGIN.length, end);
      if (block.contents !== undefined) return block.contents;
      // Its headers were read beyond its end: Go gives up here.
      if (block.at > end + END.length) return undefined;
    }
    from = end + END.length;
  }
}

interface Block {
  /** Undefined where it is none. */
  readonly contents?: Uint8Array | undefined;
  /** How far it was read, without what it holds. */
  readonly at: number;
}

function blockAt(text: string, afterBegin: number, end: number): Block {
  const { line: type, next } = lineAt(text, afterBegin);
  let at = next;
  if (!type.endsWith(DASHES)) return { at };
  for (; at < text.length; ) {
    const { line, next: after } = lineAt(text, at);
    if (!line.includes(':')) break;
    at = after;
  }
  if (at === text.length) return { at: Number.POSITIVE_INFINITY };
  if (at > next && at > end) return { at };
  const trailer = text.slice(end + END.length);
  // The type, and its five dashes, end the last line too; then there is nothing but space.
  if (!trailer.startsWith(type) || lineAt(trailer, type.length).line !== '') return { at };
  return { contents: at < end ? fromBase64(text.slice(at, end)) : new Uint8Array(), at };
}

/** The line without its end and the space before that, and where the next one begins. */
function lineAt(text: string, start: number): { readonly line: string; readonly next: number } {
  const feed = text.indexOf('\n', start);
  const next = feed < 0 ? text.length : feed + 1;
  let last = feed < 0 ? text.length : feed;
  if (feed > start && text[feed - 1] === '\r') last -= 1;
  while (last > start && (text[last - 1] === ' ' || text[last - 1] === '\t')) last -= 1;
  return { line: text.slice(start, last), next };
}

function fromBase64(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/[ \t\r\n]/g, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) return undefined;
  return looseBase64Bytes(digits);
}
