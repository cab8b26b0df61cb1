import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { accuracyOf, countsOf, poolCounts, scoreSigma } from './noised-accuracy.ts';
import { scoreEvent } from './testing/examples.ts';
import { validate } from './validate.ts';
import { Score } from './verdict.ts';

const said = { datasetId: 'alpha', privacyEvent: scoreEvent(), claimedEpsilon: '2' };

test('σ is the least integer that is enough for the sensitivity of the counts', () => {
  assert.deepEqual(
    ['0.5', '1', '4.2', '10', '10.000001'].map((z) => scoreSigma(z, 'right-wrong')),
    [1, 1, 5, 10, 11],
  );
  assert.deepEqual(
    ['1', '4.2', '10'].map((z) => scoreSigma(z, 'right-all')),
    [2, 6, 15],
    'as scores of right and all were drawn',
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), (thousandths) => {
      const z = thousandths / 1000;
      const disjoint = scoreSigma(String(z), 'right-wrong');
      assert.ok(disjoint >= z && disjoint - 1 < z);
      const nested = scoreSigma(String(z), 'right-all');
      assert.ok(nested ** 2 >= 2 * z ** 2 + 1 / 12 - 1e-6);
      assert.ok(nested === 1 || (nested - 1) ** 2 < 2 * z ** 2 + 1 / 12 + 1e-6);
    }),
  );
  assert.throws(() => scoreSigma('0', 'right-wrong'), RangeError);
});

test('scores of both forms are read, with the noise that each carries', () => {
  const disjoint = countsOf({ ...said, right: '48', wrong: '12' }, '10');
  assert.deepEqual(disjoint, { right: 48, wrong: 12, form: 'right-wrong', sigma: 10 });
  const nested = countsOf({ ...said, correct: '48', total: '60' }, '10');
  assert.deepEqual(nested, { right: 48, wrong: 12, form: 'right-all', sigma: 15 });
  const { varianceAt, ...counts } = poolCounts([disjoint, nested]);
  assert.deepEqual(counts, { right: 96, wrong: 24 });
  assert.ok(Math.abs(varianceAt(0.8) - (100 * (0.04 + 0.64) + 225 * 1.64)) < 1e-9);
});

test('a score has counts of one form, whole', () => {
  for (const counts of [
    {},
    { right: '1' },
    { wrong: '1' },
    { right: '1', total: '2' },
    { right: '1', correct: '2' },
    { right: '1', wrong: '1', total: '2' },
    { right: '1', wrong: '1', correct: '1', total: '2' },
  ]) {
    assert.throws(
      () => validate(Score, { ...said, ...counts }),
      /must have right and wrong/,
      JSON.stringify(counts),
    );
  }
  validate(Score, { ...said, right: '-1', wrong: '3' });
  validate(Score, { ...said, correct: '-1', total: '3' });
});

test('accuracy is a share whatever noise has made of the counts', () => {
  assert.equal(accuracyOf({ right: 3, wrong: 1 }), 0.75);
  assert.equal(accuracyOf({ right: 3, wrong: -1 }), 1);
  assert.equal(accuracyOf({ right: -3, wrong: 1 }), 0);
  assert.equal(accuracyOf({ right: 0, wrong: 0 }), 0);
});
