// A ledger outlives its chaincode: rows that version 1 wrote are read, changed and finished by this version.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  addRdp,
  canonicalJson,
  epsilonFromRdp,
  isZeroRdp,
  lineageProblems,
  presentForm,
  ROW_SCHEMA,
  type RowKind,
  type Study,
  studyDigest,
} from '@consilium/domain';
import {
  aggregate,
  datasetArgument,
  patientsArgument,
  populationArgument,
  revisionArgument,
  scoreEvent,
  sha256,
  studyArgument,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import { provenKey } from '@consilium/domain/testing/member-key';
import { roundKey } from '../ledger/rows.ts';
import { MemoryConsortium, refusalOf } from '../testing/memory-consortium.ts';
import {
  OLD_DATASETS,
  OLD_MEMBERS,
  rowsOfVersion1,
  OLD_STUDY as studyId,
  type WrittenRow,
} from '../testing/rows-of-version-1.ts';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const auditor = as('auditor', 'BetaMSP');
const kindOf = ({ key: [noun] }: WrittenRow) => noun as RowKind;

/** The ledger as version 1 left it. */
function inherited(): MemoryConsortium {
  const ledger = new MemoryConsortium(OLD_MEMBERS);
  for (const [i, { key, value, policy }] of rowsOfVersion1().entries()) {
    const name = `\u0000${key.map((part) => `${part}\u0000`).join('')}`;
    const bytes = Buffer.from(canonicalJson(value));
    ledger.world.rows.set(name, {
      value: bytes,
      version: 1,
      policy: policy === undefined ? undefined : Buffer.from(policy, 'base64'),
    });
    const timestamp = { seconds: Math.floor(ledger.now / 1000) + i, nanos: 0 };
    const txId = `${i}`.padStart(8, '0').padEnd(64, 'f');
    ledger.world.history.set(name, [{ txId, timestamp, isDelete: false, value: bytes }]);
  }
  ledger.now += 60_000;
  return ledger;
}

/** Forms that later ones only allow more than: their rows keep the number, which seals and lineages cover. */
const KEPT: Partial<Record<RowKind, number>> = { study: 2, verdict: 1, dataset: 2 };
/** What an account from before calls its population: the dataset, which is about one of its own. */
const RENAMED: Readonly<Record<string, string>> = { datasetId: 'populationId' };

test('every kind of row that version 1 wrote is there and is brought to its present form', () => {
  const rows = rowsOfVersion1();
  assert.ok(new Set(rows.map(kindOf)).size >= 10);
  for (const row of rows) {
    assert.equal(row.value.schema, 1);
    const present: Record<string, unknown> = presentForm(kindOf(row), row.value);
    assert.equal(present.schema, KEPT[kindOf(row)] ?? ROW_SCHEMA[kindOf(row)]);
    for (const [field, value] of Object.entries(row.value)) {
      const now = kindOf(row) === 'budget' ? (RENAMED[field] ?? field) : field;
      if (field !== 'schema') assert.deepEqual(present[now], value, 'nothing that was written is lost');
    }
  }
  const of = (noun: RowKind): Record<string, unknown> =>
    presentForm(noun, rows.find((row) => kindOf(row) === noun)!.value);
  assert.deepEqual(of('dataset').consentPolicy, { stewards: 1 });
  assert.equal(of('study').version, 1);
  assert.deepEqual([of('consent').studyVersion, of('consent').stewards], [1, []]);
  assert.equal(of('round').stageSince, of('round').openedAt);
  const member = of('member');
  assert.deepEqual([member.keyNumber, member.keySince], [1, member.registeredAt]);
  assert.equal(member.keyProof, undefined);
});

test('the present form is left alone, and one that is newer than this chaincode is not guessed at', () => {
  const row = { schema: ROW_SCHEMA.study, studyId: 'x' };
  assert.equal(presentForm('study', row), row);
  for (const schema of [ROW_SCHEMA.study + 1, 0, undefined]) {
    assert.throws(() => presentForm('study', { schema }), RangeError);
  }
});

test('a peer that has not upgraded refuses rows of a newer one, and writes nothing', async () => {
  const ledger = inherited();
  const key = `\u0000study\u0000${studyId}\u0000`;
  const row = ledger.world.rows.get(key)!;
  const newer = { ...JSON.parse(Buffer.from(row.value).toString()), schema: 99 };
  ledger.world.rows.set(key, { ...row, value: Buffer.from(canonicalJson(newer)) });
  const attempt = ledger.submit(as('trainer', 'BetaMSP'), 'round:close', { studyId, round: 2 });
  assert.equal((await refusalOf(attempt)).code, 'INTERNAL');
  assert.match(ledger.log.join('\n'), /a study row of form 99 is not known/);
});

test('a study that version 1 began goes on in the middle of its round, and ends in a model', async () => {
  const ledger = inherited();
  const [alpha, ...others] = OLD_DATASETS;
  const trainer = (i: number) => as('trainer', OLD_MEMBERS[i]!);
  const again = ledger.submit(
    trainer(0),
    'round:recordUpdate',
    updateArgument({ studyId, datasetId: alpha, round: 2 }),
  );
  assert.equal((await refusalOf(again)).code, 'UPDATE_EXISTS', 'what version 1 recorded counts');

  for (const round of [2, 3]) {
    if (round === 3) await ledger.submit(trainer(0), 'round:open', { studyId, round });
    for (const [i, datasetId] of OLD_DATASETS.entries()) {
      if (round === 2 && !others.some((other) => other === datasetId)) continue;
      const update = updateArgument({ studyId, datasetId, round });
      await ledger.submit(trainer(i), 'round:recordUpdate', update);
    }
    await ledger.submit(trainer(0), 'round:close', { studyId, round });
    for (const [i, datasetId] of OLD_DATASETS.entries()) {
      const verdict = verdictArgument({ studyId, round, datasets: [...OLD_DATASETS], own: [datasetId] });
      await ledger.submit(trainer(i), 'round:recordVerdict', verdict);
    }
    await ledger.submit(trainer(0), 'round:tally', { studyId, round });
    const { parametersSha256 } = aggregate(`model ${round}`);
    for (const i of [0, 1, 2])
      await ledger.submit(trainer(i), 'round:attest', { studyId, round, parametersSha256 });
    await ledger.submit(trainer(0), 'round:finalize', {
      studyId,
      round,
      aggregate: aggregate(`model ${round}`),
    });
  }
  await ledger.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId });
  const lineage = await ledger.evaluate(auditor, 'model:getLineage', { studyId });
  assert.equal(lineage.rounds[0].round.seal, undefined, 'the first round ended before there were seals');
  assert.deepEqual(lineageProblems(lineage, { sha256, trusted: lineage.model.lineageSha256 }), []);
  lineage.rounds[0].updates[0].artefact.sha256 = sha256('forged');
  assert.notDeepEqual(lineageProblems(lineage, { sha256 }), [], 'and is closed by the digest all the same');

  for (const [i, datasetId] of OLD_DATASETS.entries()) {
    await ledger.submit(trainer(i), 'study:settle', { studyId, datasetId });
    const account = await ledger.evaluate(auditor, 'privacy:getBudget', { datasetId, pool: 'training' });
    assert.ok(isZeroRdp(account.reserved));
  }
  const receipt = await ledger.evaluate(auditor, 'round:getReceipt', {
    studyId,
    round: 1,
    datasetId: 'beta',
  });
  assert.equal(receipt.outcome, 'included');
  const row = JSON.parse(
    Buffer.from(ledger.world.rows.get(`\u0000study\u0000${studyId}\u0000`)!.value).toString(),
  );
  assert.equal(row.schema, KEPT.study, 'a row that is changed is written in the form that it is read in');
});

