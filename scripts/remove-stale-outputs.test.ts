import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { staleOutputs } from './remove-stale-outputs.ts';

function folderWith(t: TestContext, files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-dist-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  return folder;
}
const outputsOf = (name: string) => ['js', 'js.map', 'd.ts', 'd.ts.map'].map((end) => `dist/${name}.${end}`);

test('what was compiled from a source that is gone is found, a renamed test too', (t) => {
  const present = ['src/a.ts', 'src/a.test.ts', 'src/deep/b.d.e.ts', 'src/page.tsx'];
  const compiled = present.flatMap((file) => outputsOf(file.replace(/\.tsx?$/, '')));
  const gone = [...outputsOf('src/old-name.test'), ...outputsOf('src/deep/b'), ...outputsOf('bench/c')];
  const folder = folderWith(t, [...present, ...compiled, ...gone]);
  assert.deepEqual(staleOutputs(folder).sort(), gone.sort());
});

test('what the compiler did not write is left, and sources are never looked at', (t) => {
  const others = [
    'dist/.tsbuildinfo',
    'dist/src/page.html',
    'dist/src/fast.wasm',
    'dist/site/assets/index-0a1b2c3d.js',
    'src/plain.js',
    'lib/x.d.ts',
  ];
  assert.deepEqual(staleOutputs(folderWith(t, others)), []);
  assert.deepEqual(staleOutputs(folderWith(t, [])), []);
});

test('everything that is built here has its source, and a build removes what has not', () => {
  const root = join(import.meta.dirname, '../..');
  assert.deepEqual(staleOutputs(join(root, 'scripts')), []);
  const makefile = readFileSync(join(root, 'Makefile'), 'utf8');
  assert.match(makefile, /scripts\/compile\.sh && node scripts\/dist\/remove-stale-outputs\.js/);
});
