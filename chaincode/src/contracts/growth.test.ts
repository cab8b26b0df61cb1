// Costs that do not grow with the ledger: how many rows a transaction reads, counted and not timed. The bench
// ledger-growth times them over ledgers of 10^3 to 10^5 updates.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { canonicalJson, type TransactionName } from '@consilium/domain';
import { updateArgument } from '@consilium/domain/testing/examples';
import { SortedState, SortedStub } from '../../bench/sorted-state.ts';
import { execute } from '../testing/execute.ts';
import { as, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

/** Rows that a call reads on a ledger with so many whole rounds behind it. */
async function rowsRead(rounds: number, name: TransactionName, argument: object): Promise<number> {
  const study = await StudyOnLedger.running({ rounds: rounds + 1 });
  for (let round = 1; round <= rounds; round++) await study.wholeRound(round);
  await study.open(rounds + 1);
  const state = new SortedState(':memory:');
  for (const [key, { value }] of study.world.rows) state.put(key, Buffer.from(value).toString());
  const caller = as('trainer', 'AlphaMSP');
  const proposal = {
    txId: 'f'.repeat(64),
    at: new Date(study.now),
    ...caller,
    person: 'trainer',
    certificate: 'trainer',
  };
  const stub = new SortedStub(state, proposal, 'AlphaMSP');
  const execution = { stub, proposal, sent: undefined, now: study.now, log: () => {} };
  await execute(
    name,
    canonicalJson({ ...argument, ...(name === 'round:recordUpdate' && update(rounds + 1)) }),
    execution,
  );
  state.close();
  return stub.rowsRead;
}
const update = (round: number) => updateArgument({ studyId: STUDY, datasetId: 'alpha', round });

test('recording an update reads the same few rows after no round and after five', async () => {
  const young = await rowsRead(0, 'round:recordUpdate', {});
  const old = await rowsRead(5, 'round:recordUpdate', {});
  assert.deepEqual(
    [young, old],
    [10, 10],
    'member and whether it left, study, round, update, release, consent, dataset, account and its version',
  );
});

test('a page of what became of an account reads its versions, however many there are', async () => {
  const asked = { noun: 'budget', key: ['alpha', 'training'], pageSize: 2 };
  const [young, old] = [
    await rowsRead(0, 'audit:getHistory', asked),
    await rowsRead(5, 'audit:getHistory', asked),
  ];
  assert.deepEqual([young, old], [3, 3], 'the account and two versions');
});

test('a question to the index reads its page and nothing else', async () => {
  for (const question of [
    { by: 'dataset', value: 'alpha', pageSize: 2 },
    { by: 'study', value: STUDY, pageSize: 2 },
    { by: 'hospital', value: 'AlphaMSP', pageSize: 2 },
  ]) {
    const read = [0, 5].map((rounds) => rowsRead(rounds, 'audit:listActivities', question));
    const [young, old] = await Promise.all(read);
    assert.ok(old! <= 2 * (2 + 2), `${old} rows for a page of 2`);
    assert.equal(old, young);
  }
  const all = await rowsRead(1, 'audit:listActivities', { by: 'all', pageSize: 2 });
  assert.ok(all <= 2 + 2, `${all} rows: those of all are read once`);
});
