import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { written, writtenHistory } from '../testing/written-history.ts';
import { LedgerAlarms } from './ledger-alarms.ts';
import { indexFile, openIndex } from './open-index.ts';

describe('the file of the index', () => {
  let directory: string;
  let alarms: LedgerAlarms;
  let lines: string[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'index-'));
    alarms = new LedgerAlarms(directory);
    lines = [];
    const at = '2026-03-01T08:00:00.000Z';
    const writes = [written('member', ['AMSP'], { schema: 2, title: 'A' })];
    writtenHistory(
      [
        { at, writes },
        { at, writes },
      ],
      indexFile(directory),
    ).close();
    alarms.trust(Buffer.alloc(32, 0).toString('hex'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** How many blocks it has once it is opened again. */
  function reopened(): number {
    const log = (_: string, line: string) => lines.push(line);
    const index = openIndex({ directory, chaincode: 'consilium', alarms, log });
    const { blocks } = index.history.edge();
    index.close();
    return blocks;
  }
  function edit(sql: string): void {
    const database = new DatabaseSync(indexFile(directory));
    database.exec(sql);
    database.close();
  }

  it('is used again where it is as it was written', () => {
    assert.equal(reopened(), 2);
    assert.deepEqual(lines, []);
  });

  it('is made again, and that is said, where one row was changed, or one was taken away', () => {
    edit("UPDATE transactions SET code = 'MVCC_READ_CONFLICT' WHERE position = 0");
    assert.equal(reopened(), 0);
    assert.match(lines[0]!, /made again from block 0: .*table transactions, row .* not what was written/);
    writtenHistory([{ at: '2026-03-01T08:00:00.000Z', writes: [] }], indexFile(directory)).close();
    edit('DELETE FROM blocks');
    assert.equal(reopened(), 0);
    assert.match(lines[1]!, /table blocks, row .* is missing/);
  });

  it('is made again where its bytes are damaged, or it is no database', () => {
    const bytes = readFileSync(indexFile(directory));
    bytes.fill(0xa5, bytes.length - 4096);
    writeFileSync(indexFile(directory), bytes);
    assert.equal(reopened(), 0);
    writeFileSync(indexFile(directory), 'no database at all, but long enough to be taken for something else');
    assert.equal(reopened(), 0);
    assert.equal(lines.length, 2);
  });

  it('is made again where another version wrote it', () => {
    rmSync(indexFile(directory));
    rmSync(`${indexFile(directory)}.head`);
    edit('PRAGMA user_version = 99; CREATE TABLE blocks (number INTEGER PRIMARY KEY)');
    assert.equal(reopened(), 0);
    assert.match(lines[0]!, /tables of version 99/);
  });

  it('is made again where it is of another ledger than the one that is trusted', () => {
    alarms.trust('f'.repeat(64));
    assert.equal(reopened(), 0);
    assert.match(lines[0]!, /begins with the genesis block 0{64}, and f{64} is trusted/);
  });

  it('says which genesis block is trusted where that was lost', () => {
    rmSync(join(directory, 'ledger-genesis'));
    assert.equal(reopened(), 2);
    assert.match(lines[0]!, /had lost which genesis block is trusted/);
    assert.equal(alarms.genesis, '0'.repeat(64));
  });

  it('leaves alarms alone: they are in a file of their own, and one that is damaged is an alarm', () => {
    const alarm = { mspId: 'AMSP', text: 'two histories', since: '2026-03-01T08:00:00.000Z', stops: true };
    alarms.raise(alarm);
    edit('DELETE FROM blocks');
    assert.equal(reopened(), 0);
    assert.deepEqual(alarms.all(), [alarm]);
    writeFileSync(alarms.file, '{');
    assert.equal(alarms.all()[0]!.stops, true);
  });
});
