import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bandWeight } from '@consilium/domain';
import { pino } from 'pino';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { DataFiles } from '../data/data-files.ts';
import { Journal } from '../journal/journal.ts';
import { smallConsortium } from '../testing/small-consortium.ts';
import { ownDataset } from './own-dataset.ts';

test('means divide by the band on the ledger, present, former or false, and never by the patients of the file', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-trainer-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const { consortium, hospitals } = await smallConsortium({ directory, store: new MemoryArtefactStore() });
  const own = hospitals[0]!;
  const row = consortium.datasets.get(own.datasetId)!;
  using journal = new Journal(own.directory);
  const dataFiles = new DataFiles({ folders: [own.directory] });
  const sizes = new Set<number>();
  for (const recordCountBand of [
    row.recordCountBand,
    { low: 1000, high: 1249 },
    { low: 10_000, high: 49_999 },
  ]) {
    const ledger = { ...consortium.as(own.mspId), getDataset: async () => ({ ...row, recordCountBand }) };
    const dataset = await ownDataset(
      { journal, ledger, dataFiles, mspId: own.mspId, log: pino({ level: 'silent' }) },
      { consent: { studyId: 'study', datasetId: own.datasetId }, unit: 'patient' },
    );
    assert.equal(dataset.bandSize, 0.8 * bandWeight(recordCountBand));
    sizes.add(JSON.stringify(dataset.training).length);
  }
  assert.equal(sizes.size, 1, 'over the same patients');
});
