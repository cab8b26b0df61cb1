import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { END_TO_END, withoutEndToEnd } from './end-to-end.ts';
import { compiledFolders, readPackages } from './packages.ts';

const root = join(import.meta.dirname, '../..');
const files = compiledFolders(readPackages(root))
  .flatMap((folder) => globSync(`${folder}/dist/**/*.test.js`, { cwd: root }))
  .map((path) => ({ path, read: () => '' }));

test('what is named is there, and is left out with all that its folders hold and with nothing else', () => {
  const kept = new Set(withoutEndToEnd(files));
  const left = files.filter((file) => !kept.has(file)).map(({ path }) => path);
  for (const one of END_TO_END)
    assert.ok(
      left.some((path) => path.startsWith(one)),
      one,
    );
  for (const path of left)
    assert.ok(
      END_TO_END.some((one) => path.startsWith(one)),
      path,
    );
  assert.ok(kept.size > 4 * left.length, 'most files are left');
});
