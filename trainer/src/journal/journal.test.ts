import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { contentOf, flipBytes, sampledOffsets } from '@consilium/guarded-rows/testing';
import { Journal } from './journal.ts';
import type { ReleaseKey } from './journal-records.ts';
import { JOURNAL_STEPS } from './journal-schema.ts';

const KEY: ReleaseKey = { studyId: 'study', round: 1, datasetId: 'a-data', pool: 'training' };
const draw = (byte: number) => ({
  payload: new Uint8Array([byte]),
  subjectSha256: 'a'.repeat(64),
  localParameters: new Uint8Array([byte, byte]),
});

describe('the journal', () => {
  let directory: string;
  let journal: Journal;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'consilium-journal-'));
    journal = new Journal(directory);
  });
  afterEach(() => {
    journal.close();
    rmSync(directory, { recursive: true });
  });
  const reopen = () => {
    journal.close();
    journal = new Journal(directory);
  };

  it('refuses a second draw for a key, and keeps the first', () => {
    journal.recordRelease(KEY, draw(1));
    assert.throws(() => journal.recordRelease(KEY, draw(2)), { code: 'TRAINER_RELEASE_SPENT' });
    reopen();
    assert.throws(() => journal.recordRelease(KEY, draw(2)), { code: 'TRAINER_RELEASE_SPENT' });
    assert.deepEqual(journal.release(KEY)?.payload, draw(1).payload);
  });

  it('still refuses it when the bytes are forgotten', () => {
    journal.recordRelease(KEY, draw(1));
    journal.forgetBytes('study', 1);
    assert.equal(journal.release(KEY)?.payload.length, 0);
    assert.throws(() => journal.recordRelease(KEY, draw(2)), { code: 'TRAINER_RELEASE_SPENT' });
  });

  it('forgets no bytes of later rounds or of other studies', () => {
    const later = { ...KEY, round: 2 };
    const other = { ...KEY, studyId: 'other' };
    for (const key of [KEY, later, other]) journal.recordRelease(key, draw(1));
    journal.forgetBytes('study', 1);
    assert.deepEqual(
      [KEY, later, other].map((key) => journal.release(key)?.payload.length),
      [0, 1, 1],
    );
  });

  it('takes a draw for every other study, round, dataset and pool', () => {
    const keys: ReleaseKey[] = [
      KEY,
      { ...KEY, studyId: 'other' },
      { ...KEY, round: 2 },
      { ...KEY, datasetId: 'b-data' },
      { ...KEY, pool: 'held-out' },
    ];
    keys.forEach((key, index) => {
      journal.recordRelease(key, draw(index));
    });
    assert.equal(journal.releases().length, keys.length);
  });

  it('chains local parameters through charged rounds only', () => {
    for (const round of [1, 2, 3]) journal.recordRelease({ ...KEY, round }, draw(round));
    const at = (round: number) =>
      journal.localParameters({ studyId: 'study', datasetId: 'a-data', round })?.[0];
    assert.equal(at(3), undefined, 'nothing is known to be charged yet');
    journal.settleCharge(KEY, 'charged');
    journal.settleCharge({ ...KEY, round: 2 }, 'void');
    assert.equal(at(3), 1, 'a void round leaves no trace');
    journal.settleCharge({ ...KEY, round: 3 }, 'charged');
    assert.equal(at(3), 3);
    assert.equal(at(2), 1, 'as they were after an earlier round');
    assert.deepEqual(journal.openRounds('study', 'a-data'), []);
  });

  it('does not take back a charge', () => {
    journal.recordRelease(KEY, draw(1));
    journal.settleCharge(KEY, 'charged');
    journal.settleCharge(KEY, 'void');
    assert.equal(journal.release(KEY)?.charge, 'charged');
  });

  it('sends the same body under the same key until the outcome is known', () => {
    const step = { studyId: 'study', round: 1, name: 'round:recordUpdate', subject: 'a-data' };
    const first = journal.prepareSubmission(step, '{"a":1}');
    reopen();
    assert.deepEqual(journal.prepareSubmission(step, '{"a":2}'), first, 'not the other body');
  });

  it('sends under a new key after a refusal', () => {
    const step = { studyId: 'study', round: 1, name: 'round:close', subject: '' };
    const first = journal.prepareSubmission(step, '{}');
    journal.concludeSubmission(step, 'refused');
    const second = journal.prepareSubmission(step, '{}');
    assert.notEqual(second.idempotencyKey, first.idempotencyKey);
    assert.match(second.idempotencyKey, /^[\x21-\x7e]{1,200}$/);
  });

  it('keeps a sealed artefact with its hash and CID', () => {
    const step = { studyId: 'study', round: 1, subject: 'a-data' };
    journal.recordSealed(step, { ciphertext: new Uint8Array([1, 2, 3]), plaintextSha256: 'b'.repeat(64) });
    reopen();
    assert.equal(journal.sealed(step)?.cid, undefined);
    journal.recordPut(step, 'bafy');
    journal.countArtefact({ cid: 'bafy', sizeBytes: 3 }, 'update');
    journal.countArtefact({ cid: 'bafy', sizeBytes: 3 }, 'update');
    reopen();
    assert.equal(journal.sealed(step)?.cid, 'bafy');
    assert.deepEqual(journal.sealed(step)?.ciphertext, new Uint8Array([1, 2, 3]));
    assert.deepEqual(journal.artefactUsage(), { count: 1, bytes: 3 });
  });

  it('cannot be opened twice at once, so that no second trainer draws beside the first', () => {
    assert.throws(() => new Journal(directory), { code: 'TRAINER_JOURNAL_FAILED' });
  });

  it('names a full disk, keeps what it had and goes on when there is room', () => {
    journal.recordRelease(KEY, draw(1));
    const big = { ...draw(2), payload: new Uint8Array(1 << 20) };
    journal.limitPages(20);
    assert.throws(() => journal.recordRelease({ ...KEY, round: 2 }, big), { code: 'TRAINER_DISK_FULL' });
    assert.deepEqual(journal.release(KEY)?.payload, draw(1).payload);
    assert.equal(journal.release({ ...KEY, round: 2 }), undefined);
    journal.limitPages(1 << 20);
    journal.recordRelease({ ...KEY, round: 2 }, big);
  });

  it('takes one beginning of a draw, remembers it, and how it ended', () => {
    journal.beginDraw(KEY);
    assert.throws(() => journal.beginDraw(KEY), { code: 'TRAINER_RELEASE_SPENT' });
    reopen();
    assert.equal(journal.drawOutcome(KEY), 'begun');
    journal.recordRelease(KEY, { ...draw(1), isOfNobody: true });
    assert.equal(journal.drawOutcome(KEY), 'nobody');
    journal.cancelDraw(KEY);
    assert.equal(journal.drawOutcome(KEY), 'nobody', 'what has ended is not taken back');
    const other = { ...KEY, round: 2 };
    journal.beginDraw(other);
    journal.cancelDraw(other);
    assert.equal(journal.drawOutcome(other), undefined);
  });

  it('reads a journal of the version before, and refuses one of a later version', () => {
    const older = join(directory, 'older');
    mkdirSync(older);
    const database = new DatabaseSync(join(older, 'journal.sqlite'));
    database.exec(JOURNAL_STEPS[0]!);
    database.exec('PRAGMA user_version = 1');
    database.exec(
      `INSERT INTO releases VALUES ('study', 1, 'a-data', 'training', x'01', 'p', 's', NULL, 'then', 'open')`,
    );
    database.close();
    {
      using migrated = new Journal(older);
      assert.deepEqual(migrated.release(KEY)?.payload, new Uint8Array([1]));
      assert.equal(migrated.drawOutcome(KEY), undefined);
      migrated.beginDraw({ ...KEY, round: 2 });
    }
    const later = join(directory, 'later');
    mkdirSync(later);
    const newer = new DatabaseSync(join(later, 'journal.sqlite'));
    newer.exec(`PRAGMA user_version = ${JOURNAL_STEPS.length + 1}`);
    newer.close();
    assert.throws(() => new Journal(later), { code: 'TRAINER_JOURNAL_FAILED' });
  });

  it('undoes a transaction that fails half way', () => {
    assert.throws(() =>
      journal.transaction(() => {
        journal.recordRelease(KEY, draw(1));
        throw new Error('half way');
      }),
    );
    assert.equal(journal.release(KEY), undefined);
  });
});

