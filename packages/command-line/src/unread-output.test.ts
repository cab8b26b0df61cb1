import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

const PROGRAM = join(import.meta.dirname, 'testing/example-program.js');

for (const unread of ['stdout', 'stderr'] as const) {
  test(`a command whose ${unread} nobody reads ends with 141, and without a stack`, async () => {
    const child = spawn(process.execPath, [PROGRAM, 'say', 'a'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child[unread].destroy();
    const other = unread === 'stdout' ? child.stderr : child.stdout;
    let said = '';
    other.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    assert.equal(code, 141);
    assert.doesNotMatch(said, / at |EPIPE/);
  });
}
