import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { rotateLog } from './log-rotation.ts';

describe('the rotation of a log', () => {
  let dir: string;
  let log: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'log-rotation-'));
    log = join(dir, 'peer.log');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const read = (file: string) => readFileSync(join(dir, file), 'utf8');

  it('leaves a log alone that is not full, and one that is not there', () => {
    assert.equal(rotateLog(log, { maxBytes: 4, files: 2 }), false);
    writeFileSync(log, 'four');
    assert.equal(rotateLog(log, { maxBytes: 4, files: 2 }), false);
    assert.deepEqual(readdirSync(dir), ['peer.log']);
  });

  it('keeps so many full ones, the newest as .1, and removes the others', () => {
    writeFileSync(join(dir, 'peer.log.7'), 'of a time when more were kept');
    writeFileSync(join(dir, 'peer.log.old'), 'of somebody else');
    for (const text of ['first', 'second', 'third']) {
      writeFileSync(log, text);
      assert.equal(rotateLog(log, { maxBytes: 4, files: 2 }), true);
    }
    assert.deepEqual(readdirSync(dir).sort(), ['peer.log', 'peer.log.1', 'peer.log.2', 'peer.log.old']);
    assert.deepEqual([read('peer.log'), read('peer.log.1'), read('peer.log.2')], ['', 'third', 'second']);
  });

  it('keeps none where none is wanted', () => {
    writeFileSync(log, 'full!');
    rotateLog(log, { maxBytes: 4, files: 0 });
    assert.deepEqual(readdirSync(dir), ['peer.log']);
    assert.equal(read('peer.log'), '');
  });

  it('keeps the end of one that grew far beyond its limit, and says how much it left out', () => {
    writeFileSync(log, `${'x'.repeat(1_000)}the end`);
    rotateLog(log, { maxBytes: 10, files: 1 });
    const kept = read('peer.log.1');
    assert.match(kept, /^--- 987 bytes before this were not kept/);
    assert.match(kept, /\nx{13}the end$/);
  });

  it('loses no line of a process that goes on writing, nor its last words', async () => {
    const descriptor = openSync(log, 'a');
    const script = `
      const { writeSync } = require('node:fs');
      let line = 0;
      process.on('message', (count) => {
        for (let end = line + count; line < end; line++) writeSync(1, line + '\\n');
        process.send('written');
        if (line >= 3000) throw new Error('last words');
      });`;
    const child = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', descriptor, descriptor, 'ipc'],
    });
    closeSync(descriptor);
    const ended = once(child, 'exit');
    let lines = '';
    for (let sent = 0; sent < 3000; sent += 300) {
      child.send(300);
      await once(child, 'message');
      await turn();
      if (sent < 2700 && rotateLog(log, { maxBytes: 1_000, files: 1 })) lines += read('peer.log.1');
    }
    await ended;
    lines += read('peer.log');
    assert.equal(lines.includes('\0'), false, 'the process appends: no hole where it had been');
    assert.deepEqual(
      lines.split('\n').filter((line) => /^\d+$/.test(line)),
      Array.from({ length: 3000 }, (_, line) => String(line)),
    );
    assert.match(lines, /Error: last words/);
    assert.equal(existsSync(join(dir, 'peer.log.2')), false);
  });
});
