import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  type ArchivedFile,
  type ArchiveEntry,
  nameProblem,
  readArchive,
  writeArchive,
} from './folder-archive.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-archive-'));
after(() => rmSync(root, { recursive: true }));

const file = (name: string, content: string | Uint8Array, mode = 0o600): ArchivedFile => {
  const bytes = Buffer.from(content);
  return { name, kind: 'file', mode, user: 7, group: 8, sizeBytes: bytes.length, content: [bytes] };
};
const folder = (name: string): ArchivedFile => {
  return { name, kind: 'folder', mode: 0o700, user: 7, group: 8, sizeBytes: 0, content: [] };
};

async function archive(entries: readonly ArchivedFile[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of writeArchive(entries)) parts.push(part);
  return Buffer.concat(parts);
}

/** In pieces of an odd length, as they come from a file. */
async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
}

async function read(bytes: Buffer): Promise<{ entries: ArchiveEntry[]; contents: Map<string, string> }> {
  const entries: ArchiveEntry[] = [];
  const contents = new Map<string, string>();
  for await (const part of readArchive(pieces(bytes))) {
    if ('entry' in part) entries.push(part.entry);
    else {
      const { name } = entries.at(-1)!;
      contents.set(name, (contents.get(name) ?? '') + Buffer.from(part.bytes).toString('utf8'));
    }
  }
  return { entries, contents };
}

/** The first header with another field, and a sum that fits. */
function withField(bytes: Buffer, at: number, field: string): Buffer {
  const changed = Buffer.from(bytes);
  changed.write(field, at, 'latin1');
  changed.fill(' ', 148, 156);
  const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return changed;
}

const deep = Array.from({ length: 30 }, (_, at) => `folder${at}`);
const long = `${'n'.repeat(120)}`;

describe('an archive of a folder', () => {
  it('has names, contents, modes and owners, also long names and those of other alphabets', async () => {
    const paths = deep.map((_, at) => deep.slice(0, at + 1).join('/'));
    const entries = [
      file('empty', ''),
      file('whole block', 'x'.repeat(512), 0o644),
      file(long, 'long'),
      file('größe-数', 'letters'),
      ...paths.map(folder),
      file(`${paths.at(-1)}/key.pem`, 'deep'),
      { ...file('of-somebody', 'x'), user: 2_100_000, group: 3_000_000_000 },
    ];
    const { entries: found, contents } = await read(await archive(entries));
    assert.deepEqual(
      found,
      entries.map(({ content: _, ...entry }) => entry),
    );
    assert.equal(contents.get(long), 'long');
    assert.equal(contents.get('größe-数'), 'letters');
    assert.equal(contents.get(`${paths.at(-1)}/key.pem`), 'deep');
  });

  it('is read by any tar', async (t) => {
    if (spawnSync('tar', ['--version']).status !== 0) return t.skip('not run: no tar');
    const bytes = await archive([folder('a'), file('a/key.pem', 'secret'), file(`a-${long}`, 'long')]);
    writeFileSync(join(root, 'a.tar'), bytes);
    assert.equal(spawnSync('tar', ['-xf', 'a.tar'], { cwd: root }).status, 0);
    assert.equal(readFileSync(join(root, 'a/key.pem'), 'utf8'), 'secret');
    assert.equal(statSync(join(root, 'a/key.pem')).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(root, `a-${long}`), 'utf8'), 'long');
  });

  it('takes no name that leads elsewhere, whoever wrote it', async () => {
    for (const name of [
      '../x',
      '/x',
      'a/../../x',
      'a//x',
      './x',
      '..',
      'a\\x',
      'a\0x',
      'a\nx',
      '',
      'n'.repeat(2000),
    ]) {
      assert.notEqual(nameProblem(name), undefined, JSON.stringify(name));
      await assert.rejects(archive([file(name, 'x')]), /cannot be archived/);
    }
    const bytes = await archive([file('x'.repeat(10), 'x')]);
    for (const name of ['../../etc/x\0', '/etc/passwd\0', 'a/./b\0', '..\0'.padEnd(10, '\0')]) {
      await assert.rejects(read(withField(bytes, 0, name)), /an entry that is not restored/, name);
    }
  });

  it('has no links, devices or other special files', async () => {
    const bytes = await archive([file('name', '')]);
    for (const [type, why] of [
      ['1', /is a link/],
      ['2', /is a link/],
      ['3', /of type "3"/],
      ['4', /of type "4"/],
      ['6', /of type "6"/],
      ['L', /of type "L"/],
      ['g', /of type "g"/],
    ] as const) {
      await assert.rejects(read(withField(bytes, 156, type)), why);
    }
    await assert.rejects(read(withField(bytes, 100, '0004755')), /more than permissions/);
  });

  it('writes through no folder that it has not made, and over no entry', async () => {
    await assert.rejects(read(await archive([file('a/b', 'x')])), /comes before its folder/);
    await assert.rejects(read(await archive([file('a', 'x'), file('a/b', 'x')])), /comes before its folder/);
    await assert.rejects(read(await archive([file('a', 'x'), file('a', 'y')])), /is there twice/);
    await assert.rejects(read(await archive([file('a', 'x'), folder('a')])), /is there twice/);
  });

  it('is refused where it ends early, goes on, or its header is another', async () => {
    const bytes = await archive([file('a', 'x'.repeat(2000))]);
    for (const at of [0, 100, 512, 1000, 2600, bytes.length - 1]) {
      await assert.rejects(read(bytes.subarray(0, at)), /the archive ends within an entry/, String(at));
    }
    await assert.rejects(read(Buffer.concat([bytes, Buffer.alloc(512)])), /goes on after its end/);
    const changed = Buffer.from(bytes);
    changed[0]! ^= 1;
    await assert.rejects(read(changed), /a header whose sum is wrong/);
  });

  it('is not written of a file that changes meanwhile', async () => {
    for (const sizeBytes of [2, 4]) {
      await assert.rejects(
        archive([{ ...file('journal', 'xyz'), sizeBytes }]),
        /journal changed while it was copied/,
      );
    }
  });
});
