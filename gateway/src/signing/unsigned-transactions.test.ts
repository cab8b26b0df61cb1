import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import {
  type UnsignedLimits,
  type UnsignedTransaction,
  UnsignedTransactions,
} from './unsigned-transactions.ts';

const { publicKey: key } = generateKeyPairSync('ed25519');
const MINUTE_MS = 60_000;

let made = 0;
const transaction = (caller: string, bytes = 100): Omit<UnsignedTransaction, 'expiresAtMs'> => {
  made += 1;
  const proposal = { transactionId: String(made), message: new Uint8Array(bytes), encoded: new Uint8Array() };
  return { caller, name: 'study:start', key, proposal };
};

function waitingRoom(limits: Partial<UnsignedLimits> = {}) {
  const clock = { nowMs: 0 };
  const waiting = new UnsignedTransactions(limits, () => clock.nowMs);
  return { clock, waiting };
}
const refused = (code: string) => ({ name: 'GatewayRefusal', code });

test('what waits is its own caller’s alone', () => {
  const { waiting } = waitingRoom();
  const { proposal } = waiting.add(transaction('one'));
  assert.equal(waiting.get('one', proposal.transactionId).name, 'study:start');
  assert.throws(() => waiting.get('another', proposal.transactionId), refused('NOTHING_TO_SIGN'));
  assert.throws(() => waiting.get('one', 'unknown'), refused('NOTHING_TO_SIGN'));
});

test('a proposal waits for five minutes, and for fifteen more once it is endorsed', async () => {
  const { clock, waiting } = waitingRoom();
  const first = waiting.add(transaction('one'));
  const second = waiting.add(transaction('one'));
  clock.nowMs = 5 * MINUTE_MS - 1;
  await waiting.endorse(second, async () => ({ ...second.proposal, result: 'null' }));
  assert.equal(waiting.get('one', first.proposal.transactionId).endorsed, undefined);
  clock.nowMs += 1;
  assert.throws(() => waiting.get('one', first.proposal.transactionId), refused('NOTHING_TO_SIGN'));
  assert.equal(waiting.get('one', second.proposal.transactionId).endorsed?.result, 'null');
  clock.nowMs += 15 * MINUTE_MS;
  assert.throws(() => waiting.get('one', second.proposal.transactionId), refused('NOTHING_TO_SIGN'));
});

test('peers are asked once where a client asks twice at once, and again after they refused', async () => {
  const { waiting } = waitingRoom();
  const one = waiting.add(transaction('one'));
  let asked = 0;
  const ask = async () => {
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (asked === 1) throw new Error('away');
    return { ...one.proposal, message: new Uint8Array([asked]), result: 'null' };
  };
  await assert.rejects(Promise.all([waiting.endorse(one, ask), waiting.endorse(one, ask)]), /away/);
  assert.equal(asked, 1);
  const [first, second] = await Promise.all([waiting.endorse(one, ask), waiting.endorse(one, ask)]);
  assert.deepEqual(
    [asked, first.endorsed.message, second.endorsed.message],
    [2, new Uint8Array([2]), new Uint8Array([2])],
  );
  const { proposal } = one;
  assert.deepEqual(waiting.get('one', proposal.transactionId).endorsed, first.endorsed);
});

test('a caller fills neither the others’ room nor the memory', () => {
  const { clock, waiting } = waitingRoom({ bytes: 2000, bytesOfCaller: 1000, countOfCaller: 3 });
  for (let i = 0; i < 3; i += 1) waiting.add(transaction('many', 10));
  assert.throws(() => waiting.add(transaction('many', 10)), refused('TOO_MANY_UNSIGNED'));
  waiting.add(transaction('large', 500));
  assert.throws(() => waiting.add(transaction('large', 1)), refused('TOO_MANY_UNSIGNED'));
  waiting.add(transaction('third', 400));
  assert.throws(() => waiting.add(transaction('fourth', 100)), refused('TOO_MANY_UNSIGNED'));
  clock.nowMs = 5 * MINUTE_MS;
  waiting.add(transaction('many', 10));
  waiting.add(transaction('fourth', 500));
});

test('what is done makes room for its own caller, and for others where all is full', () => {
  const { waiting } = waitingRoom({ bytes: 2000, bytesOfCaller: 1000, countOfCaller: 3 });
  const first = waiting.add(transaction('many', 10));
  const others = waiting.add(transaction('other', 400));
  waiting.done(others);
  for (let i = 0; i < 2; i += 1) waiting.add(transaction('many', 10));
  assert.throws(() => waiting.add(transaction('many', 10)), refused('TOO_MANY_UNSIGNED'));
  assert.equal(waiting.get('other', others.proposal.transactionId).isDone, true, 'it is of no use to "many"');
  waiting.done(first);
  assert.equal(
    waiting.get('many', first.proposal.transactionId).isDone,
    true,
    'and is answered again until then',
  );
  waiting.add(transaction('many', 10));
  assert.throws(() => waiting.get('many', first.proposal.transactionId), refused('NOTHING_TO_SIGN'));
  assert.throws(() => waiting.add(transaction('many', 10)), refused('TOO_MANY_UNSIGNED'));
  waiting.add(transaction('third', 500));
  waiting.add(transaction('fourth', 400));
  assert.throws(() => waiting.get('other', others.proposal.transactionId), refused('NOTHING_TO_SIGN'));
});
