// An update that arrives between two scores of one verdict.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { Journal } from '../journal/journal.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { smallConsortium } from '../testing/small-consortium.ts';
import { UnreliableStore } from '../testing/unreliable-store.ts';

it('an update that arrives after a hospital scored one of its datasets does not keep it from scoring the other', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-late-updates-'));
  const store = new UnreliableStore();
  const quorum = { updates: 3, validators: 2 };
  const world = await smallConsortium({ directory, store, study: { rounds: 1, quorum } });
  const { consortium, hospitals } = world;
  const [a, b] = hospitals as [(typeof hospitals)[0], (typeof hospitals)[0]];
  // Both datasets are of A.
  {
    using from = new Journal(b.directory);
    using to = new Journal(a.directory);
    to.saveDataset(from.dataset(b.datasetId)!);
  }
  consortium.datasets.set(b.datasetId, { ...consortium.datasets.get(b.datasetId)!, owner: 'A' });
  const consent = `study/${b.datasetId}`;
  consortium.consents.set(consent, { ...consortium.consents.get(consent)!, owner: 'A' });
  store.afterPut = ({ cid }) => {
    const updates = consortium.rounds.get('study/1')?.updates ?? [];
    if (updates.some(({ datasetId, artefact }) => datasetId === 'c-data' && artefact.cid === cid)) {
      store.lost.add(cid);
    }
  };
  let hasFailed = false;
  const running = runTrainers(world, ({ mspId }) => ({
    store,
    patienceMs: mspId === 'A' ? 0 : 120_000,
    dataFolders: [directory],
    afterStep(step) {
      if (mspId !== 'A' || step !== 'score: written down' || hasFailed) return;
      hasFailed = true;
      store.lost.clear();
      throw new Error('the machine fails between its two scores');
    },
  }));
  try {
    const verdict = () => consortium.rounds.get('study/1')?.verdicts.find(({ mspId }) => mspId === 'A');
    await running.until(() => verdict() !== undefined);
    assert.ok(hasFailed);
    assert.deepEqual(
      verdict()!.scores.map(({ datasetId }) => datasetId),
      ['a-data', 'b-data'],
    );
    assert.deepEqual(
      verdict()!.decisions.map(({ decision }) => decision),
      ['accept', 'accept', 'reject'],
    );
  } finally {
    await running.stop();
    rmSync(directory, { recursive: true });
  }
});
