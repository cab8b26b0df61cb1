import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FileDigests } from './file-digests.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const HOUR_MS = 3_600_000;

function opened(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-digests-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'patients.csv');
  // The file is an hour old by this clock, however soon it is looked at.
  const clock = { nowMs: Date.now() + HOUR_MS };
  const digests = new FileDigests(() => clock.nowMs);
  let reads = 0;
  /** As a file that is opened again; counts how often it is read. */
  const ask = async (isRead = false, sizeBytes = statSync(path).size): Promise<string> => {
    const handle = await open(path);
    const counted = new Proxy(handle, {
      get(target, name) {
        if (name === 'read') reads++;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }) as FileHandle;
    try {
      return await digests.of(counted, { sizeBytes, isRead });
    } finally {
      await handle.close();
    }
  };
  return { path, clock, ask, reads: () => reads };
}

test('a file that nothing says has changed is read once a minute', async (t) => {
  const { path, clock, ask, reads } = opened(t);
  writeFileSync(path, 'one');
  for (let asked = 0; asked < 5; asked++) assert.equal(await ask(), sha256('one'));
  assert.equal(reads(), 1);
  clock.nowMs += 60_000;
  assert.equal(await ask(), sha256('one'));
  assert.equal(reads(), 2);
  // A clock that was set back says nothing of how old a digest is.
  clock.nowMs -= 10;
  await ask();
  assert.equal(reads(), 3);
  await ask(true);
  assert.equal(reads(), 4, 'whoever wants it read has it read');
});

test('a file with other bytes is read, though its size, place and times of content are the same', async (t) => {
  const { path, ask } = opened(t);
  writeFileSync(path, 'one');
  assert.equal(await ask(), sha256('one'));
  const { atime, mtime, ino, size } = statSync(path);
  const ctimeNs = changedAt(path);
  // The system's clock has ticks: another change is another tick later.
  while (changedAt(path) === ctimeNs) {
    writeFileSync(path, 'two');
    utimesSync(path, atime, mtime);
  }
  const now = statSync(path);
  assert.deepEqual([now.ino, now.size, now.mtimeMs], [ino, size, mtime.getTime()]);
  assert.equal(await ask(), sha256('two'));
});

test('a file that took the place of another is read', async (t) => {
  const { path, ask } = opened(t);
  writeFileSync(path, 'one');
  assert.equal(await ask(), sha256('one'));
  writeFileSync(`${path}.new`, 'two');
  renameSync(`${path}.new`, path);
  assert.equal(await ask(), sha256('two'));
});

test('a file that grew after it was opened is not known by the bytes that it had then', async (t) => {
  const { path, ask } = opened(t);
  writeFileSync(path, 'one');
  const sizeBytes = statSync(path).size;
  appendFileSync(path, ', two');
  assert.equal(await ask(true, sizeBytes), sha256('one'));
  assert.equal(await ask(), sha256('one, two'));
});

test('a file that changed a moment ago, or in the future, is read each time', async (t) => {
  const { path, clock, ask, reads } = opened(t);
  writeFileSync(path, 'one');
  for (const nowMs of [statSync(path).ctimeMs + 1500, statSync(path).ctimeMs - HOUR_MS]) {
    const before = reads();
    clock.nowMs = nowMs;
    await ask();
    await ask();
    assert.equal(reads(), before + 2);
  }
});

const changedAt = (path: string): bigint => statSync(path, { bigint: true }).ctimeNs;
