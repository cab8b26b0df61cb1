import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  addRdp,
  epsilonOf,
  isZeroRdp,
  type PrivacyCharge,
  rdpOfEvent,
  TRANSACTIONS,
  zeroRdp,
} from '@consilium/domain';
import { aggregate, scoreEvent, trainingEvent, updateArgument } from '@consilium/domain/testing/examples';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const auditor = as('auditor', 'DeltaMSP');

test('four hospitals bring a study from members to a model, on four peers that agree to the byte', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  const second = await study.open(2);
  assert.deepEqual(second.base, aggregate('model 1'), 'a round starts from the last finalised aggregate');
  assert.equal(second.leader, 'BetaMSP', 'the lead goes round');
  for (const datasetId of DATASETS) await study.update(datasetId, 2);
  await study.close(2);
  for (const mspId of MEMBERS) await study.verdict(mspId, 2);
  const tallied = await study.tally(2);
  assert.deepEqual(tallied.included, DATASETS);
  for (const mspId of MEMBERS) await study.attest(mspId, 2);
  await study.finalize(2);

  const model = await study.submit(as('trainer', 'BetaMSP'), 'model:publish', { studyId: STUDY });
  assert.deepEqual(model.parameters, aggregate('model 2'));
  assert.deepEqual(model.rounds, [1, 2]);
  assert.deepEqual(model.datasets, DATASETS);
  assert.equal((await study.evaluate(auditor, 'study:get', { studyId: STUDY })).state, 'completed');

  for (const datasetId of DATASETS) {
    await study.settle(datasetId);
    const training = await study.budget(datasetId, 'training');
    const heldOut = await study.budget(datasetId, 'held-out');
    const twice = (event: ReturnType<typeof trainingEvent>) => epsilonOf([{ event, count: 2 }], '0.00001');
    assert.equal(training.spentEpsilon, twice(trainingEvent()));
    assert.equal(heldOut.spentEpsilon, twice(scoreEvent()));
    assert.ok(isZeroRdp(training.reserved) && isZeroRdp(heldOut.reserved));

    const { items } = await study.evaluate(auditor, 'privacy:listEvents', { datasetId });
    assert.equal(items.length, 4, 'two updates and two scores');
    const sum = (pool: string) =>
      items
        .filter((charge: PrivacyCharge) => charge.privacyEvent.pool === pool)
        .reduce(
          (total: string[], charge: PrivacyCharge) => addRdp(total, rdpOfEvent(charge.privacyEvent)),
          zeroRdp(),
        );
    assert.deepEqual(sum('training'), training.spent, 'the account is the sum of its charges');
    assert.deepEqual(sum('held-out'), heldOut.spent);
  }

  const lineage = await study.evaluate(auditor, 'model:getLineage', { studyId: STUDY });
  assert.equal(lineage.rounds.length, 2);
  assert.equal(lineage.rounds[0].updates.length, 4);
  assert.equal(lineage.rounds[0].verdicts.length, 4);
  assert.equal(lineage.rounds[0].attestations.length, 4);
  assert.deepEqual(
    lineage.datasets.map(({ datasetId }: { datasetId: string }) => datasetId),
    DATASETS,
  );
  assert.ok(lineage.consents.every(({ state }: { state: string }) => state === 'settled'));
});

test('every submit emits the one event of the table, which says whose row it is', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  const names = new Map<string, string | null>(TRANSACTIONS.map(({ name, event }) => [name, event]));
  assert.deepEqual(
    study.events.map(({ name }) => name),
    study.committed.map(({ name }) => names.get(name)),
  );
  assert.deepEqual(study.events.at(-1), {
    name: 'RoundFinalized',
    payload: { mspId: 'AlphaMSP', studyId: STUDY, round: 1, state: 'finalized' },
  });
  const update = study.events.find(({ name }) => name === 'UpdateRecorded');
  assert.deepEqual(update?.payload, { mspId: 'AlphaMSP', studyId: STUDY, datasetId: 'alpha', round: 1 });
});

test('lists come in pages that together are the whole', async () => {
  const study = await StudyOnLedger.prepared();
  const seen: string[] = [];
  let bookmark: string | undefined;
  do {
    const page = await study.evaluate(auditor, 'dataset:list', {
      pageSize: 3,
      ...(bookmark && { bookmark }),
    });
    seen.push(...page.items.map(({ datasetId }: { datasetId: string }) => datasetId));
    bookmark = page.bookmark;
  } while (bookmark !== undefined);
  assert.deepEqual(seen, DATASETS);
});

test('a row has its history, newest first, in pages', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  const argument = { noun: 'round' as const, key: [STUDY, '1'], pageSize: 3 };
  const first = await study.evaluate(auditor, 'audit:getHistory', argument);
  const second = await study.evaluate(auditor, 'audit:getHistory', { ...argument, bookmark: first.bookmark });
  const states = [...first.items, ...second.items].map(({ row }: { row: { state: string } }) => row.state);
  assert.deepEqual(states, ['finalized', 'aggregating', 'validating', 'training']);
  assert.equal(second.bookmark, undefined);
});

