import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { DamagedDatabaseError } from '@consilium/guarded-rows';
import { contentOf, flipBytes, sampledOffsets } from '@consilium/guarded-rows/testing';
import { Outbox } from './outbox.ts';

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'outbox-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const prepared = (transactionId: string) => ({
  transactionId,
  signer: 'trainer',
  result: '{"a":1}',
  envelope: new Uint8Array([1, 2, 3]),
});
const request = { keyId: 'k', idempotencyKey: 'once', fingerprint: 'f' };

test('a recorded transaction is there after the process that recorded it', async (t) => {
  const directory = newDirectory(t);
  const first = new Outbox(directory);
  await first.recordSending({ name: 'round:open', prepared: prepared('t1'), request });
  first.close();
  const second = new Outbox(directory);
  t.after(() => second.close());
  const [unknown] = second.unknown();
  assert.equal(unknown?.transactionId, 't1');
  assert.deepEqual([...(unknown?.envelope ?? [])], [1, 2, 3]);
  assert.equal(second.find('k', 'once')?.transactionId, 't1');
});

test('a key means one transaction until that is known to be invalid', async (t) => {
  const outbox = new Outbox(undefined);
  t.after(() => outbox.close());
  await outbox.recordSending({ name: 'round:open', prepared: prepared('t1'), request });
  await assert.rejects(
    outbox.recordSending({ name: 'round:open', prepared: prepared('t2'), request }),
    /UNIQUE/,
  );
  outbox.recordOutcome('t1', { state: 'invalid', blockNumber: 3, validationCode: 'MVCC_READ_CONFLICT' });
  assert.equal(outbox.find('k', 'once'), undefined);
  await outbox.recordSending({ name: 'round:open', prepared: prepared('t2'), request });
  assert.equal(outbox.find('k', 'once')?.transactionId, 't2');
  assert.equal(outbox.get('t1')?.validationCode, 'MVCC_READ_CONFLICT');
});

test('old outcomes are forgotten, unknown ones never', async (t) => {
  const outbox = new Outbox(undefined);
  t.after(() => outbox.close());
  await outbox.recordSending({ name: 'round:open', prepared: prepared('t1'), request: undefined });
  await outbox.recordSending({ name: 'round:open', prepared: prepared('t2'), request: undefined });
  await outbox.recordOutcome('t1', { state: 'committed', blockNumber: 3 });
  assert.equal(outbox.forgetOld(), 0);
  assert.equal(outbox.forgetOld(Date.now() + 31 * 24 * 3600_000), 1);
  assert.equal(outbox.get('t1'), undefined);
  assert.equal(outbox.get('t2')?.state, 'sent');
});

test('a second gateway over the same folder is refused with the remedy', (t) => {
  const directory = newDirectory(t);
  const first = new Outbox(directory);
  t.after(() => first.close());
  assert.throws(() => new Outbox(directory), /another gateway uses this CONSILIUM_DATA_DIR/);
});

test('a file that is no database is refused by its name', (t) => {
  const directory = newDirectory(t);
  writeFileSync(join(directory, 'outbox.sqlite'), 'not a database, surely not one at all');
  assert.throws(
    () => new Outbox(directory),
    /outbox\.sqlite is damaged: .*\. Put back a copy of CONSILIUM_DATA_DIR/,
  );
});

test('an outcome is seen at once, and is there after the process that heard it', async (t) => {
  const directory = newDirectory(t);
  const first = new Outbox(directory);
  await first.recordSending({ name: 'round:open', prepared: prepared('t1'), request });
  void first.recordOutcome('t1', { state: 'committed', blockNumber: 7 });
  assert.equal(first.find('k', 'once')?.blockNumber, 7);
  first.close();
  const second = new Outbox(directory);
  t.after(() => second.close());
  assert.deepEqual(second.unknown(), []);
  assert.equal(second.get('t1')?.state, 'committed');
});

test('a request that is only about to be written is found', (t) => {
  const outbox = new Outbox(undefined);
  t.after(() => outbox.close());
  void outbox.recordSending({ name: 'round:open', prepared: prepared('t1'), request });
  void outbox.recordSending({
    name: 'round:open',
    prepared: prepared('t2'),
    request: { ...request, idempotencyKey: 'other' },
  });
  assert.equal(outbox.find('k', 'once')?.transactionId, 't1');
  assert.equal(outbox.find('k', 'nobody'), undefined);
});

