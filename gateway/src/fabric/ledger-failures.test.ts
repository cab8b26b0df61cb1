import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LedgerError, type LedgerStep } from './ledger.ts';
import { namedFailure } from './ledger-failures.ts';

const TOO_MANY = (service: string) => `too many requests for /${service}, exceeding concurrency limit (500)`;
const LATE =
  'error in simulation: failed to execute transaction 6db5: error sending: timeout expired while executing transaction';

/** The code of what a peer answered, in its words. */
function named(step: LedgerStep, code: number, message: string, ...by: readonly string[]): string {
  const details = by.map((mspId) => ({ mspId, message }));
  const answer = { code, message: by.length > 0 ? 'see attached details' : message, details };
  const error = namedFailure({ ownMspId: 'NorthMSP', step, answer, late: false, cause: undefined });
  assert.ok(error instanceof LedgerError);
  return error.code;
}

test('a peer that has as many calls as it serves is busy, and refuses nobody', () => {
  assert.equal(named('evaluate', 2, TOO_MANY('gateway.Gateway')), 'LEDGER_UNAVAILABLE');
  assert.equal(named('endorse', 2, TOO_MANY('gateway.Gateway')), 'LEDGER_UNAVAILABLE');
  assert.equal(named('endorse', 10, TOO_MANY('protos.Endorser'), 'NorthMSP'), 'LEDGER_UNAVAILABLE');
  assert.equal(named('endorse', 10, TOO_MANY('protos.Endorser'), 'SouthMSP'), 'ENDORSERS_UNAVAILABLE');
});

test('a chaincode that does not answer its peer in time is late, and refuses nothing', () => {
  assert.equal(named('evaluate', 10, LATE, 'NorthMSP'), 'LEDGER_TIMEOUT');
  assert.equal(named('endorse', 10, LATE, 'SouthMSP'), 'LEDGER_TIMEOUT');
});

test('once a transaction may have been sent, neither says that it was not', () => {
  for (const words of [TOO_MANY('gateway.Gateway'), LATE]) {
    assert.equal(named('submit', 2, words), 'OUTCOME_UNKNOWN');
    assert.equal(named('commit-status', 2, words), 'OUTCOME_UNKNOWN');
  }
});

test('any other words that nobody knows are a refusal, as before', () => {
  assert.equal(named('evaluate', 2, 'access denied'), 'LEDGER_REFUSED');
  assert.equal(named('endorse', 10, 'access denied', 'SouthMSP'), 'ENDORSEMENT_FAILED');
});
