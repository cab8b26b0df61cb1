import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { joinLibrary } from './join-library.ts';
import { runCommand } from './run-command.ts';

const root = join(import.meta.dirname, '../..');
const ENTRIES = ['typebox', 'typebox/compile', 'typebox/schema', 'typebox/value'];

/** What a process has loaded of the library once it has imported all entries, and the names that these export. */
const PROGRAM = `
  import { registerHooks } from 'node:module';
  const urls = [];
  registerHooks({ load(url, context, next) {
    if (url.includes('typebox')) urls.push(url);
    return next(url, context);
  } });
  const names = {};
  for (const entry of ${JSON.stringify(ENTRIES)}) names[entry] = Object.keys(await import(entry)).sort();
  const { Type } = await import('typebox');
  const { Value } = await import('typebox/value');
  const holds = [3, 'three'].map((one) => Value.Check(Type.Integer({ minimum: 1 }), one));
  process.stdout.write(JSON.stringify({ names, holds, urls }));
`;
interface Loaded {
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly holds: readonly boolean[];
  readonly urls: readonly string[];
}
async function load(...parameters: readonly string[]): Promise<Loaded> {
  const run = [...parameters, '--input-type=module', '--eval', PROGRAM];
  const { status, stdout, stderr } = await runCommand(process.execPath, run, join(root, 'packages/domain'));
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

describe('the joined schema library', () => {
  it('has every name and does the same, from a tenth of the files', async () => {
    const hook = await joinLibrary();
    const joined = await load(`--import=${hook}`);
    const plain = await load();
    assert.deepEqual(joined.names, plain.names);
    assert.deepEqual(
      [joined.holds, plain.holds],
      [
        [true, false],
        [true, false],
      ],
    );
    assert.ok(joined.urls.length * 10 < plain.urls.length, `${joined.urls.length} of ${plain.urls.length}`);
    assert.deepEqual(
      joined.urls.filter((url) => url.includes('node_modules')),
      [],
    );
  });
  it('is written once for a version of the library', async () => {
    assert.equal(await joinLibrary(), await joinLibrary());
  });
});
