import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { DamagedDatabaseError } from '@consilium/guarded-rows';
import { flipBytes, sampledOffsets } from '@consilium/guarded-rows/testing';
import { KeptWebhooks, secretsOf, type Webhook } from './kept-webhooks.ts';
import { newSecret } from './webhook-signature.ts';

function newDirectory(t: TestContext): string {
  const directory = join(mkdtempSync(join(tmpdir(), 'webhooks-')), 'data');
  t.after(() => rmSync(dirname(directory), { recursive: true, force: true }));
  mkdirSync(directory);
  return directory;
}

const WEBHOOK: Webhook = {
  webhookId: '0123456789abcdef',
  url: 'https://siem.hospital.example/',
  events: ['RoundOpened'],
  studyId: undefined,
  registeredBy: 'siem',
  owner: { hash: `sha256:${'a'.repeat(64)}`, role: 'auditor', person: undefined },
  createdAtMs: 1_000,
  secret: newSecret(),
  oldSecret: undefined,
  position: { blockNumber: 7 },
  stopped: undefined,
};
const AFTER = { blockNumber: 8, afterTransactionId: 'b'.repeat(64) };
const LETTER = {
  eventId: `8:${'b'.repeat(64)}`,
  blockNumber: 8,
  transactionId: 'b'.repeat(64),
  event: 'RoundOpened',
  attempts: 12,
  problem: 'it answers 500',
  atMs: 2_000,
};

function written(t: TestContext): string {
  const directory = newDirectory(t);
  const kept = new KeptWebhooks(directory);
  kept.add(WEBHOOK);
  kept.setAside(WEBHOOK.webhookId, LETTER, AFTER);
  kept.close();
  return directory;
}

test('what is registered, its position and its dead letters are there after the process that wrote them', (t) => {
  const kept = new KeptWebhooks(written(t));
  assert.deepEqual(kept.all(), [{ ...WEBHOOK, position: AFTER }]);
  assert.deepEqual(kept.deadLetters(WEBHOOK.webhookId, { after: 0, limit: 10 }), [
    { ...LETTER, number: 1, isAsked: false },
  ]);
  kept.remove(WEBHOOK.webhookId);
  assert.deepEqual([kept.all(), kept.numberOfDeadLetters()], [[], 0]);
  kept.close();
});

test('a dead letter and the position behind it are written both, or neither', (t) => {
  const directory = newDirectory(t);
  const kept = new KeptWebhooks(directory);
  kept.add(WEBHOOK);
  // A text that the table does not take, as a disk that is full would not.
  const broken = { ...LETTER, problem: null as unknown as string };
  assert.throws(() => kept.setAside(WEBHOOK.webhookId, broken, AFTER), /NOT NULL/);
  assert.deepEqual(kept.get(WEBHOOK.webhookId)?.position, WEBHOOK.position);
  kept.close();
  const again = new KeptWebhooks(directory);
  assert.deepEqual([again.all()[0]?.position, again.numberOfDeadLetters()], [WEBHOOK.position, 0]);
  again.close();
});

test('the secret before counts until its time is over', () => {
  const rotated = { secret: 'new', oldSecret: { secret: 'old', untilMs: 10 } };
  assert.deepEqual(secretsOf(rotated, 9), ['new', 'old']);
  assert.deepEqual(secretsOf(rotated, 10), ['new']);
  assert.deepEqual(secretsOf({ secret: 'new', oldSecret: undefined }, 0), ['new']);
});

test('webhooks start unharmed or stop by name, whichever byte of their file changes', (t) => {
  const file = join(written(t), 'webhooks.sqlite');
  const open = (path: string) => new KeptWebhooks(dirname(path)).close();
  const outcomes = flipBytes({ file, offsets: sampledOffsets(file, 211), open });
  for (const { offset, mask, error, isSame } of outcomes) {
    const isSaid = error instanceof DamagedDatabaseError;
    assert.ok(
      isSaid || (error === undefined && isSame),
      `byte ${offset} ^ ${mask}: ${error ?? 'another content'}`,
    );
  }
  assert.ok(outcomes.some(({ error }) => error !== undefined));
});

test('a file that was cut, or changed behind the gateway, stops its start with the remedy', (t) => {
  const changed = written(t);
  const editor = new DatabaseSync(join(changed, 'webhooks.sqlite'));
  editor.exec('UPDATE webhooks SET block = 99');
  editor.close();
  assert.throws(
    () => new KeptWebhooks(changed),
    /webhooks\.sqlite is damaged: table webhooks, row \(0123456789abcdef\).*Put back a copy/,
  );
  const cut = written(t);
  truncateSync(join(cut, 'webhooks.sqlite'), 4_096);
  assert.throws(() => new KeptWebhooks(cut), DamagedDatabaseError);
});

test('a second gateway over the same folder is refused', (t) => {
  const directory = newDirectory(t);
  const kept = new KeptWebhooks(directory);
  t.after(() => kept.close());
  assert.throws(() => new KeptWebhooks(directory), /another gateway uses this CONSILIUM_DATA_DIR/);
});
