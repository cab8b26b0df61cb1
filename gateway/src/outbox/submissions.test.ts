import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DomainError } from '@consilium/domain';
import { LedgerError, type LedgerErrorCode } from '../fabric/ledger.ts';
import { REGISTER_MEMBER } from '../http/examples.ts';
import { type FixtureOptions, type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { MemoryLedger } from '../testing/memory-ledger.ts';

async function open(t: TestContext, options: FixtureOptions = {}): Promise<GatewayFixture> {
  const gateway = await openGateway(options);
  t.after(() => gateway.close());
  return gateway;
}

const register = (gateway: GatewayFixture, key?: string, payload: object = REGISTER_MEMBER) =>
  gateway.as('operator', {
    method: 'POST',
    url: '/v1/members',
    payload,
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });

const failure = (code: LedgerErrorCode, validationCode?: string) =>
  new LedgerError({ code, step: 'commit', message: 'as played', validationCode });

const CONFLICT = { when: 'after-sending' as const, error: failure('LEDGER_CONFLICT', 'MVCC_READ_CONFLICT') };

test('the same key and request are carried out once and answered twice', async (t) => {
  const gateway = await open(t);
  const first = await register(gateway, 'k1');
  const second = await register(gateway, 'k1');
  assert.equal(first.statusCode, 201);
  assert.equal(second.statusCode, 201);
  assert.deepEqual(second.json(), first.json());
  assert.equal(first.headers['idempotency-replayed'], undefined);
  assert.equal(second.headers['idempotency-replayed'], 'true');
  assert.equal(gateway.ledger.calls.length, 1);
});

test('two requests with one key at the same time are carried out once', async (t) => {
  const gateway = await open(t);
  const answers = await Promise.all([1, 2, 3].map(() => register(gateway, 'k1')));
  assert.deepEqual(new Set(answers.map(({ statusCode }) => statusCode)), new Set([201]));
  assert.equal(new Set(answers.map((answer) => answer.json().transactionId)).size, 1);
  assert.equal(gateway.ledger.calls.length, 1);
});

test('a key used for another request is refused', async (t) => {
  const gateway = await open(t);
  await register(gateway, 'k1');
  const other = await register(gateway, 'k1', { ...REGISTER_MEMBER, title: 'Another' });
  assert.deepEqual([other.statusCode, other.json().code], [409, 'IDEMPOTENCY_KEY_REUSED']);
  assert.equal(gateway.ledger.calls.length, 1);
});

test('without a key a second request is a second transaction, which the rules refuse', async (t) => {
  const gateway = await open(t);
  await register(gateway);
  assert.equal((await register(gateway)).json().code, 'MEMBER_EXISTS');
});

test('a key that is not one is refused', async (t) => {
  const gateway = await open(t);
  assert.equal((await register(gateway, 'two words')).json().code, 'INVALID_ARGUMENT');
  assert.equal((await register(gateway, 'x'.repeat(201))).json().code, 'INVALID_ARGUMENT');
});

test('a refusal frees the key, since it changed nothing', async (t) => {
  const gateway = await open(t);
  gateway.ledger.failNext(
    { when: 'before-sending', error: new DomainError('ROUND_INCOMPLETE') },
    { when: 'before-sending', error: failure('LEDGER_UNAVAILABLE') },
  );
  assert.equal((await register(gateway, 'k1')).json().code, 'ROUND_INCOMPLETE');
  assert.equal((await register(gateway, 'k1')).json().code, 'LEDGER_UNAVAILABLE');
  assert.equal((await register(gateway, 'k1')).statusCode, 201);
});

test('the outcome outlives the process', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const ledger = new MemoryLedger();
  const before = await openGateway({ directory, ledger });
  const first = await register(before, 'k1');
  const { operator } = before.keys;
  await before.close();
  const after = await openGateway({ directory, ledger });
  t.after(() => after.close());
  const second = await after.app.inject({
    method: 'POST',
    url: '/v1/members',
    payload: REGISTER_MEMBER,
    headers: { authorization: `Bearer ${operator}`, 'idempotency-key': 'k1' },
  });
  assert.deepEqual(second.json(), first.json());
  assert.equal(second.headers['idempotency-replayed'], 'true');
});

test('a transaction lost to a concurrent one is tried again as a new one', async (t) => {
  const gateway = await open(t);
  gateway.ledger.failNext(CONFLICT, CONFLICT);
  const answer = await register(gateway, 'k1');
  assert.equal(answer.statusCode, 201);
  assert.equal(gateway.ledger.calls.length, 3);
  const metrics = await gateway.app.inject('/metrics');
  assert.match(metrics.body, /conflict_retries_total\{transaction="member:register"\} 2/);
});

