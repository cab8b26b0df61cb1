import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ApiKeys } from './api-keys.ts';
import { createApiKey, readApiKeyFile, revokeApiKey, rotateApiKey } from './key-file.ts';
import { KeyUses, readKeyUses } from './key-uses.ts';

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
  const keys = new ApiKeys(path, { onChange: assert.fail });
  assert.deepEqual(keys.find(made.key), { id: 'records-system', role: 'steward' });
  assert.equal(keys.find(`${made.key}x`), undefined);
  assert.equal(keys.find(''), undefined);
});

test('a key may be one of a person, whose certificate then signs', (t) => {
  const path = newFile(t);
  const { key } = createApiKey({ path, role: 'steward', id: 'ben', person: 'ben' });
  assert.deepEqual(new ApiKeys(path, { onChange: assert.fail }).find(key), {
    id: 'ben',
    role: 'steward',
    person: 'ben',
  });
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
    /--id, --role, --person, --scopes or --expires: keys\.\d\.id must be/,
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

const IN_A_WHILE = 2_000;

/** Keys a, b and c of a file, and what asks for each after it was written again. */
function rewritten(t: TestContext) {
  const path = newFile(t);
  const made = ['a', 'b', 'c'].map((id) => createApiKey({ path, role: 'steward', id }).key);
  const said: (string | undefined)[] = [];
  const keys = new ApiKeys(path, { onChange: (problem) => said.push(problem) });
  const text = readFileSync(path, 'utf8');
  let nowMs = Date.now();
  const answered = (next: string | undefined): string => {
    if (next === undefined) rmSync(path);
    else writeFileSync(path, next);
    nowMs += IN_A_WHILE;
    return made.map((key) => keys.find(key, nowMs)?.id ?? '-').join('');
  };
  const entries = JSON.parse(text).keys as object[];
  return { text, entries, said, keys, answered, nowMs: () => nowMs };
}

test('a broken file brings no change to anybody’s favour, is reported once, and again when it is right', (t) => {
  const { text, entries, said, keys, answered, nowMs } = rewritten(t);
  assert.equal(answered(text), 'abc');
  const [a, b, c] = entries as [object, object, object];
  const added = { ...a, id: 'd', hash: `sha256:${'0'.repeat(64)}`, role: 'king' };
  // A mistake elsewhere takes no key away.
  assert.equal(answered(JSON.stringify({ keys: [a, b, c, added] })), 'abc');
  assert.match(said[0] ?? '', /broken: keys\.3\.role must be .*none of the keys before is refused/);
  assert.match(keys.problem(nowMs()) ?? '', /broken/);
  // A key that the broken file removes is removed, whatever else is wrong.
  assert.equal(answered(JSON.stringify({ keys: [a, c, added] })), 'a-c');
  assert.match(said[1] ?? '', /refused: b/);
  // One that comes back in a broken file is not believed.
  assert.equal(answered(JSON.stringify({ keys: [a, b, c, added] })), 'a-c');
  assert.equal(answered(text), 'abc');
  assert.equal(said.at(-1), undefined);
  assert.equal(said.length, 4);
  assert.equal(keys.problem(nowMs()), undefined);
});

test('a key that a broken file ends, limits or changes in any way is refused until the file is right', (t) => {
  const changes: object[] = [
    { expiresAt: '2026-13-45T00:00:00Z' },
    { expiresAt: 'yesterday' },
    { expiresAt: '2020-01-01T00:00:00Z' },
    { role: 'auditor' },
    { role: 'nobody' },
    { scopes: [] },
    { scopes: ['read'] },
    { hash: `sha256:${'1'.repeat(64)}` },
    { person: 'ben' },
    { revoked: true },
  ];
  for (const change of changes) {
    const { entries, answered, text } = rewritten(t);
    const [a, b, c] = entries as [object, object, object];
    const next = { keys: [a, { ...b, ...change }, c, { id: 'broken' }] };
    assert.equal(answered(JSON.stringify(next)), 'a-c', JSON.stringify(change));
    assert.equal(answered(text), 'abc');
  }
});

test('of a text that is no JSON only keys in a whole list are believed, and none that might be commented out', (t) => {
  const { text, answered, said } = rewritten(t);
  const parts = text.match(/\{[^{}]*\}/g)!;
  assert.equal(answered(text.replace(/\]\s*\}\s*$/, '')), 'abc', 'an end that is missing');
  assert.match(said[0] ?? '', /it is not JSON/);
  assert.equal(answered(text), 'abc');
  assert.equal(answered(`{"keys":[${parts[0]},,${parts[2]}]}`), 'a-c', 'a comma too many where a key was');
  assert.equal(answered(text), 'abc');
  assert.equal(answered(text.replace('"id": "b"', '"id": "b')), 'a-c', 'a quote that is missing');
  assert.equal(answered(text), 'abc');
  assert.equal(answered(text.slice(0, text.indexOf('"id": "c"'))), 'ab-', 'half a file');
  assert.equal(answered(text), 'abc');
  for (const hidden of [
    text.replace(parts[1]!, `// ${parts[1]!.replaceAll('\n', ' ')}\n`),
    text.replace(parts[1]!, `/* ${parts[1]} */`),
    text.replace(parts[1]!, `# ${parts[1]!.replaceAll('\n', ' ')}\n`),
    `{"revoked": [${parts[1]}], "keys": [${parts[0]} ${parts[2]}]}`,
    `${parts.join(' ')} moved away`,
    '',
    '{',
    '[]x',
    undefined,
  ]) {
    assert.equal(answered(hidden), '---', hidden);
    assert.equal(answered(text), 'abc');
  }
});

