// What a withdrawal asks of every hospital that could read the dataset's updates.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { ArtefactError, type ArtefactRef, MemoryArtefactStore } from '../artefacts/index.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { smallConsortium } from '../testing/small-consortium.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-erasure-'));
after(() => rmSync(directory, { recursive: true }));

/** A store that can fail to unpin. */
class ForgetfulStore extends MemoryArtefactStore {
  readonly unpinned: string[] = [];
  failures = 0;

  override async unpin(cid: string): Promise<void> {
    if (this.failures-- > 0) throw new ArtefactError('ARTEFACT_STORE_UNREACHABLE');
    this.unpinned.push(cid);
    await super.unpin(cid);
  }
}

describe('erasing after a withdrawal', { timeout: 280_000 }, () => {
  let running: RunningConsortium | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  it('every hospital unpins the updates, drops their bytes and says so, once no round needs them', async () => {
    const store = new ForgetfulStore();
    store.failures = 2;
    const world = await smallConsortium({ directory: join(directory, '1'), store, study: { rounds: 2 } });
    const { consortium } = world;
    let withdrawnIn = 0;
    const afterStep = (step: string) => {
      if (step !== 'round:attest: on the ledger' || withdrawnIn > 0) return;
      withdrawnIn = 1;
      consortium.setConsent('study', 'c-data', 'withdrawn');
      assert.throws(
        () =>
          consortium.submit('A', {
            name: 'study:attestErasure',
            argument: {
              ...{ studyId: 'study', datasetId: 'c-data' },
              artefacts: [{ round: 1, sha256: 'a'.repeat(64), unpinned: true, keysDestroyed: false }],
            },
            key: 'too early',
          }),
        /ERASURE_EARLY/,
      );
    };
    running = runTrainers(world, ({ mspId }) => ({ store, ...(mspId === 'A' && { afterStep }) }));
    await running.until(() => consortium.erasures.length === 3);
    await running.until(() => consortium.consentsOf('study').every(({ state }) => state === 'settled'));
    const update = consortium.dossier('study', 1).updates.find(({ datasetId }) => datasetId === 'c-data')!;
    const { sha256, cid }: ArtefactRef = update.artefact;
    assert.deepEqual(
      consortium.erasures.map(({ mspId, datasetId, artefacts }) => [mspId, datasetId, artefacts]).sort(),
      ['A', 'B', 'C'].map((mspId) => [
        mspId,
        'c-data',
        // The member's one key is the one that others seal to: it stays, and so does that word.
        [{ round: 1, sha256, unpinned: true, keysDestroyed: false }],
      ]),
    );
    assert.ok(store.unpinned.includes(cid));
    const { journal } = running.trainers.get('C')!;
    assert.equal(journal.sealed({ studyId: 'study', round: 1, subject: 'c-data' }), undefined);
    const release = journal.release({ studyId: 'study', round: 1, datasetId: 'c-data', pool: 'training' })!;
    assert.deepEqual([release.payload.length, release.payloadSha256], [0, update.plaintextSha256]);
    store.collect();
    await assert.rejects(store.get(update.artefact), /ARTEFACT_UNREACHABLE/, 'nobody keeps it any more');
    assert.equal(consortium.studies.get('study')?.state, 'completed', 'the others go on');
  });
});
