// What a withdrawal asks of every hospital that could read the dataset's updates.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { eraseUpdates, listOwedErasures } from '../actions/erase-updates.ts';
import { ArtefactError, type ArtefactRef, MemoryArtefactStore } from '../artefacts/index.ts';
import { askAs } from '../testing/asserted-request.ts';
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

const DAY_MS = 86_400_000;

describe('erasing after a withdrawal', () => {
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
      consortium.erasures
        .map(({ mspId, datasetId, artefacts }) => [
          mspId,
          datasetId,
          // Which key it was sealed to is for study-keys.test.ts.
          artefacts.map(({ keysDestroyed: _, ...artefact }) => artefact),
        ])
        .sort(),
      ['A', 'B', 'C'].map((mspId) => [mspId, 'c-data', [{ round: 1, sha256, unpinned: true }]]),
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

  it('what is owed, and what is overdue, is in the status until it is done, after the study too', async () => {
    const store = new ForgetfulStore();
    store.failures = Number.POSITIVE_INFINITY;
    const world = await smallConsortium({ directory: join(directory, '2'), store, study: { rounds: 2 } });
    const { consortium } = world;
    let [isWithdrawn, laterMs] = [false, 0];
    const afterStep = (step: string) => {
      if (step !== 'round:attest: on the ledger' || isWithdrawn) return;
      isWithdrawn = true;
      consortium.setConsent('study', 'c-data', 'withdrawn');
    };
    running = runTrainers(world, ({ mspId }) => ({
      store,
      nowMs: () => Date.now() + laterMs,
      ...(mspId === 'A' && { afterStep }),
    }));
    await running.until(() => consortium.consentsOf('study').every(({ state }) => state === 'settled'));
    const { http, service } = running.trainers.get('A')!;
    const board = () => service.board.list();
    await running.until(() => board()[0]?.stage === 'erasing' && board()[0]!.error !== undefined);
    const { withdrawnAt } = consortium.consents.get('study/c-data')!;
    const dueAt = new Date(Date.parse(withdrawnAt!) + 30 * DAY_MS).toISOString();
    const status = async () => {
      const answer = await askAs(http, 'operator', { url: '/local/jobs' });
      const [{ startedAt: _, error, ...job }] = answer.json();
      return { ...job, code: error.code };
    };
    const owed = { studyId: 'study', round: null, stage: 'erasing', code: 'TRAINER_IPFS_UNREACHABLE' };
    const erasure = { datasetId: 'c-data', dueAt };
    assert.deepEqual(await status(), { ...owed, erasures: [{ ...erasure, overdue: false }] });
    laterMs = 31 * DAY_MS;
    assert.deepEqual(await status(), { ...owed, erasures: [{ ...erasure, overdue: true }] });
    assert.deepEqual(consortium.erasures, [], 'what failed is not attested');
    store.failures = 0;
    await running.until(() => consortium.erasures.length === 3 && board().length === 0);
  });

  it('a consent that is withdrawn after the study ended is followed at once, and until it is done', async () => {
    const store = new ForgetfulStore();
    const world = await smallConsortium({ directory: join(directory, '3'), store, study: { rounds: 1 } });
    const { consortium } = world;
    running = runTrainers(world, () => ({ store }));
    const { trainers, until } = running;
    await until(() => consortium.studies.get('study')?.state === 'completed');
    await until(() => consortium.consentsOf('study').every(({ state }) => state === 'settled'));
    await until(() => [...trainers.values()].every(({ service }) => service.board.list().length === 0));
    assert.deepEqual(consortium.erasures, []);
    store.failures = 5;
    consortium.withdrawSettled('study', 'c-data');
    await until(() => consortium.erasures.length === 3);
    assert.deepEqual(consortium.erasures.map(({ mspId }) => mspId).sort(), ['A', 'B', 'C']);
    assert.ok(store.failures <= 0);
  });

  it('lets go of nothing else that a dishonest hospital names as its update', async () => {
    const store = new ForgetfulStore();
    const world = await smallConsortium({ directory: join(directory, '4'), store, study: { rounds: 1 } });
    const { consortium } = world;
    running = runTrainers(world, () => ({ store }));
    await running.until(() => consortium.consentsOf('study').every(({ state }) => state === 'settled'));
    const { artefact } = consortium.models.get('study')!.parameters;
    const dossier = consortium.dossier('study', 1);
    const [own, theirs] = ['b-data', 'c-data'].map(
      (datasetId) => dossier.updates.find((update) => update.datasetId === datasetId)!,
    );
    const context = running.trainers.get('B')!.context;
    consortium.consents.set('study/c-data', {
      ...consortium.consents.get('study/c-data')!,
      withdrawnAt: new Date().toISOString(),
    });
    for (const named of [artefact, own!.artefact]) {
      const updates = dossier.updates.map((update) =>
        update === theirs ? { ...theirs, artefact: named } : update,
      );
      consortium.rounds.set('study/1', { ...dossier, updates });
      const owed = await listOwedErasures(context, 'study');
      assert.deepEqual(await eraseUpdates(context, 'study', owed), []);
      consortium.erasures.length = 0;
      assert.ok(!store.unpinned.includes(named.cid));
    }
    store.collect();
    await store.get(artefact);
    await store.get(own!.artefact);
  });
});
