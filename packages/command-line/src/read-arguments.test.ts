import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './input-error.ts';
import {
  COMMON_OPTIONS,
  oneOf,
  positiveNumber,
  readArguments,
  refuseMore,
  required,
  wholeNumber,
} from './read-arguments.ts';

const OPTIONS = {
  ...COMMON_OPTIONS,
  port: { type: 'string' },
  site: { type: 'string', multiple: true },
} as const;
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  return assert.fail('was not refused');
};

test('options and words are read; --json and --help are there for every command', () => {
  const { values, positionals } = readArguments(
    ['up', '--port', '1', '--json', '--site=a', '--site=b'],
    OPTIONS,
  );
  assert.deepEqual({ ...values }, { json: true, help: false, port: '1', site: ['a', 'b'] });
  assert.deepEqual(positionals, ['up']);
  assert.equal(readArguments(['-h'], OPTIONS).values.help, true);
});

test('an unknown option is refused with those there are, and one given twice by its name', () => {
  assert.match(
    refusal(() => readArguments(['--prot', '1'], OPTIONS)),
    /'--prot': there are --json, --help, --port/,
  );
  assert.equal(
    refusal(() => readArguments(['--port=1', '--port=2'], OPTIONS)),
    '--port is given twice: give it once',
  );
  assert.match(
    refusal(() => readArguments(['--port'], OPTIONS)),
    /--port/,
  );
});

test('values are refused by their option', () => {
  assert.equal(
    refusal(() => required('', 'dir')),
    '--dir is missing',
  );
  assert.equal(
    refusal(() => refuseMore(['now', 'here'])),
    'unexpected now here',
  );
  for (const text of ['', ' ', '-1', '1.5', '1e3', '0x1', '99999999999999999999']) {
    assert.match(
      refusal(() => wholeNumber(text, 'port')),
      /^--port must be a whole number of at least 0/,
    );
  }
  assert.match(
    refusal(() => wholeNumber('9', 'port', { least: 1, most: 8 })),
    /from 1 to 8, not 9/,
  );
  assert.match(
    refusal(() => positiveNumber('0', 'delta', { below: 1 })),
    /above 0 and below 1/,
  );
  assert.match(
    refusal(() => oneOf('b', 'kind', ['a', 'c'])),
    /^--kind must be a or c, not b$/,
  );
  assert.deepEqual(
    [
      wholeNumber('8', 'port'),
      positiveNumber('0.5', 'delta'),
      oneOf('a', 'kind', ['a']),
      wholeNumber(undefined, 'x'),
    ],
    [8, 0.5, 'a', undefined],
  );
});
