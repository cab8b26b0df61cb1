import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { Dataset } from '@consilium/domain';
import { GatewayProblem } from '../gateway/gateway-client.ts';
import { csvOf, DICTIONARY } from '../testing/small-consortium.ts';
import { DataFiles } from './data-files.ts';
import { type HeldOut, heldOutPatients, heldOutText } from './held-out-patients.ts';
import { heldOutFlags, readDataset } from './index.ts';

const piecesOf = (text: AsyncIterable<string>): Promise<string[]> => Readable.from(text).toArray();

test('held-out patients are named by the numbers of their rows, and by their ids only where those are asked for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-held-out-'));
  const path = join(directory, 'own.csv');
  // Each row twice, one half of the file apart.
  const [header, ...lines] = csvOf(1, 40).trimEnd().split('\n');
  writeFileSync(path, [header, ...lines, ...lines, ''].join('\n'));
  const dataFiles = new DataFiles({ folders: [directory] });
  const salt = new Uint8Array(32).fill(3);
  const two = { ...DICTIONARY, maxRowsPerPatient: 2 * DICTIONARY.maxRowsPerPatient };
  const heldOut = async (dictionary: typeof DICTIONARY, as: 'rows' | 'ids') => {
    const dataset = () => ({
      datasetId: 'own',
      path,
      dictionary,
      salt,
      commitment: '',
      recordCountBand: BAND,
    });
    const ledger = { getDataset: async () => ({ commitment: '', dictionary }) as Dataset };
    const found = await heldOutPatients(
      { journal: { dataset }, dataFiles, ledger },
      { datasetId: 'own', as },
    );
    return JSON.parse((await piecesOf(heldOutText(found))).join(''));
  };
  const { patients } = (await heldOut(two, 'ids')) as { patients: string[] };
  assert.ok(patients.length > 0 && patients.every((id) => /^p\d+$/.test(id)));
  const answer = (await heldOut(two, 'rows')) as { rows: number[] };
  assert.deepEqual(Object.keys(answer), ['rows']);
  const ids = [...lines, ...lines].map((line) => line.split(',')[0] ?? '');
  assert.deepEqual(
    answer.rows.map((number) => ids[number - 1]),
    ids.filter((id) => patients.includes(id)),
  );

  const anonymous = { ...DICTIONARY, patientId: null };
  const dataset = await readDataset({ path, dictionary: anonymous });
  const { rows } = (await heldOut(anonymous, 'rows')) as { rows: number[] };
  const flags = heldOutFlags(salt, dataset.patients);
  assert.ok(rows.length > 0);
  assert.deepEqual(
    rows,
    [...dataset.patientOfRow.keys()]
      .filter((row) => flags[dataset.patientOfRow[row]!] === 1)
      .map((row) => row + 1),
  );
  await assert.rejects(heldOut(anonymous, 'ids'), /TRAINER_INPUT_INVALID: the file has no ids/);
  rmSync(directory, { recursive: true });
});

test('ids are answered for a dataset whose dictionary everyone can see, and for no other', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-ids-'));
  const path = join(directory, 'own.csv');
  writeFileSync(path, csvOf(1, 40));
  const salt = new Uint8Array(32).fill(3);
  const prepared = {
    datasetId: 'own',
    path,
    // A column of the file is passed off as that of ids.
    dictionary: { ...DICTIONARY, patientId: 'smoker', maxRowsPerPatient: 100 },
    salt,
    commitment: 'of the invented dictionary',
    recordCountBand: BAND,
  };
  const context = (getDataset: () => Promise<Dataset>) => ({
    journal: { dataset: () => prepared },
    dataFiles: new DataFiles({ folders: [directory] }),
    ledger: { getDataset },
  });
  const asked = { datasetId: 'own', as: 'ids' } as const;
  const absent = async (): Promise<Dataset> => {
    throw new GatewayProblem({ status: 404, code: 'DATASET_NOT_FOUND', detail: 'there is none' });
  };
  await assert.rejects(heldOutPatients(context(absent), asked), /DATASET_NOT_FOUND/);
  const another = async () => ({ commitment: 'of the registered dictionary' }) as Dataset;
  await assert.rejects(heldOutPatients(context(another), asked), /TRAINER_DATASET_CHANGED/);
  rmSync(directory, { recursive: true });
});

const BAND = { low: 10, high: 49 } as const;

test('an answer of a million numbers is the same text, in pieces between which others have their turn', async () => {
  const rows = function* () {
    for (let row = 1; row <= 1_000_000; row++) yield row;
  };
  const written = heldOutText({ rows: rows() });
  let [turns, isDone] = [0, false];
  const others = () => {
    turns += 1;
    if (!isDone) setImmediate(others);
  };
  setImmediate(others);
  const pieces = await piecesOf(written);
  isDone = true;
  assert.ok(turns > 100, `${turns} turns`);
  assert.ok(pieces.every((piece) => piece.length < 2 ** 16));
  assert.equal(pieces.join(''), JSON.stringify({ rows: [...rows()] }));
});

test('the answer is JSON whatever the ids are, and where nobody is held out', async () => {
  const textOf = async (held: HeldOut) => (await piecesOf(heldOutText(held))).join('');
  const patients = ['a"b', '\u2028', 'ü'];
  assert.equal(await textOf({ patients }), JSON.stringify({ patients }));
  assert.equal(await textOf({ rows: [] }), '{"rows":[]}');
  const many = Array.from({ length: 4096 }, (_, i) => i);
  assert.equal(await textOf({ rows: many }), JSON.stringify({ rows: many }));
});