test('what is said of a broken file holds none of its text', (t) => {
  const { answered, said, keys, nowMs } = rewritten(t);
  answered('{"keys": secret-words');
  assert.ok(!JSON.stringify([said, keys.problem(nowMs())]).includes('secret'));
});

test('a key ends when it says so, while the file is broken too, and a clock that is set back changes nothing', (t) => {
  const path = newFile(t);
  const nowMs = Date.now();
  const { key } = createApiKey(
    { path, role: 'auditor', id: 'a', expiresAt: new Date(nowMs + 10_000) },
    nowMs,
  );
  const keys = new ApiKeys(path);
  assert.equal(keys.find(key, nowMs)?.id, 'a');
  assert.deepEqual(keys.look(key, nowMs + 10_000), { why: 'key has ended' });
  writeFileSync(path, readFileSync(path, 'utf8').replace(/\]\s*\}\s*$/, ''));
  assert.equal(keys.find(key, nowMs + 9_999)?.id, 'a');
  assert.deepEqual(keys.look(key, nowMs + 12_000), { why: 'key has ended' });
  revokeAll(path);
  assert.deepEqual(keys.look(key, nowMs - 60_000), { why: 'unknown key' });
});

const revokeAll = (path: string) => writeFileSync(path, '{"keys":[]}');

test('a rotated key keeps its id and what it may; the old one ends at once, or after the overlap', (t) => {
  const path = newFile(t);
  const nowMs = Date.now();
  const scopes = ['read'] as const;
  const old = createApiKey({ path, role: 'steward', id: 'a', person: 'ben', scopes }, nowMs);
  const next = rotateApiKey({ path, id: 'a' }, nowMs);
  const keys = new ApiKeys(path);
  assert.equal(keys.find(old.key, nowMs), undefined);
  assert.deepEqual(keys.find(next.key, nowMs), { id: 'a', role: 'steward', person: 'ben', scopes: ['read'] });
  const third = rotateApiKey({ path, id: 'a', overlapMs: 60_000 }, nowMs);
  const later = new ApiKeys(path);
  assert.match(later.find(next.key, nowMs)?.id ?? '', /^a-old-[0-9a-f]{8}$/);
  assert.equal(later.find(third.key, nowMs)?.id, 'a');
  assert.equal(later.find(next.key, nowMs + 60_000), undefined);
  assert.throws(() => rotateApiKey({ path, id: 'nobody' }), /no key has the id nobody/);
});

test('an overlap makes no key last longer than it says, and one that has ended is not rotated into life', (t) => {
  const path = newFile(t);
  const nowMs = Date.now();
  const old = createApiKey({ path, role: 'steward', id: 'a', expiresAt: new Date(nowMs + 5_000) }, nowMs);
  rotateApiKey({ path, id: 'a', overlapMs: 60_000 }, nowMs);
  const keys = new ApiKeys(path);
  assert.equal(keys.find(old.key, nowMs + 4_000)?.role, 'steward');
  assert.equal(keys.find(old.key, nowMs + 5_000), undefined);
  assert.throws(() => rotateApiKey({ path, id: 'a' }, nowMs + 5_000), /the key a ended at .*--expires/);
});

