import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitCodesPage, PAGE } from './exit-codes-page.ts';

test('the page of exit codes says what the commands do', () => {
  const file = join(import.meta.dirname, '../../../../..', PAGE);
  assert.equal(readFileSync(file, 'utf8'), exitCodesPage());
});
