import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { budgetMarks, courseRows } from './budget-course.ts';

const account = { populationId: 'a', block: 1, pool: 'training' };
const state = (at: string, spentEpsilon: string, other = {}) => ({
  ...account,
  at,
  spentEpsilon,
  committedEpsilon: '2',
  leftEpsilon: '2',
  sentence: '',
  ...other,
});
const answered = { block: 9, at: '2026-03-11T00:00:00.000Z', organisations: [], sentence: '' };
const names = { budget: 'Budget', gone: 'Gone' };

test('an account is drawn from its first state until the answer, and no other account in it', () => {
  const course = [
    state('2026-03-02T00:00:00.000Z', '1'),
    state('2026-03-01T00:00:00.000Z', '0'),
    state('2026-03-03T00:00:00.000Z', '3', { pool: 'held-out' }),
    state('2026-03-03T00:00:00.000Z', '3', { block: 2 }),
  ];
  assert.deepEqual(courseRows({ course, answered }, account), [
    { at: Date.parse('2026-03-01T00:00:00Z'), spent: 0, committed: 2 },
    { at: Date.parse('2026-03-02T00:00:00Z'), spent: 1, committed: 2 },
    { at: Date.parse('2026-03-11T00:00:00Z'), spent: 1, committed: 2 },
  ]);
  assert.deepEqual(courseRows({ course: [], answered }, account), []);
});

test('the day on which a budget is gone is marked where there is room, and never before it began', () => {
  const rows = [
    { at: Date.parse('2026-03-01T00:00:00Z'), spent: 0 },
    { at: Date.parse('2026-03-11T00:00:00Z'), spent: 1 },
  ];
  const of = (goneOn: string | null) => budgetMarks({ budgetEpsilon: '4', goneOn }, rows, names);
  assert.deepEqual(of('2026-03-31'), [
    { axis: 'y', at: 4, label: 'Budget' },
    { axis: 'x', at: Date.parse('2026-03-31T00:00:00Z'), label: 'Gone', isAlarm: true },
  ]);
  for (const none of ['2036-03-31', '2020-01-01', null]) assert.equal(of(none).length, 1);
  assert.equal(budgetMarks({ budgetEpsilon: '4', goneOn: '2026-03-31' }, [], names).length, 1);
});
