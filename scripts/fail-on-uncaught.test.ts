import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runCommand } from './run-command.ts';

const PRELOADED = `--import=${pathToFileURL(join(import.meta.dirname, 'fail-on-uncaught.js')).href}`;

test('a test file that cannot be evaluated fails, also where a library catches what nobody does', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fail-on-uncaught-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const run = async (text: string, ...flags: readonly string[]) => {
    const file = join(folder, 'some.test.mjs');
    writeFileSync(
      file,
      `import { test } from 'node:test';\nprocess.on('uncaughtException', () => {});\n${text}`,
    );
    const { status } = await runCommand(process.execPath, [...flags, '--test', file], folder);
    return status;
  };
  const broken = "throw new Error('at import');\ntest('is never reached', () => {});\n";
  assert.equal(await run(broken), 0, 'node alone takes it for passed');
  assert.equal(await run(broken, PRELOADED), 1);
  assert.equal(await run("test('fine', () => {});\n", PRELOADED), 0);
});
