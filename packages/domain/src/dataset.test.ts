import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dataset, RegisterDataset } from './dataset.ts';
import { bandOf, FORMER_RECORD_COUNT_BANDS, RECORD_COUNT_BANDS } from './public-bands.ts';
import { bandWeight, RecordCountBand } from './record-count-band.ts';
import { datasetArgument } from './testing/examples.ts';
import { validate } from './validate.ts';

test('every count from 10 to a thousand million lies in exactly one band', () => {
  assert.equal(RECORD_COUNT_BANDS[0]![0], 10);
  RECORD_COUNT_BANDS.forEach(([low, high], i) => {
    assert.ok(Number.isSafeInteger(low) && low <= high);
    assert.equal(RECORD_COUNT_BANDS[i + 1]?.[0] ?? 10 ** 9, high + 1);
    assert.deepEqual(
      [bandOf(low), bandOf(high)],
      [
        { low, high },
        { low, high },
      ],
    );
  });
  assert.deepEqual([bandOf(9), bandOf(10 ** 9)], [undefined, undefined]);
});

test('the bounds of a band above 1,000 are at most a quarter apart, and its weight an eighth from any count', () => {
  const above = RECORD_COUNT_BANDS.filter(([low]) => low >= 1000);
  assert.ok(above.length > 0);
  for (const [low, high] of above) {
    assert.ok(high / low <= 1.25, `${low}-${high}`);
    const weight = bandWeight({ low, high });
    assert.ok(weight / low <= 1.125 && weight / high >= 1 / 1.125, `${low}-${high} weighs ${weight}`);
  }
});

test('a band hides one patient among 40 counts or more, and above 1,000 among 250 or more', () => {
  for (const [low, high] of RECORD_COUNT_BANDS) {
    assert.ok(high - low + 1 >= (low < 1000 ? 40 : 250), `${low}-${high}`);
  }
});

test('a hospital of 10,000 patients and one of 49,999 weigh what their counts are, within an eighth', () => {
  const [small, large] = [10_000, 49_999].map((count) => bandWeight(bandOf(count)!));
  assert.deepEqual([small, large], [11_249, 44_999]);
});

test('datasets of a million, ten million and a hundred million patients are registered', () => {
  for (const count of [10 ** 6, 10 ** 7, 10 ** 8]) {
    const recordCountBand = bandOf(count);
    const argument = { ...datasetArgument('large'), recordCountBand };
    assert.deepEqual(validate(RegisterDataset, argument).recordCountBand, recordCountBand);
  }
});

test('a former band is refused by name where a dataset is registered, and read where it is on the ledger', () => {
  for (const [low, high] of FORMER_RECORD_COUNT_BANDS) {
    const argument = { ...datasetArgument('old'), recordCountBand: { low, high } };
    assert.throws(
      () => validate(RegisterDataset, argument),
      new RegExp(
        `recordCountBand must not be ${low}-${high}, a band of earlier versions: upgrade the trainer`,
      ),
    );
    const row = { schema: 2, ...argument, owner: 'AlphaMSP', registeredAt: '2026-01-01T00:00:00Z' };
    assert.deepEqual(validate(Dataset, row).recordCountBand, { low, high });
  }
  assert.throws(
    () => validate(RecordCountBand, { low: 1000, high: 1001 }),
    /must be one of the public bands/,
  );
});

test('two datasets in former bands weigh what they weighed', () => {
  const weights = FORMER_RECORD_COUNT_BANDS.map(([low, high]) => bandWeight({ low, high }));
  assert.deepEqual(weights, [1499, 3499, 7499, 29_999, 124_999, 599_999]);
});
