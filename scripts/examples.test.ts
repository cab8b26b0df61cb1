// What the examples are: short, in the index, and of what anybody can import. `packing.test.ts` runs them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { codeBlocks, isOutput, readExamples } from './examples.ts';
import { importsOf } from './imports.ts';
import { readPackages } from './packages.ts';

const root = join(import.meta.dirname, '../..');
const packages = readPackages(root);
const published = packages.filter(({ isPrivate }) => !isPrivate);
const examples = readExamples(root);

describe('examples', () => {
  it('are in the index with the packages that they show, and have a README of at most 15 lines', () => {
    assert.ok(examples.length >= 5);
    for (const { name, packages: shown, readme, command } of examples) {
      assert.ok(
        shown.length > 0 && shown.every((one) => published.some((other) => other.name === one)),
        name,
      );
      assert.ok(readme.trimEnd().split('\n').length <= 15, name);
      assert.ok(command.includes(`examples/${name}/`), name);
    }
  });

  it('are short and import what anybody can: packages by name, and modules of Node', () => {
    const known = new Set(
      packages.flatMap(({ name, dependencies, devDependencies }) => [
        name,
        ...dependencies,
        ...devDependencies,
      ]),
    );
    for (const { name } of examples) {
      for (const file of readdirSync(join(root, 'examples', name))) {
        if (file === 'README.md' || !/\.(js|py|yaml|md)$/.test(file)) continue;
        const text = readFileSync(join(root, 'examples', name, file), 'utf8');
        assert.ok(text.trimEnd().split('\n').length <= 30, `${name}/${file}`);
        if (!file.endsWith('.js')) continue;
        const foreign = importsOf(text).filter((one) => !isBuiltin(one) && !known.has(one));
        assert.deepEqual(foreign, [], `${name}/${file}`);
      }
    }
  });
});

describe('codeBlocks', () => {
  it('takes those of one language alone', () => {
    const document = 'a\n```sh\nb\n```\n```\nc\n```\n```sh\nd\ne\n```\n';
    assert.deepEqual(codeBlocks(document, 'sh'), ['b\n', 'd\ne\n']);
    assert.deepEqual(codeBlocks(document, ''), ['c\n']);
  });
});

describe('isOutput', () => {
  it('compares numbers where they do not follow from noise', () => {
    assert.equal(isOutput('ε = 3.01 (7)\n', 'ε = 3.01 (7)\n', 'exact'), true);
    assert.equal(isOutput('ε = 3.01 (7)\n', 'ε = 3.02 (7)\n', 'exact'), false);
    assert.equal(isOutput('ε = 3.01 (7)\n', 'ε = 12.5 (0)\n', 'any'), true);
    assert.equal(isOutput('ε = 3.01 (7)\n', 'δ = 3.01 (7)\n', 'any'), false);
  });

  it('takes any lines for a line of dots, and no other line too many or too few', () => {
    assert.equal(isOutput('a\nb\nc\nd\n', 'a\n…\nd\n', 'exact'), true);
    assert.equal(isOutput('a\nb\nc\n', 'a\n…\nd\n', 'exact'), false);
    assert.equal(isOutput('a\nb\n', 'a\n', 'exact'), false);
    assert.equal(isOutput('a\n', 'a\nb\n', 'exact'), false);
  });
});
