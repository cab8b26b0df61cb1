import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ApiKeys, createApiKey, readApiKeyFile } from './api-keys.ts';

function newFile(t: TestContext, text?: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'api-keys-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'keys.json');
  if (text !== undefined) writeFileSync(path, text);
  return path;
}

test('a created key is found with its id and role, and no other is', (t) => {
  const path = newFile(t);
  const made = createApiKey({ path, role: 'steward', id: 'records-system' });
  createApiKey({ path, role: 'auditor' });
  const keys = new ApiKeys(path, assert.fail);
  assert.deepEqual(keys.find(made.key), { id: 'records-system', role: 'steward' });
  assert.equal(keys.find(`${made.key}x`), undefined);
  assert.equal(keys.find(''), undefined);
});

test('a key may be one of a person, whose certificate then signs', (t) => {
  const path = newFile(t);
  const { key } = createApiKey({ path, role: 'steward', id: 'ben', person: 'ben' });
  assert.deepEqual(new ApiKeys(path, assert.fail).find(key), { id: 'ben', role: 'steward', person: 'ben' });
  assert.throws(() => createApiKey({ path, role: 'steward', person: 'no name' }), /keys\.1\.person must be/);
});

test('a key has 256 random bits and its file is readable by the owner alone', (t) => {
  const path = newFile(t);
  const { key } = createApiKey({ path, role: 'trainer' });
  assert.equal(Buffer.from(key.replace('consilium_', ''), 'base64url').length, 32);
  assert.equal(statSync(path).mode & 0o077, 0);
  assert.ok(!readFileSync(path, 'utf8').includes(key));
});

test('an id that is taken, or is not an id, is refused and the file left as it was', (t) => {
  const path = newFile(t);
  createApiKey({ path, role: 'trainer', id: 'one' });
  const before = readFileSync(path, 'utf8');
  assert.throws(() => createApiKey({ path, role: 'steward', id: 'one' }), /id one exists/);
  assert.throws(
    () => createApiKey({ path, role: 'steward', id: 'Not an id' }),
    /--id, --role or --person: keys\.\d\.id must be/,
  );
  assert.equal(readFileSync(path, 'utf8'), before);
});

test('a file that is missing, not JSON, of another shape or with an id twice is refused by its name', (t) => {
  const hash = `sha256:${'0'.repeat(64)}`;
  const twice = { keys: [1, 2].map(() => ({ id: 'a', role: 'steward', hash })) };
  for (const text of [
    undefined,
    '{',
    '{"keys":[{"id":"a"}]}',
    '{"keys":[],"more":1}',
    JSON.stringify(twice),
  ]) {
    const path = newFile(t, text);
    assert.throws(() => readApiKeyFile(path), new RegExp(`API keys ${path}`), text);
  }
});

test('a file broken while in use leaves the last good keys and is reported', (t) => {
  const path = newFile(t);
  const { key } = createApiKey({ path, role: 'steward', id: 'a' });
  const broken: Error[] = [];
  const keys = new ApiKeys(path, (error) => broken.push(error));
  writeFileSync(path, '{');
  assert.equal(keys.find(key, Date.now() + 2_000)?.id, 'a');
  assert.equal(broken.length, 1);
});