test('a revoked key is out of the file, and one that is not there is named', (t) => {
  const path = newFile(t);
  const { key } = createApiKey({ path, role: 'steward', id: 'a' });
  const keys = new ApiKeys(path);
  revokeApiKey({ path, id: 'a' });
  assert.equal(keys.find(key, Date.now() + IN_A_WHILE), undefined);
  assert.throws(() => revokeApiKey({ path, id: 'a' }), /no key has the id a/);
});

test('two commands do not change the file at once, and a change that fails leaves nothing behind', (t) => {
  const path = newFile(t);
  createApiKey({ path, role: 'steward', id: 'a' });
  writeFileSync(`${path}.new`, '');
  assert.throws(
    () => createApiKey({ path, role: 'steward', id: 'b' }),
    /another command changes the API keys/,
  );
  rmSync(`${path}.new`);
  assert.throws(() => createApiKey({ path, role: 'steward', id: 'a' }), /id a exists/);
  createApiKey({ path, role: 'steward', id: 'b' });
  writeFileSync(path, '{');
  assert.throws(() => revokeApiKey({ path, id: 'a' }), /API keys/);
  assert.equal(readFileSync(path, 'utf8'), '{', 'a broken file is not written over');
  assert.deepEqual(readdirSync(dirname(path)), ['keys.json']);
});

test('a file that is reached by a link is changed where it is', (t) => {
  const path = newFile(t);
  createApiKey({ path, role: 'steward', id: 'a' });
  const link = newFile(t);
  symlinkSync(path, link);
  const { key } = createApiKey({ path: link, role: 'steward', id: 'b' });
  const keys = new ApiKeys(path, { onChange: assert.fail });
  assert.equal(keys.find(key)?.id, 'b');
  revokeApiKey({ path: link, id: 'b' });
  assert.equal(new ApiKeys(path).find(key), undefined);
  assert.ok(lstatSync(link).isSymbolicLink());
  writeFileSync(`${path}.new`, '');
  assert.throws(() => revokeApiKey({ path: link, id: 'a' }), /another command/, 'by whichever name');
});

test('the last use of a key is known to the minute, across restarts, and forgotten with it', (t) => {
  const path = newFile(t);
  const made = createApiKey({ path, role: 'steward', id: 'a' });
  const { hash } = readApiKeyFile(path).keys[0]!;
  const file = join(dirname(path), 'key-uses.json');
  const nowMs = Date.parse('2026-11-29T12:00:30.000Z');
  const uses = new KeyUses(file, (error) => assert.fail(String(error)), nowMs);
  const keys = new ApiKeys(path, { uses });
  keys.find(made.key, nowMs);
  keys.find('consilium_other', nowMs);
  assert.deepEqual([...readKeyUses(file)], [[hash, '2026-11-29T12:00:00.000Z']]);
  keys.find(made.key, nowMs + 45_000);
  assert.equal(readKeyUses(file).get(hash), '2026-11-29T12:00:00.000Z', 'once a minute');
  uses.close();
  assert.equal(readKeyUses(file).get(hash), '2026-11-29T12:01:00.000Z');
  assert.ok(!readFileSync(file, 'utf8').includes(made.key));
  revokeAll(path);
  keys.find(made.key, nowMs + 90_000);
  uses.close();
  assert.equal(readKeyUses(file).size, 0);
  writeFileSync(file, '{');
  assert.equal(readKeyUses(file).size, 0);
});

test('a last use that cannot be written down is said, and refuses nobody', (t) => {
  const path = newFile(t);
  const { key } = createApiKey({ path, role: 'steward', id: 'a' });
  const failures: unknown[] = [];
  const uses = new KeyUses(join(dirname(path), 'nowhere', 'uses.json'), (error) => failures.push(error));
  assert.equal(new ApiKeys(path, { uses }).find(key)?.id, 'a');
  assert.equal(failures.length, 1);
});
