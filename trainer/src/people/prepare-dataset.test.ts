import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bandWeight } from '@consilium/domain';
import { DataError } from '../data/index.ts';
import { patientsDigest, SALTED_ID_BYTES, saltedIdHex } from '../data/salted-ids.ts';
import { DailyLimit } from '../study/daily-limit.ts';
import { PopulationHospital, sizesOf, totalOf } from '../testing/population-hospital.ts';
import { DICTIONARY } from '../testing/small-consortium.ts';
import { adoptAll } from './adopt-dataset.ts';
import { removeUnused } from './kept-files.ts';
import { prepareDataset } from './prepare-dataset.ts';
import { recordRevisions } from './register.ts';

const band = (low: number, high: number) => ({ low, high });

/** The patients from p(first) up to p(end). */
const people = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => `p${first + i}`);

test('a first file is one new block, named by a digest of its salted ids that tells nobody who they are', async (t) => {
  const hospital = PopulationHospital.open(t);
  const prepared = await hospital.prepare(60);
  const { newBlock, blocks, revision, removed, populationId, notes } = prepared;
  assert.deepEqual([revision, removed, populationId, blocks, notes], [1, false, 'hearts', undefined, []]);
  const { journal } = hospital;
  const salt = journal.populationSalt('hearts')!;
  const ids = people(0, 60).map((id) => saltedIdHex(salt, id));
  const sorted = Buffer.from(ids.sort().join(''), 'hex');
  assert.deepEqual(newBlock, {
    block: 1,
    recordCountBand: band(50, 99),
    patientsSha256: patientsDigest(sorted),
  });
  assert.equal(journal.blocks('hearts').length, 0, 'nothing counts before the ledger has it');
  hospital.register(prepared);
  await recordRevisions(hospital.context);
  assert.deepEqual(journal.blocks('hearts'), [
    { block: 1, patients: 60, patientsSha256: newBlock!.patientsSha256 },
  ]);
  for (const folder of [journal.peopleDirectory, journal.copiesDirectory]) {
    const [name = ''] = readdirSync(folder);
    assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  }
  assert.deepEqual(readFileSync(journal.blockPath(newBlock!.patientsSha256)), sorted);
});

test('patients who are new in a revision form one block for life, and those of before stay in theirs', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const second = await hospital.prepare(100);
  assert.deepEqual(second.blocks, [{ block: 1, recordCountBand: band(50, 99) }]);
  assert.deepEqual([second.newBlock?.block, second.newBlock?.recordCountBand], [2, band(10, 49)]);
  assert.deepEqual([second.revision, second.removed], [2, false]);
  hospital.revise(second);
  const third = await hospital.prepare(['p1000', ...people(10, 112)]);
  assert.deepEqual(
    third.blocks?.map(({ block }) => block),
    [1, 2],
  );
  assert.deepEqual([third.newBlock?.block, third.removed], [3, true]);
  const ids = readFileSync(hospital.journal.blockPath(third.newBlock!.patientsSha256));
  assert.equal(ids.length / SALTED_ID_BYTES, 13, 'those whom no block had');
});

test('fewer than ten new patients wait, outside of what is committed to, until a revision has enough', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const few = await hospital.prepare(['p0', ...people(1, 69)]);
  assert.match(few.notes.join(), /^9 new patients wait: .*The ledger has these rows as revision 1/);
  assert.equal(few.newBlock, undefined);
  const enough = await hospital.prepare(70);
  assert.deepEqual([enough.newBlock?.block, enough.notes], [2, []]);
  hospital.revise(enough);
  const other = await hospital.prepare(people(1, 73));
  assert.match(other.notes.join(), /^3 new patients wait/);
  assert.deepEqual([other.newBlock, other.removed, other.revision], [undefined, true, 3]);
  hospital.revise(other);
  assert.equal(
    totalOf(await hospital.give(hospital.consent({ revision: 3, blocks: [...other.blocks!] }))),
    69,
  );
});

