// A study's rounds read their file once, and no round ever meets other patients than reading it again would give it.
import assert from 'node:assert/strict';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Consent } from '@consilium/domain';
import { graphEngineInProcess } from '../containment/graph-engine.ts';
import { answerDataTask } from '../data/answer-data-task.ts';
import { DataFiles } from '../data/data-files.ts';
import { saltedIdHex } from '../data/salted-ids.ts';
import { withdrawPatients } from '../people/withdraw-patients.ts';
import { PopulationHospital, sizesOf, totalOf } from '../testing/population-hospital.ts';
import { type OwnDataset, ownDataset } from './own-dataset.ts';

const keptByNobody = new WeakMap<PopulationHospital, DataFiles>();

/** As a trainer would that keeps nothing. */
function readAgain(
  hospital: PopulationHospital,
  consent: Consent,
  unit: 'patient' | 'record' = 'patient',
): Promise<OwnDataset> {
  const dataFiles =
    keptByNobody.get(hospital) ??
    new DataFiles({ folders: [join(hospital.root, 'data')], keptBytes: 0, answer: answerDataTask });
  keptByNobody.set(hospital, dataFiles);
  return ownDataset({ ...hospital.context, dataFiles }, { consent, unit });
}

const unitsOf = ({ training, heldOut }: OwnDataset) => ({ training, heldOut });
const isSame = (one: OwnDataset, other: OwnDataset) => one.training.features === other.training.features;

/** What a hospital gives under a consent, shown to be what reading again gives. */
async function given(
  hospital: PopulationHospital,
  consent: Consent,
  unit: 'patient' | 'record' = 'patient',
): Promise<OwnDataset> {
  const own = await ownDataset(hospital.context, { consent, unit });
  assert.deepEqual(unitsOf(own), unitsOf(await readAgain(hospital, consent, unit)));
  return own;
}

async function registered(t: TestContext): Promise<PopulationHospital> {
  const hospital = PopulationHospital.open(t);
  hospital.register(await hospital.prepare(60));
  return hospital;
}

const copyOf = (hospital: PopulationHospital, revision = 1): string =>
  hospital.journal.copyPath(hospital.journal.revision({ datasetId: 'hearts', revision })!.copy!);

/** Without what the trainer does besides: as if it had died there. */
const writeDown = ({ journal, nowMs }: PopulationHospital, ...patients: string[]) =>
  journal.withdraw(
    'hearts',
    patients.map((id) => saltedIdHex(journal.populationSalt('hearts')!, id)),
    nowMs,
  );

test('the next round on the same patients has what was read for the first, and so has another study', async (t) => {
  const hospital = await registered(t);
  const first = await given(hospital, hospital.consent());
  assert.ok(isSame(first, await given(hospital, hospital.consent())));
  assert.ok(isSame(first, await given(hospital, hospital.consent({ studyId: 'another' }))));
  const none = await readAgain(hospital, hospital.consent());
  assert.ok(!isSame(first, none));
});

test('who withdrew between two rounds is in none of the later ones, whoever withdraws next', async (t) => {
  const hospital = await registered(t);
  const consent = hospital.consent();
  assert.equal(totalOf(await given(hospital, consent)), 60);
  writeDown(hospital, 'p7');
  assert.equal(totalOf(await given(hospital, consent)), 59);
  // As many as before, and others: a count would not tell them apart.
  const before = await given(hospital, consent);
  hospital.journal.transaction(() => {
    writeDown(hospital, 'p8', 'p9');
  });
  const after = await given(hospital, consent);
  assert.equal(totalOf(after), 57);
  assert.throws(() => before.requireNobodyWithdrew(), /TRAINER_PATIENTS_CHANGED/);
  after.requireNobodyWithdrew();
});

test('rows of who withdrew are let go of at once', async (t) => {
  const hospital = await registered(t);
  const first = await given(hospital, hospital.consent());
  let lettingsGo = 0;
  hospital.graphs = {
    ...graphEngineInProcess,
    async letGoOfRows() {
      lettingsGo++;
    },
  };
  await withdrawPatients(hospital.context, { populationId: 'hearts', patients: ['nobody'] }, 'a steward');
  const second = await given(hospital, hospital.consent());
  assert.deepEqual(sizesOf(second), sizesOf(first));
  assert.ok(!isSame(first, second));
  assert.equal(lettingsGo, 1, 'contained processes too');
});

test('a consent to one block has its patients alone, before and after one to both', async (t) => {
  const hospital = await registered(t);
  const next = await hospital.prepare(90);
  hospital.revise(next);
  const both = [...next.blocks!, { block: 2, recordCountBand: next.newBlock!.recordCountBand }];
  const total = async (blocks: NonNullable<Consent['blocks']>) =>
    totalOf(await given(hospital, hospital.consent({ revision: 2, blocks })));
  for (let round = 0; round < 2; round++) {
    assert.equal(await total(both), 90);
    assert.equal(await total(both.slice(0, 1)), 60);
    assert.equal(await total(both.slice(1)), 30);
  }
});

test('a consent to an earlier revision has that revision’s patients, of whatever file both are', async (t) => {
  const hospital = await registered(t);
  const consent = (revision: number) => hospital.consent({ revision });
  assert.equal(totalOf(await given(hospital, consent(1))), 60);
  writeDown(hospital, 'p5');
  // The same bytes, of which somebody is left out.
  hospital.revise(await hospital.prepare(60));
  for (let round = 0; round < 2; round++) {
    for (const revision of [1, 2]) assert.equal(totalOf(await given(hospital, consent(revision))), 59);
  }
  hospital.revise(await hospital.prepare(90));
  assert.equal(totalOf(await given(hospital, consent(3))), 59, 'of the block that is given');
});

test('a file that changed between two rounds is refused, whatever its size, time and place on the disk say', async (t) => {
  const hospital = await registered(t);
  const consent = hospital.consent();
  const first = await given(hospital, consent);
  const path = copyOf(hospital);
  const [bytes, { atime, mtime, ino, size }] = [readFileSync(path), statSync(path)];
  const changed = Buffer.from(bytes);
  changed[bytes.lastIndexOf('0')] = '1'.charCodeAt(0);
  const put = (content: Buffer) => {
    writeFileSync(path, content);
    utimesSync(path, atime, mtime);
    const now = statSync(path);
    assert.deepEqual([now.ino, now.size, now.mtimeMs], [ino, size, mtime.getTime()]);
  };
  put(changed);
  for (let round = 0; round < 2; round++) {
    await assert.rejects(hospital.give(consent), /TRAINER_DATASET_CHANGED/);
  }
  put(bytes);
  assert.deepEqual(unitsOf(await given(hospital, consent)), unitsOf(first));
});

test('units of patients and single rows are apart', async (t) => {
  const hospital = PopulationHospital.open(t);
  const ids = Array.from({ length: 60 }, (_, i) => `p${i}`);
  hospital.register(await hospital.prepare([...ids, ...ids.slice(0, 30)]));
  const consent = hospital.consent();
  for (let round = 0; round < 2; round++) {
    assert.equal(totalOf(await given(hospital, consent, 'patient')), 60);
    assert.equal(totalOf(await given(hospital, consent, 'record')), 90);
  }
});
