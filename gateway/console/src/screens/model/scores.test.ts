import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { RoundDossier } from '@consilium/client/browser';
import { scoreOf } from './scores.ts';

const score = (counts: object, noiseMultiplier = '9') => ({
  datasetId: 'a',
  privacyEvent: { noiseMultiplier },
  claimedEpsilon: '1',
  ...counts,
});
const dossier = (...scores: object[]) =>
  ({
    round: { round: 3 },
    verdicts: scores.map((one) => ({ scores: [one] })),
  }) as unknown as RoundDossier;

test('accuracy is of all scores together, and its error that of their noise', () => {
  const { round, accuracy, error, scores } = scoreOf(
    dossier(score({ right: '60', wrong: '20' }), score({ right: '90', wrong: '30' })),
  )!;
  assert.deepEqual([round, accuracy, scores], [3, 0.75, 2]);
  const deviation = Math.sqrt(2 * 81 * (0.25 ** 2 + 0.75 ** 2));
  assert.ok(Math.abs(error[0] - (2 * deviation) / 200) < 1e-12);
  assert.ok(error[0] === error[1]);
});

test('noise is taken as it was drawn: a multiplier that is no integer is drawn as the next one', () => {
  const of = (z: string) => scoreOf(dossier(score({ right: '50', wrong: '50' }, z)))!.error[0];
  assert.equal(of('8.3'), of('9'));
  assert.ok(of('9.1') > of('9'));
});

test('a count that noise made negative is none, and a bar does not leave what an accuracy can be', () => {
  const { accuracy, error } = scoreOf(dossier(score({ right: '48', wrong: '-1' })))!;
  assert.equal(accuracy, 1);
  assert.equal(error[1], 0);
  assert.ok(error[0] > 0);
  assert.equal(scoreOf(dossier(score({ right: '-3', wrong: '-1' }))), undefined);
  assert.equal(scoreOf(dossier()), undefined);
});

test('scores from before count right and all, whose noise is larger', () => {
  const before = scoreOf(dossier(score({ correct: '75', total: '100' })))!;
  const now = scoreOf(dossier(score({ right: '75', wrong: '25' })))!;
  assert.equal(before.accuracy, now.accuracy);
  assert.ok(before.error[0] > now.error[0]);
});
