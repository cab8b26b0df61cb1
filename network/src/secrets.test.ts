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

test("a role's key that was taken out of the gateway's file does not come back with a start", () => {
  const file = apiKeysFile(directory, 'revoked');
  const { gateway } = ensureSecrets(directory, 'revoked');
  const { keys } = JSON.parse(readFileSync(file, 'utf8')) as { keys: { id: string; hash: string }[] };
  writeFileSync(file, JSON.stringify({ keys: keys.filter(({ id }) => id !== 'researcher') }));
  ensureSecrets(directory, 'revoked');
  const rest = JSON.parse(readFileSync(file, 'utf8')).keys.map(({ id }: { id: string }) => id);
  assert.deepEqual(rest, ['operator', 'steward', 'trainer', 'auditor']);
  rmSync(keysFile(directory, 'revoked'));
  const renewed = ensureSecrets(directory, 'revoked');
  assert.notEqual(renewed.gateway.researcher, gateway.researcher);
  const all = JSON.parse(readFileSync(file, 'utf8')).keys as typeof keys;
  assert.equal(all.length, 5, 'without keys.json every role gets a new key');
  for (const { hash } of keys) assert.ok(!all.some((own) => own.hash === hash), 'and no old one is left');
});

test("a role's key that was rotated, limited or given an end stays as it is over a start", () => {
  const file = apiKeysFile(directory, 'limited');
  ensureSecrets(directory, 'limited');
  const { keys } = JSON.parse(readFileSync(file, 'utf8')) as { keys: { id: string; hash: string }[] };
  const changed = keys.map((key) => ({
    ...key,
    ...(key.id === 'auditor' && { expiresAt: '2020-01-01T00:00:00Z', scopes: ['read'] }),
    ...(key.id === 'steward' && { hash: `sha256:${'1'.repeat(64)}` }),
  }));
  writeFileSync(file, JSON.stringify({ keys: changed }));
  ensureSecrets(directory, 'limited');
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')).keys, changed);
});
