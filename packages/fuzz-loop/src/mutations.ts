// Ways to spoil an input: bytes, and JSON values whose structure still parses.
import type { Random } from './random.ts';

/** One to four changes: bits, bytes, cuts, repetitions, and pieces of another input. */
export function mutateBytes(random: Random, input: Uint8Array, other: Uint8Array = input): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let left = 1 + random.below(4); left > 0; left--) bytes = changeBytes(random, bytes, other);
  return bytes;
}

function changeBytes(random: Random, bytes: Buffer, other: Uint8Array): Buffer {
  if (bytes.length === 0) return random.bytes(1 + random.below(16));
  const at = random.below(bytes.length);
  const end = Math.min(bytes.length, at + 1 + random.below(32));
  switch (random.below(8)) {
    case 0:
    case 1:
      bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 2:
      bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
      return bytes;
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(16)), bytes.subarray(at)]);
    case 6:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    default: {
      const from = random.below(Math.max(1, other.length));
      return Buffer.concat([
        bytes.subarray(0, at),
        other.subarray(from, from + end - at),
        bytes.subarray(end),
      ]);
    }
  }
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  '',
  ' ',
  '0',
  '-0',
  '1e400',
  '0.1e-9999',
  'NaN',
  '１２',
  '__proto__',
  'constructor',
  'toString',
  '\u0000',
  '\u202e\u0041',
  '\ud800',
  '../../etc/passwd',
  "';--",
  '9'.repeat(400),
  'x'.repeat(5_000),
  0,
  -0,
  -1,
  1,
  0.1,
  1e21,
  5e-324,
  1.7976931348623157e308,
  2 ** 31,
  2 ** 53,
  -(2 ** 53),
  [],
  {},
  [[[[[[[[]]]]]]]],
];

/** A copy with one to three values replaced, removed, repeated or added, at any depth. */
export function mutateJson(random: Random, input: unknown): unknown {
  let value = structuredClone(input);
  for (let left = 1 + random.below(3); left > 0; left--) value = changeJson(random, value);
  return value;
}

function changeJson(random: Random, value: unknown): unknown {
  const isContainer = typeof value === 'object' && value !== null;
  if (!isContainer || random.chance(0.08)) return changeLeaf(random, value);
  const isList = Array.isArray(value);
  const keys = Object.keys(value);
  if (keys.length === 0 || random.chance(0.12)) {
    const added = structuredClone(random.pick(STRANGE));
    if (isList) value.splice(random.below(value.length + 1), 0, random.chance(0.5) ? value[0] : added);
    else
      define(
        value,
        random.pick(['__proto__', 'constructor', 'more', '', 'schema', 'mspId', '\u0000']),
        added,
      );
    return value;
  }
  const key = random.pick(keys);
  const record = value as Record<string, unknown>;
  if (random.chance(0.1)) {
    if (isList) value.splice(Number(key), 1);
    else delete record[key];
  } else if (isList && random.chance(0.03)) {
    const item = record[key];
    for (let count = random.pick([3, 70, 1_200]); count > 0; count--) value.push(item);
  } else define(record, key, changeJson(random, record[key]));
  return value;
}

/** Sets an own property, also one that assignment would take for the prototype. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

function changeLeaf(random: Random, value: unknown): unknown {
  if (random.chance(0.5)) return structuredClone(random.pick(STRANGE));
  if (typeof value === 'number') {
    return random.pick([value + 1, value - 1, -value, value * 1e6, value / 3, String(value)]);
  }
  if (typeof value === 'string') {
    const at = random.below(value.length + 1);
    const character = random.pick([
      '0',
      '9',
      '.',
      '-',
      'e',
      'A',
      ' ',
      '\n',
      '/',
      '\u0000',
      '\ud83d\ude00',
      '\ud800',
    ]);
    return random.pick([
      value.slice(0, at) + character + value.slice(at),
      value.slice(0, at) + value.slice(at + 1),
      value.slice(0, at) + character + value.slice(at + 1),
      value.repeat(2),
      value.toUpperCase(),
    ]);
  }
  return structuredClone(random.pick(STRANGE));
}
