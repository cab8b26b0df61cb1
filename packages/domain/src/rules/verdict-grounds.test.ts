import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { scoreEvent } from '../testing/examples.ts';
import type { Verdict } from '../verdict.ts';
import { groundsOf } from './verdict-grounds.ts';

const STUDY = { validation: { metric: 'accuracy', noiseMultiplier: '8', minimum: '0.6' } } as const;
const scored = (right: number, wrong: number): Verdict['scores'][number] => ({
  datasetId: 'alpha',
  right: String(right),
  wrong: String(wrong),
  privacyEvent: scoreEvent(),
  claimedEpsilon: '1',
});
const verdict = (change: Partial<Verdict>): Verdict => ({
  schema: 2,
  studyId: 'heart',
  round: 1,
  candidateSha256: 'a'.repeat(64),
  accepted: false,
  decisions: [{ datasetId: 'alpha', decision: 'accept' }],
  scores: [],
  mspId: 'AlphaMSP',
  recordedAt: '2026-03-01T08:00:00.000Z',
  ...change,
});

test('a candidate that scored below the minimum is rejected for that, with the counts that were charged', () => {
  assert.deepEqual(groundsOf(verdict({ scores: [scored(20, 30)] }), STUDY), {
    rule: 'accuracy-below-minimum',
    rejected: [],
    right: 20,
    wrong: 30,
    accuracyMillionths: 400_000,
    minimum: '0.6',
  });
});

test('a rejection that its own scores do not explain is said to be its author’s word', () => {
  assert.equal(groundsOf(verdict({ scores: [scored(40, 10)] }), STUDY)?.rule, 'not-stated');
  assert.equal(groundsOf(verdict({}), STUDY)?.rule, 'not-stated');
});

test('rejected updates are listed with their reasons, whether the candidate is accepted or not', () => {
  const decisions = [{ datasetId: 'beta', decision: 'reject', reason: 'norm-exceeded' }] as const;
  const rejected = [{ datasetId: 'beta', reason: 'norm-exceeded' }];
  const none = verdict({ decisions: [...decisions] });
  assert.deepEqual(groundsOf(none, STUDY), { rule: 'no-acceptable-update', rejected });
  const some = verdict({
    accepted: true,
    decisions: [{ datasetId: 'alpha', decision: 'accept' }, ...decisions],
  });
  assert.deepEqual(groundsOf(some, STUDY), { rule: 'update-rejected', rejected });
  assert.equal(groundsOf(verdict({ accepted: true }), STUDY), undefined);
});

test('grounds tell no more than the recorded scores: equal pools have equal grounds, whatever else there is', () => {
  const count = fc.integer({ min: -50, max: 500 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(count, count), { minLength: 1, maxLength: 5 }),
      fc.uuid(),
      (counts, secret) => {
        const scores = counts.map(([right, wrong]) => scored(right, wrong));
        const pooled = scored(
          counts.reduce((sum, [right]) => sum + right, 0),
          counts.reduce((sum, [, wrong]) => sum + wrong, 0),
        );
        const one = groundsOf(verdict({ scores }), STUDY);
        const other = verdict({ scores: [pooled], mspId: 'BetaMSP', signerSha256: secret });
        assert.deepEqual(one, groundsOf(other, STUDY));
      },
    ),
  );
});
