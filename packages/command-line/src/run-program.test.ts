import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, EXIT_CODES } from './exit-codes.ts';
import { ConfigError, InputError, UsageError } from './input-error.ts';
import { exitStatusOf, reportError } from './run-program.ts';

const reported = (error: unknown) => {
  const said: string[] = [];
  const status = reportError(error, 'consilium-x', { error: (text) => void said.push(text) });
  return { status, said: said.join('') };
};

test('each exit code has a number of its own, a meaning and a remedy', () => {
  const codes = Object.values(EXIT_CODES);
  assert.equal(new Set(codes.map(({ status }) => status)).size, codes.length);
  for (const { meaning, remedy } of codes) assert.ok(meaning.length > 0 && remedy.length > 0);
  assert.equal(EXIT.unusable, 2);
});

test('arguments, environment and files that cannot be used end a command alike', () => {
  const problem = { field: '--port', text: 'must be a whole number', remedy: 'write 8080' };
  for (const error of [
    new UsageError(problem),
    new ConfigError('the environment', [problem]),
    new InputError(problem),
  ]) {
    assert.equal(exitStatusOf(error), 2);
    assert.deepEqual(error.problems, [problem]);
  }
  assert.deepEqual(reported(new UsageError([problem, 'name a command'])), {
    status: 2,
    said: 'consilium-x: --port must be a whole number: write 8080\nconsilium-x: name a command\nTry consilium-x --help.\n',
  });
  assert.equal(
    reported(new ConfigError('gateway.yaml', ['is empty', { field: 'a', text: ': b', line: 3 }])).said,
    'consilium-x: gateway.yaml has 2 problems:\n  is empty\n  a (line 3): b\n',
  );
});

test('what the surroundings refuse is a failure without a stack', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  for (const error of [
    refused,
    new Error('the disk is full'),
    new TypeError('fetch failed', { cause: refused }),
  ]) {
    assert.deepEqual(reported(error), { status: 1, said: `consilium-x: ${error.message}\n` });
  }
});

test('a mistake in the program is reported with its stack', () => {
  const asserted = (() => {
    try {
      assert.equal(1, 2);
    } catch (error) {
      return error;
    }
  })();
  for (const error of [asserted, new TypeError('x is not a function'), new RangeError('r'), 'thrown text']) {
    const { status, said } = reported(error);
    assert.equal(status, 70);
    assert.match(said, /at .*:\d+:\d+/);
  }
});

test('an error with an exit status of its own keeps it', () => {
  assert.equal(exitStatusOf(Object.assign(new Error('stopped'), { exitStatus: 143 })), 143);
});
