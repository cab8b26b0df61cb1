// The verifier runs where there is no Node: no file that it loads there names a module of Node or a global of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const FROM = /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?['"]([^'"]+)['"]/g;
const GLOBALS = /(?<![\w.'"`])(?:Buffer|process|global|require|setImmediate|__dirname)\b(?!['"`:])/;

interface PackageJson {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly imports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

/** The file that a browser's bundler takes. */
function browserFile(specifier: string, from: string): string {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  const own = packageOf(from);
  const inOwn = (name: string, of: 'exports' | 'imports', folder: string) => {
    const found = (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson)[of]?.[name];
    const file = typeof found === 'object' ? (found.browser ?? found.import ?? found.default) : found;
    assert.ok(file !== undefined, `${folder} has no ${name}`);
    return join(folder, file);
  };
  if (specifier.startsWith('#')) return inOwn(specifier, 'imports', own);
  const [scope, name, ...rest] = specifier.split('/');
  const base = scope!.startsWith('@') ? `${scope}/${name}` : scope!;
  const path = scope!.startsWith('@') ? rest : [name, ...rest].filter((one) => one !== undefined);
  if (!base.startsWith('@consilium/')) return createRequire(from).resolve(specifier);
  const folder = dirname(createRequire(from).resolve(`${base}/package.json`));
  return inOwn(path.length === 0 ? '.' : `./${path.join('/')}`, 'exports', folder);
}

function packageOf(file: string): string {
  for (let at = dirname(file); ; at = dirname(at)) {
    try {
      readFileSync(join(at, 'package.json'));
      return at;
    } catch {
      assert.notEqual(at, dirname(at), file);
    }
  }
}

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

test('nothing that is loaded with the evidence entry in a browser needs Node', () => {
  const seen = new Set<string>();
  const queue = [fileURLToPath(new URL('./evidence.js', import.meta.url))];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = withoutComments(readFileSync(file, 'utf8'));
    assert.doesNotMatch(text, /['"]node:/, file);
    if (!file.includes('node_modules')) assert.doesNotMatch(text, GLOBALS, file);
    for (const [, specifier] of text.matchAll(FROM)) queue.push(browserFile(specifier!, file));
  }
  const names = [...seen].map((file) => file.split('/').slice(-2).join('/'));
  assert.ok(names.includes('cryptography/of-browser.js') && !names.includes('cryptography/of-node.js'));
  assert.ok(names.includes('domain/src/index.js') || names.some((name) => name.endsWith('src/index.js')));
});

const EVIDENCE = fileURLToPath(
  new URL('../../../../examples/verify-evidence/evidence.ndjson', import.meta.url),
);
const GENESIS = '99ebfbeae9917a12c4be6c3b8d0d6a59915d77f1edaeaeb7835b7142972ab2ef';
const PROGRAM = fileURLToPath(new URL('./testing/verify-mutants.js', import.meta.url));

function reportsOf(...options: readonly string[]): readonly string[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...options, PROGRAM, EVIDENCE, GENESIS, '12'],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test('what a browser takes says of a file, and of altered ones, what the command says', () => {
  const [whole, ...altered] = reportsOf('--conditions=browser');
  assert.match(whole!, /^PROVEN: /);
  assert.equal(altered.length, 12);
  for (const report of altered) assert.match(report, /^(?:NOT PROVEN|line \d+)/);
  assert.deepEqual([whole, ...altered], reportsOf());
});
