import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from './input-error.ts';
import { EnvironmentReader } from './read-environment.ts';

const MEANINGS = { URL: 'where the service is', KEY: 'the key', PORT: 'the port', LEVEL: 'the log level' };

test('every problem of the environment is said at once, by its variable, and no key is repeated', () => {
  const variables = new EnvironmentReader({ KEY: 'short-secret', PORT: 'x', LEVEL: 'loud' }, MEANINGS);
  variables.required('URL');
  variables.required('KEY', (value) => value.length > 40);
  assert.equal(variables.whole('PORT', { fallback: 80, least: 0, most: 9 }), 80);
  assert.equal(variables.oneOf('LEVEL', ['info', 'debug'], 'info'), 'info');
  variables.attempt('KEY', () => {
    throw new Error('no such file');
  });
  assert.throws(
    () => variables.finish(),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.problems.map(({ field, text }) => `${field} ${text}`),
        ['URL is not set', 'KEY is malformed', 'PORT is "x"', 'LEVEL is "loud"', 'KEY : no such file'],
      );
      assert.match(
        error.message,
        /^the environment has 5 problems:\n {2}URL is not set: where the service is\n/,
      );
      assert.doesNotMatch(error.message, /short-secret/);
      return true;
    },
  );
});

test('blanks around a value do not count, and an empty value is none', () => {
  const variables = new EnvironmentReader({ URL: ' http://x ', KEY: '  ' }, MEANINGS);
  assert.equal(variables.text('URL'), 'http://x');
  assert.equal(variables.text('KEY'), undefined);
  variables.finish();
});
