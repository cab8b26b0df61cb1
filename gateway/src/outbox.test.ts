import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
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

test('a key stands for one transaction until that is known to be invalid', async (t) => {
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
  assert.throws(() => new Outbox(directory), /cannot open the outbox .*outbox\.sqlite/);
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