test('a block with fewer than ten patients left in a file is left out, since no band hides them', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  hospital.revise(await hospital.prepare(80));
  const prepared = await hospital.prepare([...people(0, 60), ...people(75, 80)]);
  assert.deepEqual(
    prepared.blocks?.map(({ block }) => block),
    [1],
  );
  assert.match(prepared.notes.join(), /^The 5 patients of block 2 are left out/);
  assert.equal(prepared.removed, true);
});

test('a second dictionary over the same people names their population, and charges the same accounts', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const narrow = { ...DICTIONARY, features: DICTIONARY.features.slice(0, 1) };
  const fresh = hospital.prepare(60, { datasetId: 'fresh-budget', dictionary: narrow });
  await assert.rejects(fresh, /TRAINER_PATIENTS_ELSEWHERE: .*give populationId hearts/);
  const moved = hospital.prepare(60, { populationId: 'others' });
  await assert.rejects(moved, /TRAINER_DATASET_CHANGED: hearts is of population hearts for good/);
  const named = { datasetId: 'lungs', populationId: 'hearts', dictionary: narrow };
  const prepared = await hospital.prepare(75, named);
  assert.deepEqual(prepared.blocks, [{ block: 1, recordCountBand: band(50, 99) }]);
  assert.equal(prepared.newBlock?.block, 2);
  hospital.register(prepared, narrow);
  // Both are of one population: block 2 was opened by the other dataset.
  const second = await hospital.prepare(75);
  assert.deepEqual([second.blocks?.length, second.newBlock], [2, undefined]);
});

test('the accounts of people cannot be doubled by preparing them twice before either is on the ledger', async (t) => {
  const hospital = PopulationHospital.open(t);
  const hearts = await hospital.prepare(60);
  const lungs = await hospital.prepare(60, { datasetId: 'lungs' });
  assert.match(lungs.notes.join(), /hearts was prepared with some of the same patients/);
  hospital.register(lungs);
  hospital.register(hearts);
  const consent = hospital.consent({ datasetId: 'hearts' });
  await assert.rejects(hospital.give(consent), /TRAINER_REGISTER_DIFFERS|TRAINER_DATASET/);
  await assert.rejects(hospital.prepare(60), /TRAINER_REGISTER_DIFFERS|TRAINER_PATIENTS_ELSEWHERE/);
});

test('rows that name no patients are no second revision, and share no population', async (t) => {
  const hospital = PopulationHospital.open(t);
  const anonymous = { ...DICTIONARY, patientId: null };
  hospital.register(await hospital.prepare(60, { dictionary: anonymous }), anonymous);
  await assert.rejects(hospital.prepare(61, { dictionary: anonymous }), /TRAINER_IDS_REQUIRED/);
  const shared = { datasetId: 'lungs', populationId: 'hearts', dictionary: anonymous };
  await assert.rejects(hospital.prepare(60, shared), /TRAINER_IDS_REQUIRED/);
  // A revision without the column of ids.
  const named = { datasetId: 'named', name: 'named.csv' };
  hospital.register(await hospital.prepare(people(100, 160), named));
  const path = hospital.write([], 'named.csv');
  writeFileSync(path, 'age,smoker,ill\n50,0,1\n');
  const request = { datasetId: 'named', path, dictionary: DICTIONARY };
  const context = { ...hospital.context, attempts: new DailyLimit(Date.now) };
  await assert.rejects(prepareDataset(context, request, 'a steward'), DataError);
});

test('an older folder copied back is refused by name, before a patient is counted as new', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  await recordRevisions(hospital.context);
  hospital.copyFolder('older');
  hospital.revise(await hospital.prepare(100));
  await recordRevisions(hospital.context);
  hospital.restoreFolder('older');
  const again = hospital.prepare(120);
  await assert.rejects(again, /TRAINER_REGISTER_DIFFERS: the ledger has block 2 .*restore the newest copy/);
  const consent = hospital.consent({ revision: 2, blocks: [{ block: 2, recordCountBand: band(10, 49) }] });
  await assert.rejects(hospital.give(consent), /TRAINER_REGISTER_DIFFERS: this folder lacks revision 2/);
});

