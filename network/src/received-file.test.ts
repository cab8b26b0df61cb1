import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readReceived } from './received-file.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-received-'));
after(() => rmSync(root, { recursive: true }));
const at = (name: string) => join(root, name);

test('a file of as many bytes as it may have is read whole, and one of a byte more is refused', () => {
  writeFileSync(at('exact'), 'x'.repeat(1000));
  assert.equal(readReceived(at('exact'), 1000).toString(), 'x'.repeat(1000));
  assert.throws(
    () => readReceived(at('exact'), 999),
    /it has 1000 bytes, more than the 999 that it may have/,
  );
  writeFileSync(at('empty'), '');
  assert.equal(readReceived(at('empty'), 10).length, 0);
});

test('a file that is greater than memory is refused by its size', () => {
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 2 ** 40);
  assert.throws(() => readReceived(at('huge'), 1000), /it has 1099511627776 bytes/);
});

test('a pipe that nobody writes to, a device without an end and a folder are no files', () => {
  execFileSync('mkfifo', [at('pipe')]);
  mkdirSync(at('folder'));
  symlinkSync('/dev/zero', at('device'));
  for (const name of ['pipe', 'folder', 'device']) {
    assert.throws(() => readReceived(at(name), 1000), /it is no regular file/, name);
  }
  assert.throws(() => readReceived(at('nowhere'), 1000), { code: 'ENOENT' });
});