test('an account that version 1 opened tells all its versions, before and after', async () => {
  const ledger = inherited();
  const key = ['beta', 'training'];
  const page = (pageSize: number, bookmark?: string) =>
    ledger.evaluate(auditor, 'audit:getHistory', {
      noun: 'budget',
      key,
      pageSize,
      ...(bookmark !== undefined && { bookmark }),
    });
  const before = await page(200);
  assert.equal(before.items.length, 1, 'from the history of its key');
  const update = updateArgument({ studyId, datasetId: 'beta', round: 2 });
  await ledger.submit(as('trainer', 'BetaMSP'), 'round:recordUpdate', update);
  await ledger.submit(as('researcher', 'AlphaMSP'), 'study:abort', { studyId, reason: 'enough' });
  await ledger.submit(as('trainer', 'BetaMSP'), 'study:settle', { studyId, datasetId: 'beta' });
  const whole = await page(200);
  assert.equal(whole.items.length, 3);
  assert.deepEqual(whole.items[2], before.items[0], 'as version 1 wrote it');
  for (const pageSize of [1, 2, 3]) {
    const items: unknown[] = [];
    for (let bookmark: string | undefined; ; ) {
      const one = await page(pageSize, bookmark);
      items.push(...one.items);
      bookmark = one.bookmark;
      if (bookmark === undefined) break;
    }
    assert.deepEqual(items, whole.items, `pages of ${pageSize}`);
  }
  const account = await ledger.evaluate(auditor, 'privacy:getBudget', {
    datasetId: 'beta',
    pool: 'training',
  });
  assert.deepEqual(account.spent, whole.items[0].row.spent);
  assert.equal(account.schema, ROW_SCHEMA.budget);
});

