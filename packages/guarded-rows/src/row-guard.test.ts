import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DamagedDatabaseError, type GuardedDatabase, RowGuard } from './index.ts';
import { contentOf, copyFolder, flipBytes, sampledOffsets } from './testing/flip-bytes.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS facts (name TEXT NOT NULL, number INTEGER NOT NULL, value BLOB, PRIMARY KEY (name, number));
CREATE INDEX IF NOT EXISTS by_value ON facts (value);
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
`;
const TABLES = [
  { name: 'facts', key: ['name', 'number'] },
  { name: 'blocks', key: ['number'], newestFirst: 'number' },
];

describe('a guarded database', () => {
  let root: string;
  let file: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'guarded-'));
    mkdirSync(join(root, 'data'));
    file = join(root, 'data', 'facts.sqlite');
  });

  afterEach(() => rmSync(root, { recursive: true }));

  function open(path = file, more: Partial<GuardedDatabase> = {}): RowGuard {
    const guard = new RowGuard({
      file: path,
      pragmas: 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL',
      tables: TABLES,
      remedy: 'Put back a copy.',
      ...more,
    });
    guard.upgrade(() => guard.database.exec(SCHEMA));
    return guard;
  }

  function close(guard: RowGuard): void {
    guard.close();
    guard.database.close();
  }

  function fill(guard: RowGuard): void {
    const { database } = guard;
    for (let number = 0; number < 20; number++) {
      database.prepare('INSERT INTO facts VALUES (?, ?, ?)').run('round', number, Buffer.alloc(30, number));
      database.prepare('INSERT INTO blocks VALUES (?, ?)').run(number, Buffer.alloc(700, number));
    }
    database.exec('UPDATE facts SET value = NULL WHERE number = 3; DELETE FROM facts WHERE number = 4');
    database.exec("INSERT OR REPLACE INTO facts VALUES ('round', 5, x'0102')");
    database.exec("INSERT INTO facts VALUES ('round', 6, x'') ON CONFLICT DO UPDATE SET value = x'03'");
    database.exec("INSERT OR IGNORE INTO facts VALUES ('round', 7, x'04')");
    guard.acknowledge();
  }

  /** An edit by somebody who does not know of the digests. */
  function edit(sql: string, path = file): void {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  }

  const damage = (place: RegExp) => (error: unknown) => {
    assert.ok(error instanceof DamagedDatabaseError, String(error));
    assert.equal(error.file.startsWith(file), true);
    assert.match(error.place, place);
    assert.match(error.message, /facts\.sqlite.* is damaged: .*\. (Put back a copy\.|The database beside)/);
    return true;
  };

  it('opens again over all that was inserted, replaced, changed and removed', () => {
    const first = open();
    assert.equal(first.hadDigests, false);
    fill(first);
    close(first);
    const before = contentOf(file);
    const second = open();
    assert.equal(second.hadDigests, true);
    close(second);
    assert.equal(contentOf(file), before);
  });

  it('names the row that was changed, added or removed behind its back', () => {
    const edits: [string, RegExp][] = [
      [
        "UPDATE facts SET value = x'00' WHERE number = 7",
        /^table facts, row \(round, 7\): its content is not/,
      ],
      [
        'UPDATE facts SET value = NULL WHERE number = 7',
        /^table facts, row \(round, 7\): its content is not/,
      ],
      ["INSERT INTO facts VALUES ('more', 1, NULL)", /^table facts, row \(more, 1\): its content is not/],
      ['DELETE FROM facts WHERE number = 7', /^table facts, row \(round, 7\): the row is missing/],
      ['UPDATE facts SET number = 99 WHERE number = 7', /^table facts, row \(round, 99\)/],
      ['DELETE FROM facts', /^table facts, row \(round, \d+\): the row is missing/],
      ['DROP INDEX by_value', /tables are not the ones created/],
      ['DROP TABLE guard_rows', /one of its tables is missing/],
      ['DROP TABLE guard_rows; DROP TABLE guard_head', /the table of digests is missing/],
      ['PRAGMA application_id = 0', /its header is not the one written/],
    ];
    fill(open());
    for (const [index, [sql, place]] of edits.entries()) {
      const copy = join(root, 'data', `copy-${index}`);
      mkdirSync(copy);
      edit('PRAGMA wal_checkpoint(TRUNCATE)');
      writeFileSync(join(copy, 'facts.sqlite'), readFileSync(file));
      edit(sql, join(copy, 'facts.sqlite'));
      const path = file;
      file = join(copy, 'facts.sqlite');
      assert.throws(() => open(file), damage(place), sql);
      file = path;
    }
  });

  it('starts unharmed or stops by name, whichever byte of the file changes', () => {
    const guard = open();
    fill(guard);
    close(guard);
    const outcomes = flipBytes({
      file,
      offsets: sampledOffsets(file, 131),
      open: (path) => close(open(path)),
    });
    for (const { offset, mask, error, isSame } of outcomes) {
      const told = error instanceof DamagedDatabaseError;
      assert.ok(
        told || (error === undefined && isSame),
        `byte ${offset} ^ ${mask}: ${error ?? 'another content'}`,
      );
    }
    assert.ok(outcomes.filter(({ error }) => error !== undefined).length > outcomes.length / 4);
    assert.ok(outcomes.some(({ error }) => error === undefined));
  });

  it('notices that the end of the write-ahead log was lost with its damaged bytes', () => {
    const guard = open();
    fill(guard);
    const crashed = join(root, 'crashed');
    mkdirSync(crashed);
    copyFolder(dirname(file), crashed);
    close(guard);
    const log = join(crashed, 'facts.sqlite-wal');
    const sizeBytes = readFileSync(log).length;
    assert.ok(sizeBytes > 0);
    const outcomes = flipBytes({
      file: log,
      database: join(crashed, 'facts.sqlite'),
      offsets: Array.from({ length: 60 }, (_, index) => Math.floor((index * sizeBytes) / 60)),
      open: (path) => close(open(path)),
    });
    for (const { offset, error, isSame } of outcomes) {
      const told = error instanceof DamagedDatabaseError;
      assert.ok(told || (error === undefined && isSame), `byte ${offset}: ${error ?? 'another content'}`);
    }
    assert.ok(outcomes.some(({ error }) => /writes are missing/.test(String(error))));
  });

  it('takes a copy without the witness, and one whose witness a power failure left empty', () => {
    const guard = open();
    fill(guard);
    close(guard);
    writeFileSync(`${file}.head`, '\0\0\0\0');
    close(open());
    rmSync(`${file}.head`);
    close(open());
    writeFileSync(`${file}.head`, 'writes 3 0123456789abcdef');
    assert.throws(() => open(), damage(/it is not what was written/));
  });

  it('takes on a file of a version without digests, and one whose tables change', () => {
    edit(`${SCHEMA} INSERT INTO facts VALUES ('old', 1, x'05')`);
    const first = open();
    assert.equal(first.hadDigests, false);
    fill(first);
    close(first);
    const upgraded = new RowGuard({ file, pragmas: '', tables: TABLES, remedy: 'Put back a copy.' });
    upgraded.upgrade(() => upgraded.database.exec('ALTER TABLE facts ADD COLUMN more TEXT'));
    upgraded.database.exec("INSERT INTO facts VALUES ('new', 1, NULL, 'x')");
    close(upgraded);
    const again = new RowGuard({ file, pragmas: '', tables: TABLES, remedy: 'Put back a copy.' });
    close(again);
    edit("UPDATE facts SET more = 'y' WHERE name = 'new'");
    assert.throws(() => open(), damage(/^table facts, row \(new, 1\)/));
  });

  it('an upgrade that fails leaves the file as it was', () => {
    const guard = open();
    fill(guard);
    close(guard);
    const before = contentOf(file);
    const failing = new RowGuard({ file, pragmas: '', tables: TABLES, remedy: 'Put back a copy.' });
    assert.throws(
      () =>
        failing.upgrade(() => {
          failing.database.exec('DELETE FROM facts');
          throw new Error('halfway');
        }),
      /halfway/,
    );
    close(failing);
    assert.equal(contentOf(file), before);
    close(open());
  });

  it('reads only the newest rows of a growing table where the file is large, and the others when asked', () => {
    const guard = open();
    fill(guard);
    close(guard);
    edit("UPDATE blocks SET bytes = x'00' WHERE number = 2");
    assert.throws(() => open(), damage(/^table blocks, row \(2\)/));
    const lines: string[] = [];
    const partly = { maxCheckedBytes: 2_000, report: (line: string) => lines.push(line) };
    const second = open(file, partly);
    assert.match(lines.join(), /older rows are checked when they are read/);
    second.checkRow('blocks', 19);
    assert.throws(() => second.checkRow('blocks', 2), damage(/^table blocks, row \(2\)/));
    close(second);
    edit("UPDATE blocks SET bytes = x'00' WHERE number = 19");
    assert.throws(() => open(file, partly), damage(/^table blocks, row \(19\)/));
    edit("UPDATE facts SET value = x'00' WHERE number = 0");
    assert.throws(() => open(file, partly), damage(/^table facts, row \(round, 0\)/));
  });

  it('finds while it is used what was changed, added or removed behind its back, and goes on where nothing was', () => {
    const guard = open();
    fill(guard);
    const look = () => {
      let steps = 0;
      for (const _ of guard.checkAgain(3)) {
        steps += 1;
        // Rows come and go between its steps.
        guard.database.prepare('INSERT INTO facts VALUES (?, ?, NULL)').run('between', 1000 - steps);
        if (steps > 4) guard.database.prepare('DELETE FROM facts WHERE number = ?').run(1004 - steps);
      }
      return steps;
    };
    assert.ok(look() > 10);
    const edits: [string, RegExp][] = [
      [
        "UPDATE facts SET value = x'00' WHERE number = 7",
        /^table facts, row \(round, 7\): its content is not/,
      ],
      ["INSERT INTO facts VALUES ('more', 1, NULL)", /^table facts, row \(more, 1\): its content is not/],
      ['DELETE FROM blocks WHERE number = 7', /^table blocks, row \(7\): the row is missing/],
      ["UPDATE blocks SET bytes = x'00' WHERE number = 19", /^table blocks, row \(19\): its content is not/],
    ];
    close(guard);
    for (const [sql, place] of edits) {
      rmSync(file, { force: true });
      rmSync(`${file}.head`, { force: true });
      const used = open();
      fill(used);
      edit(sql);
      assert.throws(() => [...used.checkAgain(3)], damage(place), sql);
      close(used);
    }
  });

  it('tells rows apart whose text differs behind a NUL', () => {
    const guard = open();
    guard.database.prepare('INSERT INTO facts VALUES (?, 1, NULL)').run('a\0b');
    guard.database.prepare('INSERT INTO facts VALUES (?, 1, NULL)').run('a\0c');
    close(guard);
    close(open());
  });
});
