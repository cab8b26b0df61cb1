import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DomainError, ERRORS, parseDomainError } from './errors.ts';

test('a refusal crosses the wire as text and comes back the same', () => {
  const refusal = new DomainError('BUDGET_EXCEEDED', 'alpha has ε 0.5 left of 3');
  const wrapped = `10 ABORTED: failed to endorse: AlphaMSP chaincode response 500, ${refusal.message}`;
  const parsed = parseDomainError(wrapped);
  assert.equal(parsed?.code, 'BUDGET_EXCEEDED');
  assert.equal(parsed?.detail, 'alpha has ε 0.5 left of 3');
  assert.equal(parsed?.kind, 'exhausted');
});

test('words in capitals that are no code are passed over', () => {
  assert.equal(parseDomainError('10 ABORTED: failed; PROBE_REFUSED: as asked'), undefined);
  assert.equal(parseDomainError('no code here'), undefined);
  assert.equal(parseDomainError('__proto__: x, TO_STRING: y'), undefined);
});

test('without a detail a refusal says what the table says', () => {
  assert.equal(new DomainError('MODEL_NOT_FOUND').detail, ERRORS.MODEL_NOT_FOUND[1]);
});

test('a refusal is Unicode, whatever it repeats of an argument', () => {
  const refusal = new DomainError('STUDY_NOT_FOUND', 'there is no study \ud800');
  assert.equal(refusal.message, 'STUDY_NOT_FOUND: there is no study \ufffd');
  assert.equal(refusal.detail, 'there is no study \ufffd');
});