test('a study and its consents from before there were rows of open ones end as new ones do', async () => {
  const ledger = inherited();
  const open = () => [...ledger.world.rows.keys()].filter((key) => /^.open-(study|consent)/.test(key));
  const { requester } = await ledger.evaluate(auditor, 'study:get', { studyId });
  await ledger.submit(as('researcher', requester), 'study:abort', {
    studyId,
    reason: 'the consortium upgrades',
  });
  for (const [i, datasetId] of OLD_DATASETS.entries()) {
    const settled = await ledger.submit(as('trainer', OLD_MEMBERS[i]!), 'study:settle', {
      studyId,
      datasetId,
    });
    assert.equal(settled.state, 'settled');
  }
  assert.deepEqual(open(), []);
});

test('what is new applies to what is old: amending, voting, indexing, reporting', async () => {
  const ledger = inherited();
  const steward = (i: number) => as('steward', OLD_MEMBERS[i]!);
  await ledger.submit(steward(0), 'motion:move', {
    studyId,
    kind: 'amend',
    amendment: { rounds: 4 },
    reason: 'it improves',
  });
  for (const [i, datasetId] of OLD_DATASETS.entries()) {
    const claims = [{ datasetId, claimedEpsilon: { training: '5', heldOut: '5' } }];
    await ledger.submit(steward(i), 'motion:vote', { studyId, motion: 1, accept: true, claims });
  }
  const study = await ledger.evaluate(auditor, 'study:get', { studyId });
  assert.deepEqual([study.rounds, study.version], [4, 2]);

  const operator = as('operator', 'AlphaMSP');
  assert.equal((await ledger.submit(operator, 'audit:indexStudy', { studyId })).entries, 4);
  assert.equal((await ledger.submit(operator, 'audit:indexStudy', { studyId, round: 1 })).entries, 10);
  const { items } = await ledger.evaluate(auditor, 'audit:listActivities', { by: 'dataset', value: 'beta' });
  assert.deepEqual(
    items.map(({ transaction }: { transaction: string }) => transaction),
    [
      'study:propose',
      'study:consent',
      'round:open',
      'round:recordUpdate',
      'round:recordVerdict',
      'motion:vote',
    ],
  );
  const again = ledger.submit(as('steward', 'BetaMSP'), 'dataset:register', datasetArgument('alpha'));
  assert.equal((await refusalOf(again)).code, 'DATASET_EXISTS');
});

