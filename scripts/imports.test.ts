import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cyclesOf, exportedFile, importGraph, importsOf, outsideImports, ownerOf } from './imports.ts';
import type { Package } from './packages.ts';

const packageOf = (folder: string, rest: Partial<Package> = {}): Package => ({
  name: `@consilium/${folder.replace('packages/', '')}`,
  version: '1.0.0',
  folder,
  isPrivate: false,
  exports: { '.': './dist/src/index.js' },
  entries: {},
  imports: {},
  commands: {},
  dependencies: [],
  devDependencies: [],
  ...rest,
});
const BELOW = packageOf('packages/below', {
  exports: { '.': './dist/src/index.js', './testing/*': './dist/src/testing/*.js' },
});
const ABOVE = packageOf('above', {
  imports: { '#place': ['./dist/src/of-browser.js', './dist/src/of-node.js'] },
  dependencies: ['@consilium/below', 'yaml'],
  devDependencies: ['fast-check'],
});
const outside = (file: string, text: string) => outsideImports(new Map([[file, text]]), [BELOW, ABOVE]);

describe('ownerOf', () => {
  it('is the inner package where one lies within another, in whatever order they are named', () => {
    const packages = [packageOf('above'), packageOf('above/page'), packageOf('abov')];
    for (const order of [packages, packages.toReversed()]) {
      assert.equal(ownerOf('above/page/src/main.tsx', order)?.folder, 'above/page');
      assert.equal(ownerOf('above/pages/main.ts', order)?.folder, 'above');
      assert.equal(ownerOf('below/main.ts', order), undefined);
    }
  });
});

describe('importsOf', () => {
  it('finds every form of an import', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      'import {',
      '  c,',
      "} from './c.ts';",
      "import './d.ts';",
      "export * from './e.ts';",
      "const f = await import('./f.ts');",
      "const g: import('./g.ts').G = 1;",
      "const h = require('./h.js');",
      "createRequire(import.meta.url)('./i.js');",
      "createRequire(import.meta.url).resolve('j/cli.js');",
      "import.meta.resolve('k');",
      "import l from './l.ts'; import m from './m.ts';",
    ].join('\n');
    assert.deepEqual(importsOf("createRequire('/elsewhere/package.json').resolve('x');"), []);
    const names = importsOf(text).map((name) => /[a-z](?=\.ts|\.js|\/cli|$)/.exec(name)![0]);
    assert.deepEqual(names.sort(), [...'abcdefghijklm']);
  });
});

describe('outsideImports', () => {
  it('takes what a package has, declares, or is built into Node', () => {
    const text = "import fs from 'node:fs'; import b from './b.ts'; import { x } from '@consilium/below';\n";
    assert.deepEqual(outside('above/src/a.ts', `${text}import 'yaml';`), []);
    assert.deepEqual(outside('above/src/a.test.ts', "import 'fast-check';"), []);
    assert.deepEqual(outside('above/src/a.test.ts', "import '@consilium/below/testing/one';"), []);
    assert.deepEqual(outside('above/src/a.ts', "new URL('../../consortium.yaml', import.meta.url)"), []);
    assert.deepEqual(outside('above/src/a.ts', "join(import.meta.dirname, '../..')"), []);
  });

  const REFUSED: readonly (readonly [what: string, text: string])[] = [
    ['a relative path', "import { x } from '../../packages/below/src/x.ts';"],
    ['a relative path of a type', "import type { X } from '../../packages/below/src/x.ts';"],
    ['a relative path, later', "await import('../../../scripts/x.js');"],
    ['a required path', "require('../../packages/below/dist/src/x.js');"],
    ['an absolute path', "import '/opt/x.js';"],
    ['a package that is not declared', "import 'express';"],
    ['a package that only tests may have', "import 'fast-check';"],
    ['a name of its own that is not declared', "import { x } from '#other';"],
    ['a file that is not exported', "import { x } from '@consilium/below/dist/src/x.js';"],
    ['a URL of its own place', "await import(new URL('../../../scripts/x.js', import.meta.url).href);"],
    ['a folder above it', "const root = join(import.meta.dirname, '../../..');"],
    ['a folder above it, in parts', "resolve(import.meta.dirname, '..', '..', '..', 'scripts');"],
    ['a path into another package', "join(root, 'packages/below/dist/src/main.js');"],
    ['a path into another package, in a template', 'const main = `$'.concat('{root}/packages/below/dist/`;')],
  ];
  for (const [what, text] of REFUSED) {
    it(`refuses ${what}`, () => assert.equal(outside('above/src/a.ts', text).length > 0, true));
  }

  it('refuses tests that leave their package by an import, or load what no package.json declares', () => {
    assert.equal(outside('above/src/a.test.ts', "import '../../packages/below/src/x.ts';").length, 1);
    assert.equal(outside('above/src/a.test.ts', "import 'express';").length, 1);
  });
});

describe('exportedFile', () => {
  it('follows patterns, and nothing that is not exported', () => {
    assert.equal(exportedFile(BELOW, './testing/one'), './dist/src/testing/one.js');
    assert.equal(exportedFile(BELOW, '.'), './dist/src/index.js');
    assert.equal(exportedFile(BELOW, './rules'), undefined);
  });
});

describe('cyclesOf', () => {
  it('finds circles of types, and across packages', () => {
    const sources = new Map([
      ['above/src/index.ts', "import type { B } from './b.ts';"],
      ['above/src/b.ts', "import { x } from '@consilium/below';"],
      ['packages/below/src/index.ts', "export type { I } from '@consilium/above';"],
    ]);
    const cycles = cyclesOf(importGraph(sources, [BELOW, ABOVE]));
    assert.deepEqual(cycles, [
      ['above/src/index.ts', 'above/src/b.ts', 'packages/below/src/index.ts', 'above/src/index.ts'],
    ]);
  });

  it('finds circles through each file that a name of the package may be', () => {
    const sources = new Map([
      ['above/src/index.ts', "import { x } from '#place';"],
      ['above/src/of-node.ts', ''],
      ['above/src/of-browser.ts', "export { y } from './index.ts';"],
    ]);
    const circle = ['above/src/index.ts', 'above/src/of-browser.ts', 'above/src/index.ts'];
    assert.deepEqual(cyclesOf(importGraph(sources, [ABOVE])), [circle]);
    assert.deepEqual(outside('above/src/a.ts', "import { x } from '#place';"), []);
  });

  it('finds none where two load the same', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', []],
    ]);
    assert.deepEqual(cyclesOf(graph), []);
    assert.deepEqual(cyclesOf(new Map([['a', ['a']]])), [['a', 'a']]);
  });
});
