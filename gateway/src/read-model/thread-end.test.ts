// How the thread that keeps the index ends: with what it committed, and within bounds.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DEFAULT_LIMITS } from '../config.ts';
import type { Connection } from '../fabric/connection-file.ts';
import { IndexInThread } from './index-in-thread.ts';

describe('closing the history of a channel', () => {
  const directory = mkdtempSync(join(tmpdir(), 'thread-end-'));
  after(() => rmSync(directory, { recursive: true }));
  const lines: string[] = [];
  let threads = 0;

  /** A history whose thread runs this, with `say` to write a word down and `end` as what it is sent. */
  function open(body: string, endWithinMs?: number): IndexInThread {
    threads += 1;
    const file = join(directory, `thread-${threads}.mjs`);
    const said = JSON.stringify(join(directory, 'said-'));
    writeFileSync(
      file,
      `import { writeFileSync } from 'node:fs';
       import { parentPort } from 'node:worker_threads';
       const say = (word) => writeFileSync(${said} + word, '');
       ${body}`,
    );
    return new IndexInThread({
      directory,
      connection: {} as Connection,
      chaincode: 'consilium',
      genesis: undefined,
      limits: DEFAULT_LIMITS,
      log: (_, text) => lines.push(text),
      thread: pathToFileURL(file),
      ...(endWithinMs !== undefined && { endWithinMs }),
    });
  }
  async function until(word: string): Promise<void> {
    while (!existsSync(join(directory, `said-${word}`))) await sleep(10);
  }

  it('does not wait for a check that does not hear of it, and says what that means', async () => {
    const history = open(`say('checking'); for (;;);`, 20);
    await until('checking');
    await history.close();
    assert.match(lines.at(-1)!, /still being checked: it is checked again at the next start/);
  });

  it('waits for a thread that writes what it has before it ends', async () => {
    lines.length = 0;
    const history = open(
      `parentPort.once('message', async () => {
         await new Promise((resolve) => setTimeout(resolve, 200));
         say('written');
         parentPort.close();
       });
       say('following');`,
      100_000,
    );
    await until('following');
    await history.close();
    assert.ok(existsSync(join(directory, 'said-written')));
    assert.deepEqual(lines, []);
  });
});
