import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDataset, splitPatients } from './data/index.ts';
import { DataFiles } from './data-files.ts';
import { heldOutPatients } from './local-datasets.ts';
import { csvOf, DICTIONARY } from './testing/small-consortium.ts';

test('held-out patients are named by the numbers of their rows, and by their ids only where those are asked for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-held-out-'));
  const path = join(directory, 'own.csv');
  // Each row twice, one half of the file apart.
  const [header, ...lines] = csvOf(1, 40).trimEnd().split('\n');
  writeFileSync(path, [header, ...lines, ...lines, ''].join('\n'));
  const dataFiles = new DataFiles({ folders: [directory] });
  const salt = new Uint8Array(32).fill(3);
  const two = { ...DICTIONARY, maxRowsPerPatient: 2 * DICTIONARY.maxRowsPerPatient };
  const heldOut = (dictionary: typeof DICTIONARY, as: 'rows' | 'ids') => {
    const dataset = () => ({
      datasetId: 'own',
      path,
      dictionary,
      salt,
      commitment: '',
      recordCountBand: BAND,
    });
    const ledger = { getDataset: async () => ({ commitment: registered, dictionary }) as Dataset };
    return heldOutPatients({ journal: { dataset }, dataFiles, ledger }, { datasetId: 'own', as });
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
  const { units } = await readDataset({ path, dictionary: anonymous });
  const { rows } = (await heldOut(anonymous, 'rows')) as { rows: number[] };
  assert.deepEqual(
    rows.map((number) => units[number - 1]),
    splitPatients(salt, units).heldOut,
  );
  await assert.rejects(heldOut(anonymous, 'ids'), /TRAINER_INPUT_INVALID: the file has no ids/);
  rmSync(directory, { recursive: true });
});

const BAND = { low: 10, high: 49 } as const;
