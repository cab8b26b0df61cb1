import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processTerminal } from './terminal.ts';

test('what a terminal would obey in a message is shown, and line breaks, tabs and all languages stay', (t) => {
  const written: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => written.push(text) > 0);
  processTerminal.error('x.csv: no column \u001b[2J\u009b31m\r\u202eabc\u0000:\n\tσ, Müller, 患者, 👩‍⚕️\n');
  assert.deepEqual(written, [
    'x.csv: no column \\u001b[2J\\u009b31m\\u000d\\u202eabc\\u0000:\n\tσ, Müller, 患者, 👩‍⚕️\n',
  ]);
});
