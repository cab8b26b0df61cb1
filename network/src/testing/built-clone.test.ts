import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { cloneBuilt, whyNoClone } from './built-clone.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'consilium-clone-')));
after(() => rmSync(root, { recursive: true }));
const repository = join(root, 'repository');

function put(name: string): void {
  mkdirSync(dirname(join(repository, name)), { recursive: true });
  writeFileSync(join(repository, name), name);
}

test('a built clone has what is committed and what was compiled of it, and nothing that only lies here', () => {
  const tracked = [
    'Makefile',
    'package.json',
    'gateway/package.json',
    'gateway/src/main.ts',
    'packages/domain/package.json',
    'packages/domain/src/study.ts',
    'docs/a page.md',
  ];
  const compiled = [
    'gateway/dist/src/main.js',
    'packages/domain/dist/src/study.js',
    'gateway/dist/site/page.js',
  ];
  const onlyHere = [
    'gateway/keys.json',
    'gateway/src/new.ts',
    'gateway/dist/src/new.js',
    'gateway/dist/src/main.js.map',
    'out/demo/summary.json',
  ];
  for (const name of [...tracked, ...compiled, ...onlyHere, 'node_modules/yaml/index.js']) put(name);
  mkdirSync(join(repository, 'node_modules/@consilium'));
  mkdirSync(join(repository, 'node_modules/.bin'));
  symlinkSync('../../packages/domain', join(repository, 'node_modules/@consilium/domain'));
  symlinkSync('../yaml/index.js', join(repository, 'node_modules/.bin/yaml'));
  execFileSync('git', ['init', '--quiet'], { cwd: repository });
  execFileSync('git', ['add', ...tracked], { cwd: repository });
  assert.equal(whyNoClone(repository), false);
  assert.match(String(whyNoClone(root)), /^not run: not a git checkout/);

  const clone = join(root, 'clone');
  cloneBuilt(repository, clone);
  const files = globSync('**/*.*', { cwd: clone, exclude: ['node_modules'] }).sort();
  assert.deepEqual(['Makefile', ...files].sort(), [...tracked, ...compiled].sort());
  const real = (name: string) => realpathSync(join(clone, 'node_modules', name));
  assert.equal(real('@consilium/domain'), join(clone, 'packages/domain'));
  assert.equal(real('yaml'), join(repository, 'node_modules/yaml'));
  assert.equal(readFileSync(real('.bin/yaml'), 'utf8'), 'node_modules/yaml/index.js');
});