test('lineage comes in pages of rounds', async () => {
  const study = await StudyOnLedger.running({ rounds: 3 });
  for (const round of [1, 2, 3]) await study.wholeRound(round);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  const first = await study.evaluate(auditor, 'model:getLineage', { studyId: STUDY, pageSize: 2 });
  const second = await study.evaluate(auditor, 'model:getLineage', {
    studyId: STUDY,
    pageSize: 2,
    bookmark: first.bookmark,
  });
  const rounds = [...first.rounds, ...second.rounds].map(({ round }) => round.round);
  assert.deepEqual(rounds, [1, 2, 3]);
  assert.equal(second.bookmark, undefined);
});

test('one hospital that rejects does not stop three that accept, and its own peer does not sign', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  for (const mspId of MEMBERS) {
    await study.verdict(mspId, 1, { accepted: mspId !== 'DeltaMSP' });
  }
  await study.tally(1);
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  const argument = { studyId: STUDY, round: 1, aggregate: aggregate('model 1') };
  const endorsed = await study.endorse(as('trainer', 'AlphaMSP'), 'round:finalize', argument);
  assert.deepEqual(
    endorsed.endorsements.map(({ mspId }) => mspId),
    ['AlphaMSP', 'BetaMSP', 'GammaMSP'],
  );
  assert.match(endorsed.refusals[0]!.error.message, /^ENDORSEMENT_REFUSED: DeltaMSP /);
  assert.equal(study.commit('round:finalize', '', endorsed), 'VALID');
});

test("two peers' signatures do not finalise a round that needs three, whoever they are", async () => {
  const study = await StudyOnLedger.running();
  await study.tallied(1);
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  const argument = { studyId: STUDY, round: 1, aggregate: aggregate('model 1') };
  const caller = as('trainer', 'AlphaMSP');
  for (const peers of [
    ['AlphaMSP', 'BetaMSP'],
    ['GammaMSP', 'DeltaMSP'],
  ]) {
    const endorsed = await study.endorse(caller, 'round:finalize', argument, peers);
    assert.equal(study.commit('round:finalize', '', endorsed), 'ENDORSEMENT_POLICY_FAILURE');
  }
});

test("a dataset's account is not moved without its owner's peer, nor by the owner alone", async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  const argument = updateArgument({ studyId: STUDY, datasetId: 'alpha' });
  const caller = as('trainer', 'AlphaMSP');
  const attempt = async (peers: string[]) =>
    study.commit('', '', await study.endorse(caller, 'round:recordUpdate', argument, peers));
  assert.equal(await attempt(['BetaMSP', 'GammaMSP', 'DeltaMSP']), 'ENDORSEMENT_POLICY_FAILURE');
  assert.equal(await attempt(['AlphaMSP']), 'ENDORSEMENT_POLICY_FAILURE');
  assert.equal(await attempt(['AlphaMSP', 'BetaMSP']), 'ENDORSEMENT_POLICY_FAILURE');
  assert.equal(await attempt(['AlphaMSP', 'BetaMSP', 'DeltaMSP']), 'VALID');
});

test('two studies that race for one budget: the second to commit must ask again, and is refused', async () => {
  const study = await StudyOnLedger.prepared('2');
  for (const studyId of ['first', 'second']) await study.propose({ studyId, rounds: 2 });
  const steward = as('steward', ownerOf('alpha'));
  const claim = async (studyId: string) => {
    const quote = await study.evaluate(steward, 'privacy:quote', { studyId, datasetId: 'alpha' });
    assert.equal(quote.fits, true, 'alone, each fits');
    return { studyId, datasetId: 'alpha', claimedEpsilon: quote.claimedEpsilon };
  };
  const [one, two] = [await claim('first'), await claim('second')];
  const first = await study.endorse(steward, 'study:consent', one);
  const second = await study.endorse(steward, 'study:consent', two);
  assert.equal(study.commit('study:consent', '', second), 'VALID');
  assert.equal(study.commit('study:consent', '', first), 'MVCC_READ_CONFLICT');
  await assert.rejects(
    study.submit(steward, 'study:consent', one),
    /^DomainError: BUDGET_EXCEEDED: .* left of 2 /,
  );
});

for (const [pool, name] of [
  ['training', 'an update'],
  ['held-out', 'a verdict'],
] as const) {
  test(`${name} is charged once, whatever is sent again`, async () => {
    const study = await StudyOnLedger.running();
    await study.trained(1);
    if (pool === 'held-out') await study.verdict('AlphaMSP', 1);
    const before = await study.budget('alpha', pool);
    if (pool === 'training') await assert.rejects(study.update('alpha', 1), /UPDATE_EXISTS/);
    else await assert.rejects(study.verdict('AlphaMSP', 1), /VERDICT_EXISTS/);
    assert.deepEqual(await study.budget('alpha', pool), before);
  });
}
