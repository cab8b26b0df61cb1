// The shortest form of a message whose fields are messages, texts or bytes: one after the other by their numbers, each
// tag and length in as few bytes as it can have, and nothing where a field is empty.
import { concatBytes } from './bytes.ts';

const DELIMITED = 2;

/** One field after the other, in the order of these; an empty one is left out. */
export function messageOf(
  ...fields: readonly (readonly [field: number, contents: Uint8Array])[]
): Uint8Array {
  return concatBytes(
    fields
      .filter(([, contents]) => contents.length > 0)
      .flatMap(([field, contents]) => [varint((field << 3) | DELIMITED), varint(contents.length), contents]),
  );
}

function varint(number: number): Uint8Array {
  const bytes: number[] = [];
  let left = number;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Uint8Array.from([...bytes, left]);
}
