// One draw for one charge, where two ask for it at once.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { pino } from 'pino';
import { Journal } from '../journal/journal.ts';
import type { ReleaseKey } from '../journal/journal-records.ts';
import { drawOnce, type Mechanism } from './draw-once.ts';
import type { TrainerContext } from './trainer-context.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-draw-'));
after(() => rmSync(directory, { recursive: true }));

it('takes no beginning back that is another draw’s, so that this one is still an outcome', async () => {
  using journal = new Journal(directory);
  const key: ReleaseKey = { studyId: 'study', round: 1, datasetId: 'a-data', pool: 'training' };
  const context = {
    journal,
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    nowMs: Date.now,
    afterStep: () => undefined,
  } as unknown as TrainerContext;
  const { promise: prepared, resolve: prepare } = Promise.withResolvers<void>();
  const mechanism: Mechanism = {
    key,
    work: 'train',
    async onPatients(onDrawing) {
      await prepared;
      onDrawing();
      return new Promise(() => undefined);
    },
    onNobody: () => Promise.reject(new Error('not here')),
  };
  void drawOnce(context, mechanism);
  const second = drawOnce(context, mechanism);
  prepare();
  await assert.rejects(second, { code: 'TRAINER_RELEASE_SPENT' });
  assert.equal(journal.drawOutcome(key), 'begun');
});
