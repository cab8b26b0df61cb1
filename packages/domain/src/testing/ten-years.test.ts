// What blocks are for: more studies, of new patients, and nobody ever loses more than the budget.
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { TEN_YEARS, tableOf, tenYears } from './ten-years.ts';

const outcomes = tenYears();
const budget = Number(TEN_YEARS.epsilon);
const of = (accounts: string) => outcomes.find((outcome) => outcome.accounts === accounts)!;

test('in ten years with blocks all forty studies are served, and no patient loses more than the budget', () => {
  const { patients, largestEpsilon } = of('of each block of a population');
  assert.equal(patients.length, TEN_YEARS.years * TEN_YEARS.studiesAYear);
  assert.ok(patients.every((count) => count >= TEN_YEARS.patientsAYear));
  assert.ok(Number(largestEpsilon) > budget / 2 && Number(largestEpsilon) <= budget, largestEpsilon);
});

test('one account for everyone is spent by the first patients, although nine tenths came later', () => {
  for (const accounts of ['of a population', 'of a dataset, as registered in the first year']) {
    const { patients, largestEpsilon } = of(accounts);
    assert.ok(patients.length < 10, `${patients.length} studies`);
    assert.ok(Number(largestEpsilon) > budget / 2 && Number(largestEpsilon) <= budget, largestEpsilon);
  }
});

test('a grown file under a new budget, as it was possible before, costs the first patients far more than their budget', () => {
  const { largestEpsilon } = of('of a dataset, registered again each year');
  assert.ok(Number(largestEpsilon) > 2 * budget, largestEpsilon);
});

test('the table in the benchmarks is what this computes', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../../../docs/benchmarks.md'), 'utf8');
  for (const row of tableOf(outcomes)) assert.ok(page.includes(`${row}\n`), row);
});
