import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_COUNT_BANDS } from '../public-bands.ts';
import { budgetWarnings, isSmallDelta, largestAdvisedDelta } from './delta-advice.ts';

test('the advised δ is small for its band, and one digit more is not', () => {
  for (const [, high] of RECORD_COUNT_BANDS) {
    const advised = largestAdvisedDelta({ high });
    assert.match(advised, /^0\.0*[1-9]$/);
    assert.ok(isSmallDelta(Number(advised), { high }), `${advised} for ${high}`);
    const digit = 10 ** -(advised.length - 2);
    assert.equal(
      isSmallDelta(Number(advised) + digit, { high }),
      false,
      `${advised} is the largest for ${high}`,
    );
  }
  assert.equal(largestAdvisedDelta({ high: 349 }), '0.0002');
});

test('a δ that is not small is warned about with its remedy, and a small one is not', () => {
  const recordCountBand = { low: 250, high: 349 };
  const warningsFor = (delta: string) => budgetWarnings({ recordCountBand, privacyBudget: { delta } });
  assert.deepEqual(warningsFor('0.00001'), []);
  assert.deepEqual(warningsFor('0.00028'), []);
  for (const delta of ['0.0003', '0.01', '0.5']) {
    assert.match(
      warningsFor(delta).join(),
      new RegExp(`delta ${delta} is not small .* 250 to 349 .*At most 0\\.0002`),
    );
  }
});
