import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { saltedIdHex } from '../data/salted-ids.ts';
import {
  type PopulationHospital as Hospital,
  PopulationHospital,
  totalOf,
} from '../testing/population-hospital.ts';
import { DICTIONARY } from '../testing/small-consortium.ts';
import { historyOf } from './patient-history.ts';
import { withdrawPatients } from './withdraw-patients.ts';

const withdraw = (hospital: Hospital, ...patients: string[]) =>
  withdrawPatients(hospital.context, { populationId: 'hearts', patients }, 'a steward');

test('a patient who withdrew is in no draw from then on, and the next revision is without them', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const consent = hospital.consent();
  const ready = await hospital.give(consent);
  assert.equal(totalOf(ready), 60);
  ready.requireNobodyWithdrew();
  assert.deepEqual((await withdraw(hospital, ' p7 ', 'p9')).unknown, []);
  assert.throws(() => ready.requireNobodyWithdrew(), /TRAINER_PATIENTS_CHANGED/);
  const next = await hospital.give(consent);
  assert.equal(totalOf(next), 58);
  assert.equal(next.bandSize, ready.bandSize, 'what is divided by stays public');
  const { removed, revision, commitment } = await hospital.prepare(60);
  assert.deepEqual([removed, revision], [true, 2]);
  assert.notEqual(commitment, hospital.consortium.datasets.get('hearts')!.commitment);
});

test('unknown ids are named, kept, and left out should they come', async (t) => {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  const { unknown, notes } = await withdraw(hospital, 'p3', 'nobody', 'p65');
  assert.deepEqual(unknown, ['nobody', 'p65']);
  assert.match(notes.join(), /unknown are kept/);
  const next = await hospital.prepare(80);
  hospital.revise(next);
  const all = [...next.blocks!, { block: 2, recordCountBand: next.newBlock!.recordCountBand }];
  assert.equal(totalOf(await hospital.give(hospital.consent({ revision: 2, blocks: all }))), 78);
});

test('an employee who asks again, or reads the log, does not learn who withdrew', async (t) => {
  const lines: string[] = [];
  const hospital = PopulationHospital.open(
    t,
    pino({ level: 'trace' }, { write: (line) => void lines.push(line) }),
  );
  hospital.register(await hospital.prepare(60));
  const first = await withdraw(hospital, 'p7');
  assert.deepEqual(await withdraw(hospital, 'p7'), first, 'as to one who withdraws now');
  assert.deepEqual(await withdraw(hospital, 'p8'), first);
  await historyOf(hospital.context, { populationId: 'hearts', patient: 'p7' }, 'a steward');
  const salt = hospital.journal.populationSalt('hearts')!;
  const log = lines.join('');
  for (const secret of ['p7', saltedIdHex(salt, 'p7')]) assert.ok(!log.includes(secret), secret);
  assert.match(log, /withdrawal of patients/);
});

test('an unknown population, and one whose files name no patients, are refused by name', async (t) => {
  const hospital = PopulationHospital.open(t);
  const anonymous = { ...DICTIONARY, patientId: null };
  await assert.rejects(withdraw(hospital, 'p1'), /TRAINER_POPULATION_UNKNOWN: .*none yet/);
  hospital.register(await hospital.prepare(60, { dictionary: anonymous }), anonymous);
  await assert.rejects(withdraw(hospital, 'p1'), /TRAINER_IDS_REQUIRED/);
});

test("a patient's history names the studies, rounds and models its records were offered to, and no others", async (t) => {
  const hospital = PopulationHospital.open(t);
  const { journal } = hospital;
  hospital.register(await hospital.prepare(60));
  hospital.revise(await hospital.prepare(100));
  const draw = (studyId: string, round: number, pool: 'training' | 'held-out') => {
    const key = { studyId, round, datasetId: 'hearts', pool };
    journal.beginDraw(key);
    journal.recordRelease(key, { payload: new Uint8Array([round]), subjectSha256: 'a'.repeat(64) });
  };
  await hospital.give(hospital.consent({ studyId: 'old' }));
  const [low, high] = [10, 49];
  const blocks = [{ block: 2, recordCountBand: { low, high } }];
  await hospital.give(hospital.consent({ studyId: 'new', revision: 2, blocks }));
  for (const pool of ['training', 'held-out'] as const) for (const id of ['old', 'new']) draw(id, 1, pool);
  hospital.nowMs = Date.now() + 1;
  const ask = (patient: string) =>
    historyOf(hospital.context, { populationId: 'hearts', patient }, 'a steward');
  const seen = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const { block, pool, studies } = await ask(`p${i}`);
    assert.equal(block, i < 60 ? 1 : 2);
    assert.deepEqual(
      studies.map(({ studyId, revision, rounds }) => [studyId, revision, rounds.length]),
      i < 60 ? [['old', 1, 1]] : [['new', 2, 1]],
    );
    seen.add(pool!);
  }
  assert.equal(seen.size, 2);
  await withdraw(hospital, 'p5');
  hospital.nowMs += 1;
  draw('old', 2, 'training');
  draw('old', 2, 'held-out');
  const [first] = (await ask('p6')).studies;
  assert.equal(first!.rounds.length, 2);
  assert.deepEqual(await ask('nobody'), { populationId: 'hearts', block: null, pool: null, studies: [] });
});

test('a history has the round whose draw went on when the patient withdrew', async (t) => {
  const hospital = PopulationHospital.open(t);
  const { journal } = hospital;
  hospital.register(await hospital.prepare(60));
  await hospital.give(hospital.consent());
  const keys = (['training', 'held-out'] as const).map((pool) => ({
    ...{ studyId: 'study', round: 1, datasetId: 'hearts', pool },
  }));
  hospital.nowMs = Date.now();
  for (const key of keys) journal.beginDraw(key, hospital.nowMs - 1);
  await withdraw(hospital, 'p5');
  for (const key of keys) {
    journal.recordRelease(key, { payload: new Uint8Array([1]), subjectSha256: 'a'.repeat(64) });
  }
  const { studies } = await historyOf(
    hospital.context,
    { populationId: 'hearts', patient: 'p5' },
    'a steward',
  );
  assert.deepEqual(
    studies.map(({ rounds }) => rounds.map(({ round }) => round)),
    [[1]],
  );
});
