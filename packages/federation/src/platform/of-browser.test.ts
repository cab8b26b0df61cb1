import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as browser from './of-browser.ts';
import * as node from './of-node.ts';

test('a browser hashes as Node does, and stops at the same faults', () => {
  for (const size of [0, 1, 55, 56, 64, 100_000]) {
    const bytes = randomBytes(size);
    assert.equal(browser.sha256Hex(bytes), node.sha256Hex(bytes));
  }
  for (const side of [browser, node]) {
    assert.throws(() => side.assert(0, 'it holds'), { name: 'AssertionError', message: 'it holds' });
    assert.doesNotThrow(() => side.assert('x', 'it holds'));
  }
});