/** Rows as the version before wrote them: accounts by Rényi costs alone, no weights in a study's text. */
function asTheVersionBefore({ world }: StudyOnLedger): void {
  const rewrite = (
    noun: string,
    schema: number,
    without: readonly string[],
    also = (_: Row, __: string[]) => {},
  ) => {
    for (const [key, row] of world.rows) {
      const [, kind, ...parts] = key.split('\u0000');
      if (kind !== noun) continue;
      const value: Row = JSON.parse(Buffer.from(row.value).toString());
      for (const field of without) delete value[field];
      also(value, parts);
      const bytes = Buffer.from(canonicalJson({ ...value, schema }));
      world.rows.set(key, { ...row, value: bytes });
      const history = world.history.get(key)!;
      world.history.set(key, [...history.slice(0, -1), { ...history.at(-1)!, value: bytes }]);
    }
  };
  for (const key of [...world.rows.keys()]) {
    const [, noun = ''] = key.split('\u0000');
    if (!['population', 'block', 'counted-patients', 'revision'].includes(noun)) continue;
    world.rows.delete(key);
    world.history.delete(key);
  }
  rewrite('dataset', 2, []);
  rewrite('privacy-charge', 1, ['blocks']);
  rewrite('commitment', 1, []);
  rewrite('budget-version', 1, ['gaussian', 'previousSha256']);
  rewrite('budget', 2, ['accounting', 'populationId', 'block'], (account, [datasetId, pool]) => {
    account.datasetId = datasetId;
    const key = `\u0000budget-version\u0000${datasetId}\u0000${pool}\u0000${account.version}\u0000`;
    account.versionSha256 = sha256(Buffer.from(world.rows.get(key)!.value).toString());
  });
  let text: Study | undefined;
  rewrite('study', 2, ['weights'], (study) => {
    text = study as unknown as Study;
  });
  rewrite('consent', 2, ['gaussianPerRound', 'revision', 'blocks'], (consent) => {
    consent.studySha256 = studyDigest(text!, sha256);
  });
  rewrite('verdict', 1, []);
  const rowAt = (...key: string[]): Row | undefined => {
    const row = world.rows.get(`\u0000${key.map((part) => `${part}\u0000`).join('')}`);
    return row && JSON.parse(Buffer.from(row.value).toString());
  };
  const there = (keys: readonly string[], noun: string, round: string) =>
    keys.map((key) => rowAt(noun, STUDY, round, key)).filter((row) => row !== undefined);
  const seals: string[] = [];
  rewrite('round', 2, [], (round, [, number]) => {
    const participants = round.participants as { datasetId: string }[];
    const updates = there(
      participants.map(({ datasetId }) => datasetId),
      'update',
      number!,
    );
    const [verdicts, attestations] = ['verdict', 'attestation'].map((noun) =>
      there(round.validators as string[], noun, number!),
    );
    round.seal = sha256(canonicalJson({ updates, verdicts, attestations }));
    seals.push(round.seal as string);
  });
  rewrite('model', 1, [], (model) => {
    const study = rowAt('study', STUDY)!;
    const of = (noun: string) => (study.datasets as string[]).map((datasetId) => rowAt(noun, datasetId)!);
    const consents = (study.datasets as string[]).map((datasetId) => {
      const { schema: _, owner, state: __, ...consent } = rowAt('consent', STUDY, datasetId)!;
      return { ...consent, owner };
    });
    const rounds = seals.map((_, i) => rowAt('round', STUDY, roundKey(i + 1)));
    const history = { study, datasets: of('dataset'), consents, rounds, seals };
    model.lineageSha256 = sha256(canonicalJson(history));
  });
}
type Row = Record<string, unknown>;

const oldScore = (datasetId: string, correct = '48') => ({
  datasetId,
  correct,
  total: '60',
  privacyEvent: scoreEvent(),
  claimedEpsilon: '2',
});

