import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAfter } from './backup-command.ts';

const fail = (text: string) => Promise.reject(new Error(text));

test('an organisation starts again whatever becomes of its backup, which is kept if the start fails', async () => {
  let starts = 0;
  const start = async () => {
    starts += 1;
  };
  assert.deepEqual(await startAfter(Promise.resolve('draft'), start), { draft: 'draft', failure: undefined });
  await assert.rejects(startAfter(fail('no room'), start), /no room/);
  assert.equal(starts, 2);
  const kept = await startAfter(Promise.resolve('draft'), () => fail('not ready'));
  assert.equal(kept.draft, 'draft');
  assert.match(kept.failure?.message ?? '', /not ready/);
  await assert.rejects(
    startAfter(fail('no room'), () => fail('not ready')),
    /no room/,
  );
});
