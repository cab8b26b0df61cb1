import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testsOf } from './changed-tests.ts';

const GRAPH = new Map([
  ['a/src/one.ts', []],
  ['a/src/two.ts', ['a/src/one.ts']],
  ['a/src/one.test.ts', ['a/src/one.ts']],
  ['a/src/other.test.ts', ['a/src/one.ts']],
  ['a/src/two.test.ts', ['a/src/two.ts']],
  ['a/src/program.ts', []],
  ['a/src/program.test.ts', []],
]);

test('a change asks the tests beside it and those that import it, and counts the others that reach it', () => {
  assert.deepEqual(testsOf(['a/src/one.ts'], GRAPH), {
    near: ['a/src/one.test.ts', 'a/src/other.test.ts'],
    further: 1,
  });
});

test('a test that changed is asked itself', () => {
  assert.deepEqual(testsOf(['a/src/two.test.ts'], GRAPH), { near: ['a/src/two.test.ts'], further: 0 });
});

test('a test beside a program that it starts is asked too', () => {
  assert.deepEqual(testsOf(['a/src/program.ts'], GRAPH), { near: ['a/src/program.test.ts'], further: 0 });
});

test('a file that is gone, or that no test reaches, asks none', () => {
  assert.deepEqual(testsOf(['a/src/gone.ts'], GRAPH), { near: [], further: 0 });
});