test('a key is free again where its invalid outcome waits with the next request', async (t) => {
  const outbox = new Outbox(undefined);
  t.after(() => outbox.close());
  await outbox.recordSending({ name: 'round:open', prepared: prepared('t1'), request });
  const settled = outbox.recordOutcome('t1', {
    state: 'invalid',
    blockNumber: 3,
    validationCode: 'MVCC_READ_CONFLICT',
  });
  await outbox.recordSending({ name: 'round:open', prepared: prepared('t2'), request });
  await settled;
  assert.equal(outbox.find('k', 'once')?.transactionId, 't2');
});

/** An outbox of three transactions in a folder of its own, closed. */
async function writeOutbox(t: TestContext): Promise<string> {
  const directory = join(newDirectory(t), 'data');
  mkdirSync(directory);
  const outbox = new Outbox(directory);
  for (const id of ['t1', 't2', 't3']) {
    const own = { ...request, idempotencyKey: id };
    await outbox.recordSending({ name: 'round:open', prepared: prepared(id), request: own });
  }
  void outbox.recordOutcome('t2', { state: 'committed', blockNumber: 7 });
  outbox.close();
  return directory;
}

test('an outbox starts unharmed or stops by name, whichever byte of its file changes', async (t) => {
  const file = join(await writeOutbox(t), 'outbox.sqlite');
  const open = (path: string) => new Outbox(dirname(path)).close();
  const outcomes = flipBytes({ file, offsets: sampledOffsets(file, 97), open });
  for (const { offset, mask, error, isSame } of outcomes) {
    const told = error instanceof DamagedDatabaseError;
    assert.ok(
      told || (error === undefined && isSame),
      `byte ${offset} ^ ${mask}: ${error ?? 'another content'}`,
    );
  }
  assert.ok(outcomes.filter(({ error }) => error !== undefined).length > 50);
});

test('a row that was changed behind the gateway stops its start, with the row and the remedy', async (t) => {
  const directory = await writeOutbox(t);
  const editor = new DatabaseSync(join(directory, 'outbox.sqlite'));
  editor.exec("UPDATE sent SET state = 'committed', block_number = 9 WHERE transaction_id = 't1'");
  editor.close();
  assert.throws(
    () => new Outbox(directory),
    /outbox\.sqlite is damaged: table sent, row \(t1\): its content is not what was written\. Put back a copy/,
  );
});

test('an outbox that was cut stops by name, wherever it was cut', async (t) => {
  const directory = await writeOutbox(t);
  const file = join(directory, 'outbox.sqlite');
  const whole = readFileSync(file);
  for (const bytes of [1, 99, 4_096, whole.length - 4_096, whole.length - 1]) {
    writeFileSync(file, whole.subarray(0, bytes));
    assert.throws(
      () => new Outbox(directory),
      /outbox\.sqlite.*(Put back a copy|cannot open)|cannot open/,
      `${bytes}`,
    );
  }
  writeFileSync(file, '');
  assert.throws(() => new Outbox(directory), /its last \d+ writes are missing/);
});

test('an outbox of the previous version is read on, and guarded from there', async (t) => {
  const directory = await writeOutbox(t);
  const file = join(directory, 'outbox.sqlite');
  const editor = new DatabaseSync(file);
  editor.exec('DROP TABLE guard_rows; DROP TABLE guard_head; PRAGMA application_id = 0');
  editor.close();
  rmSync(`${file}.head`);
  const before = contentOf(file);
  const outbox = new Outbox(directory);
  assert.deepEqual(
    outbox.unknown().map(({ transactionId }) => transactionId),
    ['t1', 't3'],
  );
  outbox.close();
  assert.equal(contentOf(file), before);
  const again = new DatabaseSync(file);
  again.exec("DELETE FROM sent WHERE transaction_id = 't3'");
  again.close();
  assert.throws(() => new Outbox(directory), /table sent, row \(t3\): the row is missing/);
});