describe('a journal whose file is not what was written', () => {
  let root: string;
  let directory: string;
  let file: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'consilium-journal-'));
    directory = join(root, 'data');
    mkdirSync(directory);
    file = join(directory, 'journal.sqlite');
    using journal = new Journal(directory);
    journal.keepSecret('key', new Uint8Array(32).fill(7));
    for (let round = 1; round <= 4; round++) {
      journal.recordRelease({ ...KEY, round }, { ...draw(round), payload: new Uint8Array(120).fill(round) });
      const step = { studyId: 'study', round, subject: 'a-data' };
      journal.recordSealed(step, {
        ciphertext: new Uint8Array(50).fill(round),
        plaintextSha256: 'b'.repeat(64),
      });
      journal.prepareSubmission({ ...step, name: 'update:record' }, '{}');
    }
    journal.settleCharge(KEY, 'charged');
    journal.forgetBytes('study', 1);
    journal.keepAggregate('study', new Uint8Array([1, 2]));
    journal.countArtefact({ cid: 'bafy', sizeBytes: 3 }, 'update');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const edit = (sql: string) => {
    const editor = new DatabaseSync(file);
    editor.exec(sql);
    editor.close();
  };

  it('starts unharmed or stops by name, whichever byte changes', () => {
    const open = (path: string) => new Journal(dirname(path)).close();
    const outcomes = flipBytes({ file, offsets: sampledOffsets(file, 211), open });
    for (const { offset, mask, error, isSame } of outcomes) {
      const told = (error as { code?: string } | undefined)?.code === 'TRAINER_JOURNAL_DAMAGED';
      assert.ok(
        told || (error === undefined && isSame),
        `byte ${offset} ^ ${mask}: ${error ?? 'another content'}`,
      );
    }
    assert.ok(outcomes.filter(({ error }) => error !== undefined).length > 50);
  });

  it('names the release that was changed or removed, and does not advise what would draw again', () => {
    edit("UPDATE releases SET charge = 'void' WHERE round = 2");
    assert.throws(() => new Journal(directory), {
      code: 'TRAINER_JOURNAL_DAMAGED',
      message:
        /journal\.sqlite is damaged: table releases, row \(study, 2, a-data, training\).* Do not remove it/,
    });
    edit("UPDATE releases SET charge = 'open' WHERE round = 2; DELETE FROM releases WHERE round = 3");
    assert.throws(() => new Journal(directory), {
      message: /row \(study, 3, a-data, training\): the row is missing/,
    });
  });

  it('of the previous version is read on, and guarded from there', () => {
    edit('DROP TABLE guard_rows; DROP TABLE guard_head; PRAGMA application_id = 0');
    rmSync(`${file}.head`);
    const before = contentOf(file);
    new Journal(directory).close();
    assert.equal(contentOf(file), before);
    edit('DELETE FROM releases WHERE round = 4');
    assert.throws(() => new Journal(directory), { code: 'TRAINER_JOURNAL_DAMAGED' });
  });
});
