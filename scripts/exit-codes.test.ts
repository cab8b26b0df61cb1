// One error shape and one table of exit codes for all programs: packages/command-line has them, and nobody else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const isClone = existsSync(join(root, '.git'));
const skip = isClone ? false : 'not run: not a git checkout, so the list of files is unknown';
const sources = isClone
  ? execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter((file) => file !== '' && existsSync(join(root, file)))
      .filter((file) => !/\.test\.ts$|(^|\/)(testing|fixtures)\/|^packages\/command-line\//.test(file))
  : [];
const holding = (pattern: RegExp) =>
  sources.filter((file) => pattern.test(readFileSync(join(root, file), 'utf8')));

test('no program writes an exit status as a number', { skip }, () => {
  assert.ok(sources.length > 300);
  assert.deepEqual(holding(/process\.exit\([1-9]|exitCode = [1-9]|\bconst EXIT\b/), []);
});

test('what was given and cannot be used is refused with the errors that all programs share', { skip }, () => {
  assert.deepEqual(holding(/class (ConfigError|UsageError|InputError|GatewayError) /), []);
});

test('errors of this repository have one name each, and none is a vendor’s', { skip }, () => {
  const names = sources.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/^export class (\w+) extends Error/gm)].map(
      ([, name]) => name!,
    ),
  );
  assert.ok(names.length > 20);
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) < at),
    [],
  );
});
