// How much anyone can make a peer read, and that honest arguments of the largest kind pass.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { argumentLimitsOf, parseArgument, sizeOf } from './argument-limits.ts';
import { canonicalJson } from './canonical-json.ts';
import { DomainError } from './errors.ts';
import { largestArguments } from './testing/largest-arguments.ts';
import { TRANSACTIONS, transactionNamed } from './transactions.ts';
import { validate } from './validate.ts';

const refusal = (text: string, limits = { bytes: 1000, values: 50 }): string => {
  try {
    parseArgument(text, limits);
  } catch (error) {
    assert.ok(error instanceof DomainError && error.code === 'INVALID_ARGUMENT');
    return error.detail;
  }
  return 'taken';
};

test('an argument is bounded in bytes, in depth and in values', () => {
  assert.equal(refusal('{"a":[1,2,{"b":"x,[{"}]}'), 'taken');
  assert.match(refusal(`"${'x'.repeat(999)}"`), /at most 1000 bytes/);
  assert.match(refusal(`"${'é'.repeat(600)}"`), /at most 1000 bytes/);
  assert.match(refusal(`${'['.repeat(9)}${']'.repeat(9)}`), /at most 8 objects and lists deep/);
  assert.match(refusal(`[${'1,'.repeat(60)}1]`), /at most 50 values/);
  assert.match(refusal('{"a":'), /one JSON object/);
});

test('depth is found before the text is parsed, so that no depth ends a process', () => {
  const most = { bytes: 320 * 1024, values: 1_000_000 };
  for (const open of ['[', '{"a":', '[[{"a":']) {
    assert.match(refusal(open.repeat(40_000), most), /deep/);
  }
});

test('the size of a JSON text is the size of its value, or more', () => {
  const measure = (value: unknown): { depth: number; values: number } => {
    if (typeof value !== 'object' || value === null) return { depth: 0, values: 1 };
    const parts = Object.values(value).map(measure);
    return {
      depth: 1 + Math.max(0, ...parts.map(({ depth }) => depth)),
      values: 1 + parts.reduce((sum, { values }) => sum + values, 0),
    };
  };
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const { depth, values } = measure(value);
      const size = sizeOf(JSON.stringify(value));
      assert.equal(size.depth, depth);
      assert.ok(size.values >= values && size.values <= 2 * values);
    }),
  );
});

test('every transaction has limits, and an honest argument of the largest kind is well within them', () => {
  for (const transaction of TRANSACTIONS) {
    const { bytes, values } = argumentLimitsOf(transaction);
    assert.ok(bytes <= 320 * 1024 && values <= 12 * 1024, transaction.name);
  }
  for (const [name, argument] of Object.entries(largestArguments())) {
    const transaction = transactionNamed(name as never);
    const text = canonicalJson(argument);
    assert.deepEqual(parseArgument(text, argumentLimitsOf(transaction)), argument, name);
    assert.equal(validate(transaction.argument, argument), argument);
  }
});
