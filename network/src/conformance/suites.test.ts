import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { askedOfSuites, conforms, countsIn } from './suites.ts';

const tap = [
  'TAP version 13',
  'ok 1 - x',
  '# tests 12',
  '# suites 1',
  '# pass 8',
  '# fail 1',
  '# cancelled 1',
];
const report = [...tap, '# skipped 2', '# todo 0'].join('\n');

test('questions that failed or were cancelled count as failed, skipped ones as not run', () => {
  assert.deepEqual(countsIn(report), { tests: 12, passed: 8, failed: 2, notRun: 2 });
});

test('a network conforms only where something was asked and nothing failed', () => {
  const good = { suite: 'chaincode', exitCode: 0, tests: 3, passed: 2, failed: 0, notRun: 1 } as const;
  assert.ok(conforms([good]));
  for (const bad of [{ failed: 1 }, { exitCode: 1 }, { passed: 0, notRun: 3 }]) {
    assert.ok(!conforms([good, { ...good, ...bad }]), JSON.stringify(bad));
  }
  assert.deepEqual(countsIn(''), { tests: 0, passed: 0, failed: 0, notRun: 0 });
});

test('suites are asked for every byte, and to keep files in a folder of whoever starts them, and hear of nothing else', () => {
  assert.deepEqual(askedOfSuites({ CONSILIUM_FLIPS: 'all', CONSILIUM_EVIDENCE: 'kept', HOME: '/root' }), {
    CONSILIUM_FLIPS: 'all',
    CONSILIUM_EVIDENCE: resolve('kept'),
  });
  assert.deepEqual(askedOfSuites({ CONSILIUM_FLIPS: '' }), {});
});
