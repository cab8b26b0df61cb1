import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TrainerError } from '../errors.ts';
import { ATTEMPTS_MAX, DailyLimit } from './daily-limit.ts';

it('a file is checked so often a day, under whatever name or dictionary, and another file is not held up', () => {
  let now = Date.parse('2026-03-01T08:00:00Z');
  const attempts = new DailyLimit(() => now);
  for (let i = 0; i < ATTEMPTS_MAX; i++) {
    attempts.count('1:2');
    now += 60_000;
  }
  assert.throws(
    () => attempts.count('1:2'),
    (error: unknown) =>
      error instanceof TrainerError &&
      error.code === 'TRAINER_ATTEMPTS_EXHAUSTED' &&
      /again from 2026-03-02T08:00:00.000Z on/.test(error.detail),
  );
  attempts.count('1:3');
  now = Date.parse('2026-03-02T08:00:00Z');
  attempts.count('1:2');
  assert.throws(() => attempts.count('1:2'), /2026-03-02T08:01/);
});
