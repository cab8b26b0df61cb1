import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DomainError, ERRORS, type ErrorCode } from '@consilium/domain';
import { nodeProblem, UnsupportedModelError } from '@consilium/onnx-grad';
import { errorCodes } from 'fastify';
import { problem } from '../data/data-problem.ts';
import { DataError } from '../data/index.ts';
import { TrainerError, type TrainerErrorCode } from '../errors.ts';
import { describeFailure } from '../failure.ts';
import { modelRefusal } from '../study/model-refusal.ts';
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

test('a model that is refused names each node, its operator and the remedy, for programs and for people', () => {
  const node = { name: 'encoder/act', opType: 'Cosh' };
  const many = Array.from({ length: 51 }, () => nodeProblem(node, 'it is not supported', 'use Tanh'));
  const refusal = modelRefusal(new UnsupportedModelError(many));
  const { code, status, detail, problems = [], problemCount } = problemOf(refusal);
  assert.deepEqual([code, status, problems.length, problemCount], ['TRAINER_MODEL_INVALID', 422, 50, 51]);
  assert.deepEqual(problems[0], {
    field: 'node encoder/act (Cosh)',
    text: ': it is not supported',
    remedy: 'use Tanh',
    node: 'encoder/act',
    operator: 'Cosh',
  });
  assert.match(detail, /node encoder\/act \(Cosh\): it is not supported: use Tanh; .*; and 1 more$/);
  assert.ok(!('problems' in problemOf(new TrainerError('TRAINER_BUSY'))));
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

test("a trainer's problem that the gateway's document shows is one that a trainer answers", () => {
  const emitted: Readonly<Record<string, Error>> = {
    415: new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(),
    422: new DataError([problem('VALUE_OUT_OF_BOUNDS', { column: 'age' })]),
  };
  const file = join(import.meta.dirname, '../../../../docs/reference/openapi.json');
  const text = readFileSync(file, 'utf8');
  type Shown = { readonly status: number; readonly code: string; readonly requestId: string };
  const shown = new Map<string, Shown>();
  // Every object that has the code, wherever it is in the document.
  JSON.parse(text, (_, value) => {
    // The gateway says itself that its trainer does not answer.
    const isTrainers = /^TRAINER_(?!UNAVAILABLE$)/.test(value?.code);
    if (isTrainers && value.requestId !== undefined) shown.set(JSON.stringify(value), value);
    return value;
  });
  const statuses = [...shown.values()].map(({ status }) => status).sort();
  assert.deepEqual(statuses, [404, 409, 415, 422, 507]);
  for (const { requestId, ...example } of shown.values()) {
    const error = emitted[example.status] ?? new TrainerError(example.code as TrainerErrorCode);
    assert.deepEqual(problemOf(error), example);
    assert.match(requestId, /^[0-9a-f-]{36}$/);
  }
});