test('a study of the version before goes on: its accounts by Rényi costs, its scores of right and all', async () => {
  const study = await StudyOnLedger.running({ rounds: 3 });
  const round = async (number: number, isOld: (datasetId: string) => boolean) => {
    await study.trained(number);
    for (const mspId of MEMBERS) {
      const own = DATASETS.filter((datasetId) => ownerOf(datasetId) === mspId);
      const old = own.filter(isOld).map((datasetId) => oldScore(datasetId));
      await study.verdict(mspId, number, old.length > 0 ? { scores: old } : {});
    }
    await study.tally(number);
    for (const mspId of MEMBERS) await study.attest(mspId, number);
    await study.finalize(number);
  };
  await round(1, () => true);
  asTheVersionBefore(study);
  // A trainer that drew its score before it was upgraded records it as it was drawn.
  await round(2, (datasetId) => datasetId === 'beta');
  await round(3, () => false);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  for (const datasetId of DATASETS) await study.settle(datasetId);

  for (const pool of ['training', 'held-out'] as const) {
    const account = await study.budget('beta', pool);
    assert.deepEqual([account.accounting, account.gaussian], [undefined, undefined]);
    assert.equal(account.spentEpsilon, epsilonFromRdp(account.spent, account.budget.delta));
    assert.ok(isZeroRdp(account.reserved));
  }
  const contributions = await study.evaluate(auditor, 'round:getContributions', { studyId: STUDY, round: 2 });
  assert.equal(contributions.hospitals[0].gain, '0', '48 of 60 is 48 right and 12 wrong');
  const lineage = await study.evaluate(auditor, 'model:getLineage', { studyId: STUDY });
  assert.deepEqual(lineageProblems(lineage, { sha256 }), []);
});

test('a model that the version before published is still what was sealed and signed for', async () => {
  const study = await StudyOnLedger.running({ rounds: 2 });
  for (const round of [1, 2]) await study.wholeRound(round);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  asTheVersionBefore(study);
  const lineage = await study.evaluate(auditor, 'model:getLineage', { studyId: STUDY });
  assert.deepEqual(lineageProblems(lineage, { sha256 }), []);
});

test('a dataset of the version before takes new studies into its accounts as they are', async () => {
  const study = await StudyOnLedger.prepared();
  asTheVersionBefore(study);
  await study.propose();
  for (const datasetId of DATASETS) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await study.trained(1);
  for (const mspId of MEMBERS) await study.verdict(mspId, 1);
  const account = await study.budget('alpha', 'held-out');
  assert.equal(account.gaussian, undefined);
  assert.equal(account.committedEpsilon, epsilonFromRdp(addRdp(account.spent, account.reserved), '0.00001'));
});

test('a key that version 1 took unseen is read as it is, and its member puts a proven one in its place', async () => {
  const ledger = inherited();
  const { items } = await ledger.evaluate(auditor, 'member:list', {});
  const old = items.find(({ mspId }: { mspId: string }) => mspId === 'BetaMSP');
  const [key] = [...ledger.world.rows.keys()].filter((name) => name === '\u0000member\u0000BetaMSP\u0000');
  const row = ledger.world.rows.get(key!)!;
  const broken = { ...JSON.parse(Buffer.from(row.value).toString()), encryptionPublicKey: 'A'.repeat(43) };
  ledger.world.rows.set(key!, { ...row, value: Buffer.from(canonicalJson(broken)) });
  const read = await ledger.evaluate(auditor, 'member:get', { mspId: 'BetaMSP' });
  assert.deepEqual(read, { ...old, encryptionPublicKey: 'A'.repeat(43) });

  const operator = as('operator', 'BetaMSP');
  const unproven = { ...provenKey('next', 'BetaMSP'), keyProof: provenKey('next', 'AlphaMSP').keyProof };
  const refused = ledger.submit(operator, 'member:rotateKey', unproven);
  assert.equal((await refusalOf(refused)).code, 'KEY_UNPROVEN');
  const rotated = await ledger.submit(operator, 'member:rotateKey', provenKey('next', 'BetaMSP'));
  assert.deepEqual([rotated.keyNumber, rotated.registeredAt], [2, old.registeredAt]);
  assert.equal(rotated.schema, ROW_SCHEMA.member);
});

