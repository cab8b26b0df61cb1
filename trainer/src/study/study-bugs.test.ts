// What a bug in one study's runner does to the others.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pino } from 'pino';
import { aStudy } from '../testing/study-rows.ts';
import { TrainerService } from './drive-studies.ts';
import type { TrainerContext } from './trainer-context.ts';

it('a bug in one study is in the log at once, while the other studies go on', async () => {
  const stopping = new AbortController();
  const { promise: logged, resolve } = Promise.withResolvers<string>();
  const log = pino({ level: 'error' }, { write: (line) => resolve(line) });
  const context = {
    mspId: 'A',
    signal: stopping.signal,
    nowMs: Date.now,
    log,
    onProgress: () => undefined,
    journal: {
      undelivered: () => [],
      datasets: () => [],
      revisions: () => [],
      barredBecause: () => undefined,
    },
    ledger: {
      listConsentedStudies: async () => ['broken', 'sound'],
      listOpenConsents: async () => ['broken', 'sound'],
      listConsents: async () => [],
      getStudy: async (studyId: string) => {
        assert.notEqual(studyId, 'broken', 'a bug');
        return { ...aStudy(), studyId, state: 'proposed' };
      },
    },
  } as unknown as TrainerContext;
  const service = new TrainerService(context, { takeoverMs: 1000, pollMs: 1000 });
  let hasEnded = false;
  const run = service.run().finally(() => {
    hasEnded = true;
  });
  const failed = assert.rejects(run, /a bug/);
  assert.match(await logged, /"studyId":"broken".*a bug/);
  assert.equal(hasEnded, false);
  assert.ok(service.board.list().some(({ studyId }) => studyId === 'sound'));
  stopping.abort();
  await failed;
});
