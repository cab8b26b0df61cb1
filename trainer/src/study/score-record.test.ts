import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noisedAccuracy } from './held-out-score.ts';
import { parseScoreRecord, rightAndWrong, statedCounts } from './score-record.ts';

const written = (record: object) => new TextEncoder().encode(JSON.stringify(record));
const judgement = { candidateSha256: 'a'.repeat(64), decisions: [] };

test('a score that a version before drew is sent and decided as it was drawn', () => {
  const record = parseScoreRecord(written({ ...judgement, correct: 48, total: 60 }));
  assert.deepEqual(statedCounts(record), { correct: '48', total: '60' });
  assert.equal(noisedAccuracy([rightAndWrong(record)]), 0.8);
});

test('a score of right and wrong is sent as such', () => {
  const record = parseScoreRecord(written({ ...judgement, right: -1, wrong: 12 }));
  assert.deepEqual(statedCounts(record), { right: '-1', wrong: '12' });
  assert.equal(noisedAccuracy([rightAndWrong(record)]), 0);
});

test('a score that was drawn and lost is not drawn again', () => {
  assert.throws(() => parseScoreRecord(new Uint8Array()), /TRAINER_RELEASE_SPENT|spent/);
});