test('a folder without the salt of a population on the ledger draws no other one', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.copyFolder('empty');
  hospital.register(await hospital.prepare(60));
  hospital.restoreFolder('empty');
  await assert.rejects(hospital.prepare(60), /TRAINER_REGISTER_DIFFERS: .*no salt/);
});

test('a block whose file is changed or gone is found out, with the remedy', async (t) => {
  const hospital = PopulationHospital.open(t);
  const { newBlock } = await hospital.prepare(60).then((prepared) => {
    hospital.register(prepared);
    return prepared;
  });
  await recordRevisions(hospital.context);
  const path = hospital.journal.blockPath(newBlock!.patientsSha256);
  const bytes = readFileSync(path);
  bytes[5]! ^= 1;
  writeFileSync(path, bytes);
  await assert.rejects(hospital.prepare(100), /TRAINER_JOURNAL_DAMAGED: .*restore the newest copy/);
});

test('a revision that the ledger has otherwise than it was prepared is not used', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const { newBlock: _, ...hidden } = await hospital.prepare(100);
  hospital.revise(hidden);
  const consent = hospital.consent({ revision: 2, blocks: [...hidden.blocks!] });
  await assert.rejects(hospital.give(consent), /TRAINER_REGISTER_DIFFERS/);
  const again = await hospital.prepare(100);
  assert.deepEqual([again.newBlock?.block], [2], 'those patients are still in no block');
});

test('a study goes on with the revision and the blocks it was consented to, while the file changes', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const first = hospital.consent();
  const before = await hospital.give(first);
  assert.equal(totalOf(before), 60);
  hospital.revise(await hospital.prepare(100));
  const second = hospital.consent({
    studyId: 'later',
    revision: 2,
    blocks: [{ block: 2, recordCountBand: band(10, 49) }],
  });
  const later = await hospital.give(second);
  assert.equal(totalOf(later), 40);
  assert.equal(later.bandSize, 0.8 * bandWeight(band(10, 49)));
  const both = await hospital.give({
    ...second,
    blocks: [
      { block: 1, recordCountBand: band(50, 99) },
      { block: 2, recordCountBand: band(10, 49) },
    ],
  });
  assert.equal(totalOf(both), 100);
  assert.equal(both.bandSize, 0.8 * (bandWeight(band(50, 99)) + bandWeight(band(10, 49))));
  const { training, heldOut } = sizesOf(both);
  const [one, other] = [sizesOf(before), sizesOf(later)];
  assert.deepEqual([training, heldOut], [one.training + other.training, one.heldOut + other.heldOut]);
  const again = await hospital.give(first);
  assert.deepEqual([again.training, again.heldOut], [before.training, before.heldOut]);
  assert.equal(again.bandSize, 0.8 * bandWeight(band(50, 99)));
});

test('the copy of a revision is kept while an unsettled consent names it, and removed after', async (t) => {
  const hospital = PopulationHospital.open(t);
  const { journal } = hospital;
  hospital.register(await hospital.prepare(60));
  const consent = hospital.consent({ state: 'withdrawn' });
  // Without p0.
  hospital.revise(await hospital.prepare(people(1, 100)));
  await recordRevisions(hospital.context);
  assert.equal(readdirSync(journal.copiesDirectory).length, 2);
  assert.equal(totalOf(await hospital.give(consent)), 60);
  hospital.consent({ ...consent, state: 'settled' });
  await removeUnused(hospital.context);
  assert.deepEqual(readdirSync(journal.copiesDirectory), [
    journal.revision({ datasetId: 'hearts', revision: 2 })!.copy,
  ]);
  await assert.rejects(hospital.give(consent), /TRAINER_DATASET_CHANGED: .*revision 1 .*restore it/);
});

