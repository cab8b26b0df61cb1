import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDataset, splitPatients } from './data/index.ts';
import { heldOutPatients } from './local-datasets.ts';
import { csvOf, DICTIONARY } from './testing/small-consortium.ts';

test('held-out patients are told by id, and by the row’s number where a file has no ids', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-held-out-'));
  const path = join(directory, 'own.csv');
  writeFileSync(path, csvOf(1, 40));
  const salt = new Uint8Array(32).fill(3);
  const told = (dictionary: typeof DICTIONARY) => {
    const dataset = () => ({
      datasetId: 'own',
      path,
      dictionary,
      salt,
      commitment: '',
      recordCountBand: BAND,
    });
    return heldOutPatients({ journal: { dataset } }, 'own');
  };
  const withIds = await told(DICTIONARY);
  assert.ok(withIds.length > 0 && withIds.every((id) => /^p\d+$/.test(id)));

  const anonymous = { ...DICTIONARY, patientId: null };
  const { units } = await readDataset({ path, dictionary: anonymous });
  const numbers = await told(anonymous);
  assert.deepEqual(
    numbers.map((number) => units[Number(number) - 1]),
    splitPatients(salt, units).heldOut,
  );
  rmSync(directory, { recursive: true });
});

const BAND = { low: 10, high: 49 } as const;
