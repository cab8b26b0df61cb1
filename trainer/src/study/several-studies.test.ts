import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { smallConsortium } from '../testing/small-consortium.ts';

it('trainers carry several studies at once, one of them stuck', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-studies-'));
  const store = new MemoryArtefactStore();
  const world = await smallConsortium({ directory, store, study: { rounds: 1 } });
  const { consortium, study } = world;
  const names = ['first', 'second', 'stuck'];
  const consentsOfTheFirst = consortium.consentsOf(study.studyId);
  for (const studyId of names) {
    // A norm bound that no update meets: its round is aborted and it never has a model.
    const aggregation = { ...study.aggregation, maxUpdateNormL2: studyId === 'stuck' ? '0.000001' : '100' };
    consortium.studies.set(studyId, { ...study, studyId, aggregation });
    for (const consent of consentsOfTheFirst) {
      consortium.consents.set(`${studyId}/${consent.datasetId}`, { ...consent, studyId });
    }
  }
  consortium.studies.delete(study.studyId);
  for (const { datasetId } of consentsOfTheFirst) consortium.consents.delete(`${study.studyId}/${datasetId}`);
  const running = runTrainers(world, () => ({ store }));
  const board = () => running.trainers.get('A')!.service.board.list();
  try {
    await running.until(
      () =>
        ['first', 'second'].every((id) =>
          consortium.consentsOf(id).every(({ state }) => state === 'settled'),
        ) &&
        consortium.rounds.get('stuck/1')?.round.state === 'aborted' &&
        board().length === 1 &&
        board()[0]?.stage.startsWith('waiting') === true,
    );
    assert.deepEqual(
      board().map(({ studyId, stage }) => `${studyId}: ${stage}`),
      ['stuck: waiting: no round was finalised: only the requester can end it'],
    );
    assert.ok(['first', 'second'].every((id) => consortium.models.has(id)));
    assert.ok(!consortium.models.has('stuck'));
    const training = consortium.charges.filter(({ pool }) => pool === 'training');
    assert.equal(training.length, 3 * 3, 'each dataset once in each study');
  } finally {
    await running.stop();
    rmSync(directory, { recursive: true });
  }
});