test('a dataset from before is a population of one block, with its split and its commitment', async (t) => {
  const hospital = PopulationHospital.open(t);
  const prepared = await hospital.prepare(60);
  hospital.register(prepared);
  const { salt, commitment, ...row } = hospital.journal.dataset('hearts')!;
  // The ledger and the folder as a version before left them.
  const { people: known } = hospital.consortium;
  for (const rows of [known.populations, known.blocks, known.revisions]) rows.clear();
  hospital.journal.dropRevision({ datasetId: 'hearts', revision: 1 });
  hospital.journal.saveDataset({ ...row, salt, commitment });
  const consent = hospital.consent();
  const before = await hospital.give(consent);
  assert.equal(totalOf(before), 60);
  await adoptAll(hospital.context);
  const { patients, block } = hospital.journal.blocks('hearts')[0]!;
  assert.deepEqual([patients, block], [60, 1]);
  const after = await hospital.give(consent);
  assert.deepEqual([after.training, after.heldOut], [before.training, before.heldOut]);
  assert.deepEqual(hospital.journal.populationSalt('hearts'), salt);
  const next = await hospital.prepare(100);
  assert.deepEqual([next.newBlock?.block, next.revision], [2, 2]);
});

test('a dataset from before whose file is gone asks for that file before the next', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const { people: known } = hospital.consortium;
  for (const rows of [known.populations, known.blocks, known.revisions]) rows.clear();
  hospital.journal.dropRevision({ datasetId: 'hearts', revision: 1 });
  await assert.rejects(hospital.prepare(100), /TRAINER_DATASET_CHANGED: .*prepare that file once more/);
  await hospital.prepare(60);
  assert.equal((await hospital.prepare(100)).newBlock?.block, 2);
});

test('a crash between the preparation and the ledger loses nothing, and a second preparation takes its place', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  await hospital.prepare(100);
  const second = await hospital.prepare(110);
  hospital.copyFolder('after the crash');
  hospital.restoreFolder('after the crash');
  hospital.revise(second);
  await recordRevisions(hospital.context);
  assert.deepEqual(
    hospital.journal.blocks('hearts').map(({ patients }) => patients),
    [60, 50],
  );
  assert.equal(readdirSync(hospital.journal.peopleDirectory).length, 2);
});

test('a file that writes the same ids otherwise opens no block for the same people', async (t) => {
  const hospital = PopulationHospital.open(t);
  const attempts = new DailyLimit(() => hospital.nowMs);
  const write = (ids: readonly string[]) => {
    const path = hospital.write([], 'ids.csv');
    writeFileSync(path, `id,age,smoker,ill\n${ids.map((id) => `${id},30,0,1`).join('\n')}\n`);
    return prepareDataset(
      { ...hospital.context, attempts },
      { datasetId: 'hearts', path, dictionary: DICTIONARY },
      'a steward',
    );
  };
  const numbers = Array.from({ length: 30 }, (_, i) => `${100 + i}`);
  const names = ['Zoë', 'Ünal', 'café'].map((name) => name.normalize('NFC'));
  hospital.register(await write([...numbers, ...names, 'A 1', 'a2', '007']));
  const refused = /TRAINER_IDS_RESPELLED: .*write the ids as they were/;
  for (const ids of [
    numbers.map((id) => `${id}.0`),
    numbers.map((id) => id.padStart(8, '0')),
    [...names.map((name) => name.normalize('NFD')), 'a1', 'A2', '7', ...numbers.slice(0, 5)],
  ]) {
    await assert.rejects(write(ids), refused);
  }
  const fresh = Array.from({ length: 12 }, (_, i) => `${300 + i}`);
  const { newBlock, notes } = await write([...numbers, ...names, 'A 1', 'a2', ...fresh, '7']);
  assert.equal(newBlock?.block, 2);
  assert.match(notes.join(), /^1 of the first 13 new ids are known by another spelling/);
  const elsewhere = { datasetId: 'lungs', dictionary: DICTIONARY, path: hospital.write([], 'lungs.csv') };
  writeFileSync(elsewhere.path, `id,age,smoker,ill\n${numbers.map((id) => `0${id},30,0,1`).join('\n')}\n`);
  await assert.rejects(prepareDataset({ ...hospital.context, attempts }, elsewhere, 'a steward'), refused);
});
