import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { publishWholeBytes, writeWhole } from './state-file.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-state-file-'));
after(() => rmSync(root, { recursive: true }));
const at = (name: string) => join(root, name);
const modeOf = (file: string) => statSync(file).mode & 0o777;

test('a link that others put where a file or its draft goes leads to no other file', () => {
  writeFileSync(at('own.key'), 'secret', { mode: 0o600 });
  const drafts = [process.pid, process.ppid].map((pid) => `shared.json.${pid}.new`);
  for (const name of ['shared.json', ...drafts]) symlinkSync(at('own.key'), at(name));
  publishWholeBytes(at('shared.json'), Buffer.from('public'));
  writeWhole(at('shared.json'), 'public again');
  assert.equal(readFileSync(at('own.key'), 'utf8'), 'secret');
  assert.equal(modeOf(at('own.key')), 0o600);
  assert.equal(readFileSync(at('shared.json'), 'utf8'), 'public again');
});

test('what is published is for all, and what is written for those whom the process lets in', () => {
  const umask = process.umask(0o077);
  try {
    publishWholeBytes(at('published'), Buffer.from('x'));
    writeWhole(at('written'), 'x');
  } finally {
    process.umask(umask);
  }
  assert.equal(modeOf(at('published')), 0o644);
  assert.equal(modeOf(at('written')), 0o600);
});

test('a draft that could not be put into its place is taken away', () => {
  mkdirSync(at('taken/by a folder'), { recursive: true });
  assert.throws(() => writeWhole(at('taken'), 'x'));
  assert.deepEqual(
    readdirSync(root).filter((name) => /^taken[.]/.test(name)),
    [],
  );
});
