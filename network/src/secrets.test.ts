import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { apiKeysFile, ensureSecrets, keysFile } from './secrets.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-secrets-'));
after(() => rmSync(directory, { recursive: true }));

test("a hospital's keys are made once, differ by role and hospital, and only their owner reads them", () => {
  const north = ensureSecrets(directory, 'north');
  const south = ensureSecrets(directory, 'south');
  assert.deepEqual(ensureSecrets(directory, 'north'), north);
  const all = [north, south].flatMap(({ gateway, trainer }) => [...Object.values(gateway), trainer]);
  assert.equal(new Set(all).size, all.length);
  assert.equal(statSync(keysFile(directory, 'north')).mode & 0o777, 0o600);
});

test("the gateway's file holds hashes and no key", () => {
  const { gateway } = ensureSecrets(directory, 'north');
  const text = readFileSync(apiKeysFile(directory, 'north'), 'utf8');
  for (const key of Object.values(gateway)) assert.ok(!text.includes(key));
  const { keys } = JSON.parse(text);
  assert.equal(keys.length, 5);
  for (const { hash } of keys) assert.match(hash, /^sha256:[0-9a-f]{64}$/);
});

test('keys that an operator added stay over a start', () => {
  ensureSecrets(directory, 'north');
  const file = apiKeysFile(directory, 'north');
  const before = JSON.parse(readFileSync(file, 'utf8'));
  const added = { id: 'ben', role: 'steward', person: 'ben', hash: `sha256:${'0'.repeat(64)}` };
  writeFileSync(file, JSON.stringify({ keys: [...before.keys, added] }));
  ensureSecrets(directory, 'north');
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')).keys, [...before.keys, added]);
});
