// What several callers at once, a steward who sends another preparation than the last, and an older folder do to a
// register of patients.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { Ledger } from '../gateway/gateway-client.ts';
import { PopulationHospital, totalOf } from '../testing/population-hospital.ts';
import { removeUnnamed } from './kept-files.ts';
import { recordRevisions } from './register.ts';
import { withdrawPatients } from './withdraw-patients.ts';

/** The patients from p(first) up to p(end). */
const people = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => `p${first + i}`);

/** A ledger whose answer on revisions waits. */
function slowly(ledger: Ledger) {
  const asked = Promise.withResolvers<void>();
  const answers = Promise.withResolvers<void>();
  const listRevisions = async (datasetId: string) => {
    asked.resolve();
    await answers.promise;
    return ledger.listRevisions(datasetId);
  };
  return { ledger: { ...ledger, listRevisions }, asked: asked.promise, answer: () => answers.resolve() };
}

test('two studies that bring the register up to date at once open its block once', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  await Promise.all([recordRevisions(hospital.context), recordRevisions(hospital.context)]);
  assert.deepEqual(
    hospital.journal.blocks('hearts').map(({ patients }) => patients),
    [60],
  );
});

test('a preparation that replaces the one which the ledger is asked about is not recorded in its place', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const first = await hospital.prepare(people(1, 60));
  const { ledger, asked, answer } = slowly(hospital.context.ledger);
  const before = hospital.context;
  hospital.consortium.people.revisions.set('hearts', [...hospital.consortium.people.revisionsOf('hearts')]);
  const dataset = hospital.consortium.datasets.get('hearts')!;
  hospital.consortium.datasets.set('hearts', { ...dataset, revision: 2 });
  const recording = recordRevisions({ ...before, ledger });
  await asked;
  hospital.consortium.datasets.set('hearts', dataset);
  await hospital.prepare(people(2, 60));
  hospital.revise(first);
  answer();
  await recording;
  const { state, commitment } = hospital.journal.revision({ datasetId: 'hearts', revision: 2 })!;
  assert.equal(state, 'pending');
  assert.notEqual(commitment, first.commitment);
});

test('a revision that a study records while a file is read opens no block twice', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const second = await hospital.prepare(100);
  const { journal } = hospital;
  const { withdrawn } = journal;
  let isFirst = true;
  // What each read begins with.
  journal.withdrawn = (populationId) => {
    if (isFirst) {
      isFirst = false;
      hospital.revise(second);
      journal.recordRevision({ datasetId: 'hearts', revision: 2 });
    }
    return withdrawn.call(journal, populationId);
  };
  const third = await hospital.prepare(['p200', ...people(0, 115)]);
  assert.deepEqual([third.revision, third.newBlock?.block], [3, 3]);
  hospital.revise(third);
  await recordRevisions(hospital.context);
  assert.deepEqual(
    journal.blocks('hearts').map(({ patients }) => patients),
    [60, 40, 16],
  );
});

test('files of a register are not removed while another caller removes what nothing names', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const { journal } = hospital;
  let isOver = false;
  const removing = (async () => {
    while (!isOver) await removeUnnamed(journal);
  })();
  try {
    for (let year = 1; year < 6; year++) {
      const prepared = await hospital.prepare(60 + 20 * year, { name: `${year}.csv` });
      hospital.revise(prepared);
      await recordRevisions(hospital.context);
      const { copy } = journal.presentRevision('hearts')!;
      assert.ok(existsSync(journal.copyPath(copy!)), `copy of ${year}`);
      assert.ok(existsSync(journal.blockPath(prepared.newBlock!.patientsSha256)), `block of ${year}`);
    }
  } finally {
    isOver = true;
    await removing;
  }
});

test('where another preparation than the last one was sent, preparing that file again brings it back', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const first = await hospital.prepare(100);
  await hospital.prepare(110);
  hospital.revise(first);
  await withdrawPatients(hospital.context, { populationId: 'hearts', patients: ['p7'] }, 'a steward');
  await assert.rejects(hospital.prepare(110), /TRAINER_REGISTER_DIFFERS: .*block 2 .*once more/);
  const { revision, notes } = await hospital.prepare(100);
  assert.equal(revision, 2);
  assert.match(notes.join(), /The ledger has these rows as revision 2/);
  const all = [...first.blocks!, { block: 2, recordCountBand: first.newBlock!.recordCountBand }];
  assert.equal(totalOf(await hospital.give(hospital.consent({ revision: 2, blocks: all }))), 99);
  const next = await hospital.prepare(110);
  assert.deepEqual([next.revision, next.newBlock?.block, next.removed], [3, 3, true]);
});

test('so it does for the first preparation of a dataset, and for one that opens no block', async (t) => {
  const hospital = PopulationHospital.open(t);
  const first = await hospital.prepare(60);
  await hospital.prepare(70);
  hospital.register(first);
  await hospital.prepare(60);
  assert.equal(totalOf(await hospital.give(hospital.consent())), 60);
  const second = await hospital.prepare(people(1, 60));
  await hospital.prepare(people(2, 60));
  hospital.revise(second);
  await hospital.prepare(people(1, 60));
  hospital.revise(await hospital.prepare(people(2, 60)));
  const blocks = [{ block: 1, recordCountBand: second.recordCountBand }];
  assert.equal(totalOf(await hospital.give(hospital.consent({ revision: 3, blocks }))), 58);
});

test('an older folder draws for no study once somebody is gone from a revision that it lacks', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  await recordRevisions(hospital.context);
  hospital.copyFolder('older');
  await withdrawPatients(hospital.context, { populationId: 'hearts', patients: ['p5'] }, 'a steward');
  const consent = hospital.consent();
  hospital.revise(await hospital.prepare(60));
  assert.equal(totalOf(await hospital.give(consent)), 59);
  hospital.restoreFolder('older');
  await assert.rejects(
    hospital.give(consent),
    /TRAINER_REGISTER_DIFFERS: from revision 2 of hearts somebody/,
  );
  await withdrawPatients(hospital.context, { populationId: 'hearts', patients: ['p5'] }, 'a steward');
  await hospital.prepare(60);
  assert.equal(totalOf(await hospital.give(consent)), 59);
});
