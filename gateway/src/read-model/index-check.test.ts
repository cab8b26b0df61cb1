import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { DamagedDatabaseError } from '@consilium/guarded-rows';
import { written, writtenHistory } from '../testing/written-history.ts';
import { IndexCheck } from './index-check.ts';

it('looks at the index when it is asked and from time to time, finds what was changed, and ends at once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'index-check-'));
  const file = join(directory, 'index.sqlite');
  const writes = [written('member', ['AMSP'], { schema: 2, title: 'A' })];
  const index = writtenHistory([{ at: '2026-03-01T08:00:00.000Z', writes }], file);
  const change = () => {
    const database = new DatabaseSync(file);
    database.exec("UPDATE transactions SET code = 'BAD'");
    database.close();
  };
  try {
    const ending = new AbortController();
    const resting = new IndexCheck({ index, signal: ending.signal });
    const rested = resting.run();
    resting.ask();
    ending.abort();
    await rested;
    const { signal } = new AbortController();
    const asked = new IndexCheck({ index, signal });
    const running = asked.run();
    change();
    asked.ask();
    await assert.rejects(running, DamagedDatabaseError);
    await assert.rejects(new IndexCheck({ index, signal, everyMs: 1 }).run(), /table transactions, row/);
  } finally {
    index.close();
    rmSync(directory, { recursive: true });
  }
});