test('a proven key that version 1 took does not come back once it was put away', async () => {
  const ledger = inherited();
  const operator = as('operator', 'BetaMSP');
  const first = provenKey('first', 'BetaMSP');
  const name = '\u0000member\u0000BetaMSP\u0000';
  const row = ledger.world.rows.get(name)!;
  const old = {
    ...JSON.parse(Buffer.from(row.value).toString()),
    encryptionPublicKey: first.encryptionPublicKey,
  };
  ledger.world.rows.set(name, { ...row, value: Buffer.from(canonicalJson(old)) });
  await ledger.submit(operator, 'member:rotateKey', provenKey('next', 'BetaMSP'));
  assert.equal((await refusalOf(ledger.submit(operator, 'member:rotateKey', first))).code, 'KEY_USED');
});

/** A band that datasets were registered with before there were finer ones, in the row as it was written then. */
function asRegisteredThen(
  study: StudyOnLedger,
  { datasetId, recordCountBand }: { datasetId: string; recordCountBand: { low: number; high: number } },
): void {
  const key = `\u0000dataset\u0000${datasetId}\u0000`;
  const row = study.world.rows.get(key)!;
  const then = { ...JSON.parse(Buffer.from(row.value).toString()), recordCountBand };
  study.world.rows.set(key, { ...row, value: Buffer.from(canonicalJson(then)) });
}

test('datasets in former bands are read, and weigh to the end what was consented to', async () => {
  const study = await StudyOnLedger.prepared();
  const former = { alpha: { low: 1000, high: 1999 }, beta: { low: 10_000, high: 49_999 } };
  for (const [datasetId, recordCountBand] of Object.entries(former)) {
    asRegisteredThen(study, { datasetId, recordCountBand });
    const row = await study.evaluate(auditor, 'dataset:get', { datasetId });
    assert.deepEqual(row.recordCountBand, recordCountBand);
  }
  await study.propose({ weightRatioMax: 100 });
  const weights = [
    { datasetId: 'alpha', weight: 1499 },
    { datasetId: 'beta', weight: 29_900 },
    { datasetId: 'delta', weight: 299 },
    { datasetId: 'gamma', weight: 299 },
  ];
  const row = await study.evaluate(auditor, 'study:get', { studyId: STUDY });
  assert.deepEqual(row.weights, weights);
  for (const datasetId of DATASETS) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  for (const round of [1, 2]) await study.wholeRound(round);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  const lineage = await study.evaluate(auditor, 'model:getLineage', { studyId: STUDY });
  for (const { round } of lineage.rounds) {
    const used = round.participants.map(({ datasetId, weight }: { datasetId: string; weight: number }) => ({
      datasetId,
      weight,
    }));
    assert.deepEqual(used, weights);
  }
  assert.deepEqual(lineageProblems(lineage, { sha256 }), []);
});

test('a dataset is not registered with a former band, and with each present one above it', async () => {
  const study = await StudyOnLedger.prepared();
  const register = (datasetId: string, recordCountBand: { low: number; high: number }) =>
    study.submit(as('steward', 'DeltaMSP'), 'dataset:register', {
      ...datasetArgument(datasetId),
      recordCountBand,
    });
  const refusal = await refusalOf(register('old', { low: 10_000, high: 49_999 }));
  assert.equal(refusal.code, 'INVALID_ARGUMENT');
  assert.match(refusal.message, /recordCountBand must not be 10000-49999, a band of earlier versions/);
  const present = [
    { low: 1_000_000, high: 1_249_999 },
    { low: 10_000_000, high: 12_499_999 },
    { low: 100_000_000, high: 124_999_999 },
  ];
  for (const [i, recordCountBand] of present.entries()) {
    assert.deepEqual((await register(`new-${i}`, recordCountBand)).recordCountBand, recordCountBand);
  }
});

