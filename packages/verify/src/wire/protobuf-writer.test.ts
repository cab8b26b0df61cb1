import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Message } from './protobuf-reader.ts';
import { messageOf } from './protobuf-writer.ts';

test('a message is its fields one after the other, each with its length in as few bytes as it has', () => {
  const written = messageOf(
    [1, Uint8Array.of(5, 6)],
    [2, new Uint8Array()],
    [15, Uint8Array.of(7)],
    [16, Uint8Array.of(8)],
  );
  assert.deepEqual([...written], [0x0a, 2, 5, 6, 0x7a, 1, 7, 0x82, 1, 1, 8]);
  for (const [length, digits] of [
    [127, [0x7f]],
    [128, [0x80, 1]],
    [20_000, [0xa0, 0x9c, 1]],
  ] as const) {
    const contents = new Uint8Array(length).fill(9);
    const bytes = messageOf([3, contents]);
    assert.deepEqual([...bytes.subarray(0, 1 + digits.length)], [0x1a, ...digits]);
    assert.deepEqual(new Message('a message', bytes).bytes(3), contents);
  }
});
