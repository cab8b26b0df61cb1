import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArtefactError } from '../artefacts/index.ts';
import type { Job } from '../study/job-board.ts';
import { TrainerMetrics } from './trainer-metrics.ts';

const job: Job = { studyId: 'heart', round: 1, stage: 'training', startedAt: '2026-03-01T08:00:00.000Z' };
const failing: Job = {
  ...job,
  studyId: 'lung',
  error: { code: 'X', detail: 'd', attempts: 1, retryAt: null },
  keptKeys: [{ datasetId: 'lung-data', code: 'X', detail: 'd', attempts: 1, retryAt: null }],
};

function metricsOf(unpinned: (cids: readonly string[]) => Promise<string[]>) {
  const clock = { ms: 0 };
  const metrics = new TrainerMetrics({
    board: { list: () => [job, failing] },
    journal: { artefactsForGood: () => ['a', 'b'] },
    store: { unpinnedOf: unpinned },
    log: { warn: () => {} },
    nowMs: () => clock.ms,
  });
  return { metrics, clock };
}

test('jobs, failing ones and artefacts that are not pinned are counted, and nothing is named', async () => {
  let asked = 0;
  const { metrics, clock } = metricsOf(async (cids) => {
    asked += 1;
    return [cids[1]!];
  });
  assert.doesNotMatch(metrics.text(), /unpinned/, 'IPFS is not waited for');
  await metrics.settled();
  const text = metrics.text();
  assert.match(text, /^consilium_trainer_jobs 2$/m);
  assert.match(text, /^consilium_trainer_jobs_failing 1$/m);
  assert.match(text, /^consilium_artefacts_unpinned 1$/m);
  assert.match(text, /^consilium_trainer_kept_keys 1$/m);
  assert.doesNotMatch(text, /heart|lung/);
  assert.equal(asked, 1, 'IPFS is asked once a minute');
  clock.ms = 60_000;
  metrics.text();
  await metrics.settled();
  assert.equal(asked, 2);
});

test('while IPFS does not answer nothing is said of pins, and the rest is', async () => {
  const { metrics } = metricsOf(() => Promise.reject(new ArtefactError('ARTEFACT_STORE_UNREACHABLE')));
  metrics.text();
  await metrics.settled();
  assert.doesNotMatch(metrics.text(), /unpinned/);
  assert.match(metrics.text(), /^consilium_trainer_jobs 2$/m);
});
