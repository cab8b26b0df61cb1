// The API reference says what the code exports, and every exported name of a package says what it is.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { apiPages, docstringMarkdown, headerOf, shortened } from './api-reference.ts';
import { exportedDeclarations, parseDeclarations } from './declarations.ts';

const root = join(import.meta.dirname, '../..');
const isBuilt = existsSync(join(root, 'packages/federation/dist/src/index.d.ts'));
const skip = !isBuilt && 'not run: the packages are not built';
const pages = isBuilt ? apiPages(root) : [];

describe('docs/reference/api', { skip }, () => {
  it('has a page for each package, equal to what the code says', () => {
    assert.ok(pages.length > 5);
    for (const { file, text } of pages) {
      const written = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '';
      assert.ok(written === text, `${file} is not up to date: run scripts/write-documentation.sh`);
    }
    const files = readdirSync(join(root, 'docs/reference/api')).map((file) => `docs/reference/api/${file}`);
    assert.deepEqual(files.sort(), [...pages.map(({ file }) => file), 'docs/reference/api/README.md'].sort());
  });

  it('has a docstring for every exported name', () => {
    for (const { package: name, undocumented } of pages) {
      assert.deepEqual(undocumented, [], name);
    }
  });

  it('shows no private member, and no name of the compiler', () => {
    for (const { file, text } of pages)
      assert.doesNotMatch(text, /#private|^ +private |import\("|export declare/m, file);
  });

  it('is linked from its index', () => {
    const index = readFileSync(join(root, 'docs/reference/api/README.md'), 'utf8');
    for (const { file, package: name } of pages)
      assert.ok(index.includes(`[${name}](${file.split('/').at(-1)})`), file);
  });
});

describe('parseDeclarations', () => {
  const parse = (text: string) => parseDeclarations(text).statements;

  it('reads names, signatures and docstrings', () => {
    const text = [
      '/** Adds. */',
      'export declare function add(a: number, b: {',
      '    readonly c: number;',
      '}): number;',
      'export declare const NONE = "{";',
      'export interface Row {',
      '    /** Ends with }; */',
      '    readonly key: string;',
      '}',
      'interface Hidden {',
      '}',
    ].join('\n');
    assert.deepEqual(parse(text), [
      {
        name: 'add',
        isExported: true,
        docstring: 'Adds.',
        signature: 'function add(a: number, b: {\n    readonly c: number;\n}): number;',
      },
      { name: 'NONE', isExported: true, docstring: '', signature: 'const NONE = "{";' },
      {
        name: 'Row',
        isExported: true,
        docstring: '',
        signature: 'interface Row {\n    /** Ends with }; */\n    readonly key: string;\n}',
      },
    ]);
  });

  it('gives no docstring to what follows another statement, and shows nothing private', () => {
    const text = [
      '/** Of a. */',
      "import { a } from './a.ts';",
      'export declare class B {',
      '    #private;',
      '    private readonly c;',
      '    private d;',
      '    /** Of e. */',
      '    private e;',
      '    f(): void;',
      '}',
    ].join('\n');
    assert.deepEqual(parse(text), [
      { name: 'B', isExported: true, docstring: '', signature: 'class B {\n    f(): void;\n}' },
    ]);
  });

  it('follows a union through comments and lines', () => {
    const text =
      'export type A = \n/** One; */\n{\n    b: 1;\n}\n/** Two. */\n | {\n    b: 2;\n};\nexport {};\n';
    assert.equal(parse(text).length, 1);
    assert.ok(parse(text)[0]!.signature.endsWith('b: 2;\n};'));
  });
});

describe('exportedDeclarations', () => {
  const folder = mkdtempSync(join(tmpdir(), 'declarations-'));
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('follows names through files, under the name that they are exported by', () => {
    write('a.d.ts', '/** One. */\nexport declare const one = 1;\nexport type Two = 2;\n');
    write('b.d.ts', "import { one } from './a.ts';\nexport { one };\nexport * as a from './a.ts';\n");
    const index = write(
      'index.d.ts',
      "export { one as first, a } from './b.ts';\nexport { type Two } from './a.ts';\n",
    );
    const found = exportedDeclarations(index);
    assert.deepEqual(
      found.map(({ name, docstring }) => [name, docstring]),
      [
        ['first', 'One.'],
        ['a', ''],
        ['Two', ''],
      ],
    );
    assert.equal(
      found[1]!.signature,
      'namespace a {\n    /** One. */\n    const one = 1;\n    type Two = 2;\n}',
    );
  });

  it('refuses a name that is nowhere', () => {
    write('a.d.ts', 'export declare const one = 1;\ndeclare const two = 2;\n');
    const index = write('index.d.ts', "export { two } from './a.ts';\n");
    assert.throws(() => exportedDeclarations(index), /two of \.\/a\.ts, which does not export it/);
    const other = write('other.d.ts', "export { one } from './nowhere.ts';\n");
    assert.throws(() => exportedDeclarations(other), /one of \.\/nowhere\.ts, which is not there/);
  });
});

describe('a page', () => {
  it('takes the header of a file, and of its first paragraph only', () => {
    assert.equal(headerOf('#!/usr/bin/env node\n// Why\n// this.\n//\n// More.\n\n// Other'), 'Why this.');
    assert.equal(headerOf('/**\n * Why\n * this.\n */\nconst a = 1;'), 'Why this.');
    assert.equal(headerOf('const a = 1;'), '');
  });

  it('lists what a docstring throws and takes', () => {
    const docstring =
      'Adds.\n\n@param a - the first\n  of two\n@throws RangeError where there is\nnone\n@returns all';
    assert.equal(
      docstringMarkdown(docstring),
      'Adds.\n\n- `a`: the first of two\n- Throws RangeError where there is none\n- returns: all',
    );
  });

  it('shortens what is long, from within', () => {
    const inner = Array.from({ length: 40 }, (_, index) => `  a${index}: 1;`).join('\n');
    assert.equal(shortened(`const a: {\n  b: {\n${inner}\n  };\n};`), 'const a: {\n  b: { … };\n};');
    assert.equal(shortened('const a: { b: { c: 1 } };'), 'const a: { b: { c: 1 } };');
    const many = `const a: [${`{\n${inner}\n}, `.repeat(3)}{\n${inner}\n}];`;
    assert.equal(shortened(many), 'const a: [{ … }, …, { … }];');
  });
});
