import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nothingMissing, type ReadinessCheck } from './ledger.ts';
import { findMissing, type Probes } from './missing-parts.ts';

const fine = async () => undefined;
const whole: Probes = {
  mspId: 'AMSP',
  chaincode: 'consilium',
  hasIdentity: true,
  connected: fine,
  serving: () => undefined,
  unendorsed: fine,
  unanswered: fine,
  unansweredByOwn: fine,
  standing: fine,
  unordered: fine,
};
const because = (reason: string) => async () => reason;
const last = async (probes: Partial<Probes>): Promise<ReadinessCheck | undefined> =>
  (await findMissing({ ...whole, ...probes })).at(-1);

test('nothing is missing where each part answers', async () => {
  assert.deepEqual(await findMissing(whole), nothingMissing());
});

test('which of two own peers serves is said beside the peer that answers, and of none that does not', async () => {
  const found = await findMissing({ ...whole, serving: () => 'second' });
  assert.deepEqual(found, [{ name: 'peer', serving: 'second' }, ...nothingMissing().slice(1)]);
  const connected = () => Promise.reject(new Error('nobody'));
  const without = await findMissing({ ...whole, connected, serving: () => 'first' });
  assert.deepEqual(without, [{ name: 'peer', problem: 'the peer of AMSP does not answer' }]);
});

test('the own peer without chaincode is missing although others endorse and answer in its place', async () => {
  const found = await last({ unansweredByOwn: because('not installed') });
  assert.equal(found?.name, 'chaincode');
  assert.match(
    found.problem ?? '',
    /^the peer of AMSP does not run the chaincode consilium: not installed → install/,
  );
});

test('orderers without a quorum are missing before anything was sent', async () => {
  const found = await last({ unordered: because('nothing can be ordered') });
  assert.deepEqual(found, { name: 'commit', problem: 'nothing can be ordered' });
});

test('the nearest part that is missing is the one that is named', async () => {
  const all = {
    unendorsed: because('e'),
    unanswered: because('c'),
    unansweredByOwn: because('o'),
    standing: because('s'),
    unordered: because('u'),
  };
  assert.equal((await last({ ...all, hasIdentity: false }))?.name, 'peer');
  assert.equal((await last({ ...all, connected: () => Promise.reject(new Error('gone')) }))?.name, 'peer');
  assert.equal((await last(all))?.name, 'chaincode');
  assert.equal((await last({ ...all, unanswered: fine }))?.name, 'endorsement');
  assert.equal((await last({ ...all, unendorsed: fine }))?.name, 'chaincode');
  assert.equal((await last({ standing: because('s'), unordered: because('u') }))?.problem, 's');
});
