import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Message, UnreadableError } from './protobuf-reader.ts';

interface Decoded {
  readonly message: keyof typeof READERS;
  /** In hexadecimal. */
  readonly bytes: string;
  /** What Go's decoder reads; null where it refuses the message. */
  readonly says: unknown;
}

const decoded: readonly Decoded[] = JSON.parse(
  readFileSync(new URL('../../../reference-values/go-decoder.json', import.meta.url), 'utf8'),
);

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
function versionOf(read: Message): number[] | null {
  const version = read.message(2, 'version');
  return read.has(2) ? [version.number(1), version.number(2)] : null;
}
function ruleOf(bytes: Uint8Array): unknown {
  const message = new Message('rule', bytes);
  const choice = message.choice({ numbers: [1], messages: [2] });
  if (choice === undefined) return null;
  if (choice.field === 1) return { signedBy: message.int32(1) };
  const threshold = new Message('threshold', choice.bytes);
  return { least: threshold.int32(1), rules: threshold.list(2).map(ruleOf) };
}

const READERS = {
  ChannelHeader: (bytes: Uint8Array) => {
    const message = new Message('channel header', bytes);
    const time = message.message(3, 'time');
    return {
      type: message.int32(1),
      hasTime: message.has(3),
      seconds: time.signed(1),
      nanos: time.int32(2),
      channel: message.text(4),
      txId: message.text(5),
      extension: hex(message.bytes(7)),
    };
  },
  Payload: (bytes: Uint8Array) => {
    const message = new Message('payload', bytes);
    const header = message.message(1, 'header');
    return {
      channelHeader: hex(header.bytes(1)),
      signatureHeader: hex(header.bytes(2)),
      data: hex(message.bytes(2)),
    };
  },
  SignaturePolicy: (bytes: Uint8Array) => ({ rule: ruleOf(bytes) }),
  RangeQueryInfo: (bytes: Uint8Array) => {
    const message = new Message('range', bytes);
    const choice = message.choice({ messages: [4, 5] });
    const reads = (of: Uint8Array) =>
      new Message('reads', of).list(1).map((one) => {
        const read = new Message('read', one);
        return { key: read.text(1), version: versionOf(read) };
      });
    const digest = choice?.field === 5 ? 'digest' : undefined;
    return {
      start: message.text(1),
      end: message.text(2),
      isExhausted: message.flag(3),
      reads: choice === undefined ? null : (digest ?? reads(choice.bytes)),
    };
  },
};

function reading({ message, bytes }: Decoded): unknown {
  try {
    return READERS[message](Buffer.from(bytes, 'hex'));
  } catch (error) {
    if (error instanceof UnreadableError) return null;
    throw error;
  }
}

test("what Go's decoder reads is read, and means the same, however oddly it is written", () => {
  const taken = decoded.filter(({ says }) => says !== null);
  assert.ok(taken.length >= 240);
  for (const one of taken) assert.deepEqual(reading(one), one.says, `${one.message} ${one.bytes}`);
});

test("what Go's decoder refuses is refused, but for what a later field replaces and what nobody asks for", () => {
  const refused = decoded.filter(({ says }) => says === null);
  const read = refused.filter((one) => reading(one) !== null);
  assert.ok(refused.length >= 60);
  assert.ok(read.length < refused.length / 2);
  // fffe: a text that is no UTF-8, and is not the last of its field.
  const plain = read.filter(({ message }) => message === 'ChannelHeader' || message === 'Payload');
  for (const { bytes } of plain) assert.ok(bytes.includes('fffe'), bytes);
});

test("groups in each other are passed over as deep as Go's decoder follows them, and never overflow the stack", () => {
  const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x0b), Buffer.alloc(depth, 0x0c)]);
  assert.equal(new Message('groups', Buffer.concat([nested(10_001), Buffer.of(0x10, 7)])).number(2), 7);
  for (const depth of [10_002, 1_000_000]) {
    assert.throws(() => new Message('groups', nested(depth)), /nested too deep/);
  }
});

test('a message of millions of fields takes no more memory than a few times its bytes', () => {
  const bytes = Buffer.alloc(2 ** 20);
  for (let i = 0; i < bytes.length; i += 4) bytes.set([0x08, 0x01, 0x12, 0x00], i);
  const before = process.memoryUsage().heapUsed;
  const message = new Message('fields', bytes);
  const used = process.memoryUsage().heapUsed - before;
  assert.equal(message.number(1), 1);
  assert.ok(used < 16 * bytes.length, `${used} bytes`);
  assert.equal(message.list(2).length, bytes.length / 4);
});
