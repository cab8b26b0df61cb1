import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DomainError, ERRORS, type ErrorCode } from '@consilium/domain';
import { describeFailure } from '../failure.ts';
import { problemOf } from './http-problem.ts';

const answer = (code: ErrorCode) => {
  const { status, code: told, title } = problemOf(new DomainError(code, 'why'));
  return [status, told, title];
};

test('refusals by the rules get their status here, and nowhere else', () => {
  assert.deepEqual(answer('CONSENT_STATE'), [409, 'CONSENT_STATE', ERRORS.CONSENT_STATE[1]]);
  assert.deepEqual(answer('STUDY_CHANGED'), [409, 'STUDY_CHANGED', ERRORS.STUDY_CHANGED[1]]);
  assert.deepEqual(answer('DATASET_NOT_FOUND').slice(0, 2), [404, 'DATASET_NOT_FOUND']);
  assert.deepEqual(answer('BUDGET_EXCEEDED').slice(0, 2), [409, 'BUDGET_EXCEEDED']);
  assert.deepEqual(answer('INVALID_ARGUMENT').slice(0, 2), [422, 'TRAINER_INPUT_INVALID']);
});

test('a refusal by the rules is shown on the job board by its own code, and tried again', () => {
  assert.deepEqual(describeFailure(new DomainError('CONSENT_STATE', 'withdrawn')), {
    code: 'CONSENT_STATE',
    detail: 'withdrawn',
    retry: true,
  });
});

test('only the client of the gateway makes errors of HTTP', () => {
  const root = join(import.meta.dirname, '../../../src');
  const files = globSync('**/*.ts', { cwd: root }).filter(
    (file) => !/\.test\.ts$|^testing\/|^gateway\/gateway-client\.ts$/.test(file),
  );
  assert.ok(files.length > 50);
  const makers = files.filter((file) =>
    /new GatewayProblem\(|\bstatus: \d{3}\b/.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.deepEqual(makers, []);
});
