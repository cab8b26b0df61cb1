import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runCommand } from './run-command.ts';

const LIGHT = `--import=${pathToFileURL(join(import.meta.dirname, 'light-runner.js')).href}`;
const HEAD = `import { executionAsyncId } from 'node:async_hooks';
import { after, before, describe, it, test } from 'node:test';
`;

/** Runs a program's tests alone, with the given flags of Node. */
async function run(t: TestContext, tests: string, ...flags: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'light-runner-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'some.test.mjs');
  writeFileSync(file, HEAD + tests);
  return runCommand(process.execPath, [...flags, '--test', '--test-reporter=tap', file], folder);
}

/** Only where somebody follows promises has each a number of its own. */
const NUMBERS = `test('numbers', async (t) => {
  await null;
  const one = executionAsyncId();
  await null;
  t.diagnostic('follows promises: ' + (executionAsyncId() !== one));
});`;
const FINE = "test('fine', () => {});\n";

describe("node's runner in a whole test run", () => {
  it('follows no promises', async (t) => {
    assert.match((await run(t, NUMBERS, LIGHT)).stdout, /follows promises: false/);
    assert.match((await run(t, NUMBERS)).stdout, /follows promises: true/);
  });
  for (const [what, event, lost] of [
    [
      'an error that nobody catches',
      'uncaughtException',
      "setTimeout(() => { throw new Error('lost'); }, 0)",
    ],
    ['a rejection that nobody awaits', 'unhandledRejection', "Promise.reject(new Error('lost'))"],
  ] as const) {
    it(`fails the file for ${what}, and prints it`, async (t) => {
      const waits = `await new Promise((resolve) => process.once('${event}', resolve));`;
      const tests = `${FINE}test('loses one', async () => { ${lost}; ${waits} });\n`;
      const { status, stdout } = await run(t, tests, LIGHT);
      assert.equal(status, 1, stdout);
      assert.match(stdout, /\blost\b/);
      assert.match(stdout, /# fail 1/);
    });
  }
  it('runs what comes before and after a suite there alone', async (t) => {
    const said = (word: string) => `() => process.stderr.write('${word} ')`;
    const suite = (name: string) =>
      `describe('${name}', () => { before(${said(`before-${name}`)}); after(${said(`after-${name}`)});
        it('of ${name}', async () => { await null; process.stderr.write('in-${name} '); }); });\n`;
    const { stdout, stderr } = await run(t, `${suite('one')}${suite('two')}`, LIGHT);
    const order = ['before-one', 'in-one', 'after-one', 'before-two', 'in-two', 'after-two'];
    const found = `${stdout}${stderr}`.match(/\b(?:before|in|after)-(?:one|two)\b/g);
    assert.deepEqual(found, order, stdout);
  });
  it('passes what loses nothing', async (t) => {
    const { status, stdout } = await run(t, FINE, LIGHT);
    assert.equal(status, 0, stdout);
  });
});