test('members and consents of version 1 leave and return as those of now', async () => {
  const ledger = inherited();
  const operator = (mspId: string) => as('operator', mspId);
  const left = await ledger.submit(operator('BetaMSP'), 'member:leave', { reason: 'it closes' });
  assert.deepEqual(
    [left.membership, left.shortOf],
    [1, []],
    'consents of before are in no list of open ones',
  );
  const { quorumNow } = await ledger.evaluate(auditor, 'study:get', { studyId });
  assert.deepEqual(quorumNow.now, { updates: 2, validators: 2 });
  const asked = { studyId, datasetId: 'beta' };
  assert.equal((await ledger.evaluate(auditor, 'study:getConsent', asked)).state, 'withdrawn');
  const rows = await ledger.evaluate(auditor, 'audit:listOldPolicies', { kind: 'dataset' });
  assert.ok(rows.items.length > 0);
  for (const row of rows.items) await ledger.submit(operator('AlphaMSP'), 'audit:renewPolicies', row);
  const vote = { mspId: 'BetaMSP', question: 'return', accept: true, reason: 'it opens again' } as const;
  for (const mspId of ['AlphaMSP', 'GammaMSP']) await ledger.submit(operator(mspId), 'member:vote', vote);
  const key = provenKey('after the upgrade', 'BetaMSP');
  const row = await ledger.submit(operator('BetaMSP'), 'member:register', { title: 'Beta', ...key });
  assert.deepEqual([row.membership, row.keyNumber], [2, 2]);
});

test('a dataset from before grows under its old account, and takes another dictionary over the same people', async () => {
  const study = await StudyOnLedger.prepared();
  const steward = as('steward', 'AlphaMSP');
  const grown = patientsArgument('grown');
  const { newBlock: _, ...old } = grown;
  await study.submit(steward, 'dataset:register', old);
  const quorum = { updates: 1, validators: 1 };
  const propose = (studyId: string, datasetId: string) =>
    study.submit(
      as('researcher', 'AlphaMSP'),
      'study:propose',
      studyArgument({ studyId, datasets: [datasetId], quorum }),
    );
  await propose('before', 'grown');
  await study.consent('grown', 'before', steward);
  asTheVersionBefore(study);
  const account = (block: number) =>
    study.evaluate(auditor, 'privacy:getBudget', { datasetId: 'grown', pool: 'training', block });
  const before = await account(1);
  assert.deepEqual([before.populationId, before.block], ['grown', 1]);
  const implied = await study.evaluate(auditor, 'population:listBlocks', { populationId: 'grown' });
  assert.deepEqual(
    implied.items.map(({ block, state }: { block: number; state: string }) => [block, state]),
    [[1, 'open']],
  );
  const taken = study.submit(steward, 'population:register', populationArgument('grown'));
  assert.equal((await refusalOf(taken)).code, 'DATASET_EXISTS', 'its people have their accounts');

  await study.submit(steward, 'dataset:revise', revisionArgument('grown', 2));
  assert.deepEqual(await account(1), before, 'what was reserved is where it was');
  assert.ok(isZeroRdp((await account(2)).reserved));
  const { items } = await study.evaluate(auditor, 'dataset:listRevisions', { datasetId: 'grown' });
  assert.deepEqual(
    items.map(({ commitment, blocks }: { commitment: string; blocks: unknown[] }) => [
      commitment,
      blocks.length,
    ]),
    [
      [grown.commitment, 1],
      [revisionArgument('grown', 2).commitment, 2],
    ],
  );
  const consent = await study.evaluate(auditor, 'study:getConsent', {
    studyId: 'before',
    datasetId: 'grown',
  });
  assert.deepEqual([consent.revision, consent.blocks], [undefined, undefined], 'as it was given: to block 1');
  const { newBlock, privacyBudget, ...other } = patientsArgument('imaging');
  const blocks = [{ block: 1, recordCountBand: newBlock!.recordCountBand }];
  await study.submit(steward, 'dataset:register', { ...other, populationId: 'grown', blocks });
  await propose('after', 'imaging');
  await study.consent('imaging', 'after', steward);
  const twice = await account(1);
  assert.equal(BigInt(twice.reserved[0]), 2n * BigInt(before.reserved[0]), 'one account for both');
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: 'before' });
  await study.submit(as('trainer', 'AlphaMSP'), 'round:open', { studyId: 'before', round: 1 });
  const update = updateArgument({ studyId: 'before', datasetId: 'grown' });
  await study.submit(as('trainer', 'AlphaMSP'), 'round:recordUpdate', update);
  assert.ok(!isZeroRdp((await account(1)).spent) && isZeroRdp((await account(2)).spent));
  assert.equal(privacyBudget!.epsilon, twice.budget.epsilon);
});
