import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPackages } from './packages.ts';
import { publishOrder } from './publish-order.ts';
import { withVersion } from './set-version.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const packages = readPackages(root);

test('all packages have one version, which the changelog has too, and ask for exactly it of each other', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const siblings = new Set(packages.map(({ name }) => name));
  for (const { folder } of packages) {
    const description = JSON.parse(read(`${folder}/package.json`));
    assert.deepEqual(description, withVersion(description, version, siblings), folder);
  }
  assert.match(read('CHANGELOG.md'), new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\]`, 'm'));
});

test('no source writes its version out, where the next release would forget it', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const written = new RegExp(`(?<![\\d.])${version.replaceAll('.', '\\.')}(?![\\d.])`);
  for (const { folder } of packages) {
    const sources = globSync(`${folder}/src/**/*.ts`, { cwd: root });
    assert.deepEqual(
      sources.filter((file) => !file.endsWith('.test.ts') && written.test(read(file))),
      [],
    );
  }
});

test('packages are published after what they depend on', () => {
  const order = publishOrder(packages);
  for (const { name, dependencies } of packages) {
    for (const other of dependencies.filter((one) => order.includes(one))) {
      assert.ok(order.indexOf(other) < order.indexOf(name), `${name} comes after ${other}`);
    }
  }
});

test('packages that depend on each other have no order', () => {
  const circle = [
    { name: 'a', dependencies: ['b'] },
    { name: 'b', dependencies: ['a'] },
  ];
  assert.throws(() => publishOrder(circle), /in a circle/);
});

test('a new version is asked of siblings, and of nothing else', () => {
  const before = {
    version: '1.0.0',
    dependencies: { a: '1.0.0', yaml: '^1.0.0' },
    devDependencies: { b: '1.0.0' },
  };
  assert.deepEqual(withVersion(before, '1.1.0', new Set(['a', 'b'])), {
    version: '1.1.0',
    dependencies: { a: '1.1.0', yaml: '^1.0.0' },
    devDependencies: { b: '1.1.0' },
  });
});
