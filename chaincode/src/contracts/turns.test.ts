import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DomainError } from '../domain/index.ts';
import { Turns, WAITING_MAX } from './turns.ts';

const at = (mspId: string) => ({ mspId, ownMspId: 'AlphaMSP' });

/** Work that runs until it is let end, and notes that it began. */
function workplace() {
  const turns = new Turns();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const enter = (mspId: string, name: string) =>
    turns.take(at(mspId), () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
  const settle = async () => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  const end = (name: string) => {
    ends.get(name)!();
    return settle();
  };
  return { begun, enter, end, settle };
}

test('two transactions of another organisation run at a time, in the order in which they came', async () => {
  const { begun, enter, end, settle } = workplace();
  const all = ['1', '2', '3', '4'].map((name) => enter('FloodMSP', name));
  await settle();
  assert.deepEqual(begun, ['1', '2']);
  await end('2');
  assert.deepEqual(begun, ['1', '2', '3']);
  for (const name of ['1', '3', '4']) await end(name);
  assert.deepEqual(await Promise.all(all), ['1', '2', '3', '4']);
});

test('however many of one organisation wait, the first of another runs at once', async () => {
  const { begun, enter, end, settle } = workplace();
  const flood = Array.from({ length: 2 + WAITING_MAX }, (_, i) => enter('FloodMSP', `flood ${i}`));
  const honest = [enter('BetaMSP', 'beta'), enter('AlphaMSP', 'own')];
  await settle();
  assert.deepEqual(begun, ['flood 0', 'flood 1', 'beta', 'own']);
  const refused = enter('FloodMSP', 'one more');
  await assert.rejects(
    refused,
    (error: unknown) => error instanceof DomainError && error.code === 'TOO_MANY_AT_ONCE',
  );
  for (const name of ['beta', 'own']) await end(name);
  for (let i = 0; i < flood.length; i++) await end(`flood ${i}`);
  await Promise.all([...flood, ...honest]);
  assert.ok(!begun.includes('one more'));
});

test('a transaction that fails hands its turn on', async () => {
  const turns = new Turns();
  const fail = () => turns.take(at('BetaMSP'), () => Promise.reject(new Error('broken')));
  const outcomes = await Promise.allSettled([
    fail(),
    fail(),
    fail(),
    turns.take(at('BetaMSP'), async () => 'last'),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected', 'fulfilled'],
  );
});

test("the peer's own organisation has more turns than others have", async () => {
  const { begun, enter, end, settle } = workplace();
  const all = Array.from({ length: 20 }, (_, i) => enter('AlphaMSP', `${i}`));
  await settle();
  assert.equal(begun.length, 16);
  for (let i = 0; i < 20; i++) await end(`${i}`);
  await Promise.all(all);
});
