// What became of an account: every version of its sums, from rows of its own, whatever others write over them.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { canonicalJson, isZeroRdp, type RowVersion, zeroRdp } from '@consilium/domain';
import { sha256, updateArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const auditor = as('auditor', 'BetaMSP');
const account = { noun: 'budget' as const, key: ['alpha', 'training'] };
const rowKey = (noun: string, ...parts: string[]): string =>
  `\u0000${[noun, ...parts].map((part) => `${part}\u0000`).join('')}`;

/** Registered, consented to, and charged twice. */
async function charged(): Promise<StudyOnLedger> {
  const study = await StudyOnLedger.running({ rounds: 3 });
  for (const round of [1, 2]) await study.wholeRound(round);
  return study;
}

/** Every version of the account, page by page. */
async function versions(study: StudyOnLedger, pageSize: number): Promise<RowVersion[]> {
  const items: RowVersion[] = [];
  for (let bookmark: string | undefined; ; ) {
    const argument = { ...account, pageSize, ...(bookmark !== undefined && { bookmark }) };
    const page = await study.evaluate(auditor, 'audit:getHistory', argument);
    items.push(...page.items);
    bookmark = page.bookmark;
    if (bookmark === undefined) return items;
  }
}

const writtenOver = (study: StudyOnLedger, version: number): void => {
  const key = rowKey('budget-version', 'alpha', 'training', String(version));
  const value = Buffer.from(canonicalJson({ schema: 1, spent: zeroRdp(), reserved: zeroRdp() }));
  study.world.rows.set(key, { ...study.world.rows.get(key)!, value, version: 9 });
  const timestamp = { seconds: 1, nanos: 0 };
  study.world.history.get(key)!.push({ txId: 'e'.repeat(64), timestamp, isDelete: false, value });
};

test('an account tells its versions newest first, with who changed it and when, the same in pages of any size', async () => {
  const study = await charged();
  const whole = await versions(study, 200);
  const by = (txId: string) =>
    study.world.history.get(rowKey('budget', 'alpha', 'training'))!.find((one) => one.txId === txId);
  assert.equal(whole.length, 4, 'registered, reserved, spent twice');
  for (const { transactionId, at, deleted } of whole) {
    const { seconds, nanos } = by(transactionId)!.timestamp;
    assert.equal(at, new Date(seconds * 1000 + nanos / 1e6).toISOString(), 'as the key itself is dated');
    assert.equal(deleted, false);
  }
  const spent = whole.map(({ row }) => BigInt((row as { spent: string[] }).spent[0]!));
  const [cost] = [spent[1]!];
  assert.deepEqual(spent, [2n * cost, cost, 0n, 0n]);
  assert.ok(isZeroRdp((whole[3]!.row as { reserved: string[] }).reserved));
  const { spentEpsilon, ...statement } = await study.budget('alpha', 'training');
  assert.deepEqual(statement, { ...statement, ...whole[0]!.row }, 'the newest is the account as it is');
  assert.notEqual(spentEpsilon, '0');
  for (const pageSize of [1, 2, 3, 4]) assert.deepEqual(await versions(study, pageSize), whole);
});

test('versions that were written between two pages move nothing', async () => {
  const study = await charged();
  const whole = await versions(study, 200);
  const { bookmark } = await study.evaluate(auditor, 'audit:getHistory', { ...account, pageSize: 1 });
  await study.open(3);
  await study.update('alpha', 3);
  const next = await study.evaluate(auditor, 'audit:getHistory', { ...account, pageSize: 2, bookmark });
  assert.deepEqual(next.items, whole.slice(1, 3));
});

test('overwritten versions are not believed: the first ones are read from the history', async () => {
  const study = await charged();
  const [whole, before] = [await versions(study, 200), await study.budget('alpha', 'training')];
  for (const version of [1, 2, 3, 4]) writtenOver(study, version);
  assert.deepEqual(await study.budget('alpha', 'training'), before);
  assert.deepEqual(await versions(study, 1), whole);
  await study.open(3);
  await study.update('alpha', 3);
  const [newest, ...older] = await versions(study, 2);
  assert.deepEqual(older, whole);
  assert.ok(
    !isZeroRdp((newest!.row as { spent: string[] }).spent),
    'and the account goes on from what it was',
  );
});

test('a version of one number too high, written before its time, is not part of the account', async () => {
  const study = await charged();
  const whole = await versions(study, 200);
  const key = rowKey('budget-version', 'alpha', 'training', '5');
  study.world.rows.set(key, { value: Buffer.from('{"schema":1}'), version: 1, policy: undefined });
  assert.deepEqual(await versions(study, 200), whole);
  await study.open(3);
  await study.update('alpha', 3);
  assert.deepEqual((await versions(study, 200)).slice(1), whole);
});

test('a version whose row and history are both gone is a fault, not an empty account', async () => {
  const study = await charged();
  await study.open(3);
  writtenOver(study, 4);
  study.world.history.set(rowKey('budget-version', 'alpha', 'training', '4'), []);
  const attempts = [
    study.budget('alpha', 'training'),
    study.evaluate(auditor, 'audit:getHistory', account),
    study.submit(
      as('trainer', 'AlphaMSP'),
      'round:recordUpdate',
      updateArgument({ studyId: STUDY, round: 3, datasetId: 'alpha' }),
    ),
  ];
  for (const attempt of attempts) assert.equal((await refusalOf(attempt)).code, 'INTERNAL');
});

test('bookmarks that are no version of the account are refused', async () => {
  const study = await charged();
  for (const bookmark of [`3.${sha256('x')}`, `999.${sha256('x')}`, 'f00', '0.0', 'x'.repeat(400)]) {
    const refusal = await refusalOf(study.evaluate(auditor, 'audit:getHistory', { ...account, bookmark }));
    assert.deepEqual(
      [refusal.code, /bookmark is no version of this row/.test(refusal.message)],
      ['INVALID_ARGUMENT', true],
    );
  }
});

test('two changes of one account conflict as they did: the second to be committed must be asked again', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  const argument = updateArgument({ studyId: STUDY, datasetId: 'alpha' });
  const other = { ...argument, plaintextSha256: sha256('another') };
  const caller = as('trainer', 'AlphaMSP');
  const [first, second] = [
    await study.endorse(caller, 'round:recordUpdate', argument),
    await study.endorse(caller, 'round:recordUpdate', other),
  ];
  assert.equal(study.commit('', '', first), 'VALID');
  assert.equal(study.commit('', '', second), 'MVCC_READ_CONFLICT');
  const beta = await study.endorse(as('trainer', 'BetaMSP'), 'round:recordUpdate', {
    ...updateArgument({ studyId: STUDY, datasetId: 'beta' }),
  });
  await study.update('gamma', 1);
  assert.equal(study.commit('', '', beta), 'VALID', "nobody else's account is in the way");
});

test('recording an update lays no policy on a key', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  await study.update('alpha', 1);
  const { results } = study.committed.at(-1)!;
  assert.deepEqual(results.policies, [], 'duplicates in one block wait for each other where policies change');
  assert.equal(results.writes.filter(([key]) => key.startsWith('\u0000budget')).length, 2);
});
