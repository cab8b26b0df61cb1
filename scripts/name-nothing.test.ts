import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from './run-command.ts';

const root = join(import.meta.dirname, '../..');

for (const [script, variable] of [
  ['fuzz', 'FUZZ'],
  ['bench', 'BENCH'],
] as const) {
  test(`make ${script} with a name that nothing has is refused, since it would check nothing and pass`, async () => {
    const wish = `${variable}=no-such-name`;
    const { status, stdout, stderr } = await runCommand('env', [wish, 'bash', `scripts/${script}.sh`], root);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /"no-such-name"/);
  });
}