test('a transaction that keeps losing is reported as a conflict', async (t) => {
  const gateway = await open(t);
  gateway.ledger.failNext(CONFLICT, CONFLICT, CONFLICT, CONFLICT);
  const answer = await register(gateway, 'k1');
  assert.deepEqual([answer.statusCode, answer.json().code], [409, 'LEDGER_CONFLICT']);
  assert.equal(answer.json().validationCode, 'MVCC_READ_CONFLICT');
  assert.equal(gateway.ledger.calls.length, 4);
  assert.equal((await register(gateway, 'k1')).statusCode, 201);
});

test('a transaction invalid for any other reason is not tried again', async (t) => {
  const gateway = await open(t);
  const error = failure('TRANSACTION_INVALIDATED', 'ENDORSEMENT_POLICY_FAILURE');
  gateway.ledger.failNext({ when: 'after-sending', error });
  const answer = await register(gateway);
  assert.equal(answer.json().code, 'TRANSACTION_INVALIDATED');
  assert.equal(answer.json().validationCode, 'ENDORSEMENT_POLICY_FAILURE');
  assert.equal(gateway.ledger.calls.length, 1);
});

test('an answer lost after the commit is recovered by asking, not by sending again', async (t) => {
  const gateway = await open(t);
  gateway.ledger.failNext({ when: 'after-sending', error: failure('OUTCOME_UNKNOWN'), commits: true });
  const answer = await register(gateway, 'k1');
  assert.equal(answer.statusCode, 201, answer.body);
  assert.equal(gateway.ledger.calls.length, 1);
});

test('an outcome that stays unknown is said, kept and never sent as a second transaction', async (t) => {
  const gateway = await open(t);
  gateway.ledger.failNext({ when: 'after-sending', error: failure('OUTCOME_UNKNOWN') });
  const answer = await register(gateway, 'k1');
  assert.deepEqual([answer.statusCode, answer.json().code], [504, 'OUTCOME_UNKNOWN']);
  const { transactionId } = answer.json();
  const asked = await gateway.as('auditor', { url: `/v1/transactions/${transactionId}` });
  assert.equal(asked.json().state, 'sent');
  // The same key sends the same transaction again, whose id makes a second commit impossible.
  const again = await register(gateway, 'k1');
  assert.equal(again.statusCode, 201, again.body);
  assert.equal(again.json().transactionId, transactionId);
  assert.equal(gateway.ledger.calls.length, 1);
  const known = await gateway.as('auditor', { url: `/v1/transactions/${transactionId}` });
  assert.equal(known.json().state, 'committed');
  assert.equal(known.json().result.title, REGISTER_MEMBER.title);
});

test('an unknown outcome that turns out invalid makes room for a new transaction', async (t) => {
  const gateway = await open(t);
  gateway.ledger.failNext({ when: 'after-sending', error: failure('OUTCOME_UNKNOWN') });
  const { transactionId } = (await register(gateway, 'k1')).json();
  const validationCode = 'MVCC_READ_CONFLICT';
  gateway.ledger.settle(transactionId, { state: 'invalid', blockNumber: 1, validationCode });
  const again = await register(gateway, 'k1');
  assert.equal(again.statusCode, 201);
  assert.notEqual(again.json().transactionId, transactionId);
});

test('an unknown outcome is learned when asked for', async (t) => {
  const gateway = await open(t);
  gateway.ledger.failNext({ when: 'after-sending', error: failure('OUTCOME_UNKNOWN') });
  const { transactionId } = (await register(gateway)).json();
  gateway.ledger.settle(transactionId, { state: 'committed', blockNumber: 7 });
  const asked = await gateway.as('operator', { url: `/v1/transactions/${transactionId}` });
  assert.deepEqual([asked.json().state, asked.json().blockNumber], ['committed', 7]);
});

test('nothing is sent when the outbox cannot be written', async (t) => {
  const gateway = await open(t);
  gateway.outbox.close();
  const answer = await register(gateway);
  assert.deepEqual([answer.statusCode, answer.json().code], [503, 'OUTBOX_UNAVAILABLE']);
  assert.equal(await gateway.ledger.height(), 1);
});

test('a transaction that this gateway did not send is not found', async (t) => {
  const gateway = await open(t);
  const answer = await gateway.as('operator', { url: `/v1/transactions/${'0'.repeat(64)}` });
  assert.deepEqual([answer.statusCode, answer.json().code], [404, 'TRANSACTION_NOT_FOUND']);
});
