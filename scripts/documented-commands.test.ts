// What the documents for newcomers and operators tell people to type or to open is there: targets of make, tests that
// W= and T= choose, and files. `document-links.test.ts` holds their links.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeBlocks } from './examples.ts';
import { compiledFile, compiledFolders, readPackages } from './packages.ts';
import { selectTests } from './test-files.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'RELEASING.md', 'SECURITY.md'],
  ...globSync('docs/{operating,tutorials}/*.md', { cwd: root }),
];
const packages = readPackages(root);
const isBuilt = (name: string) => ['dist', 'node_modules', 'out'].includes(name);
const folders = compiledFolders(packages);
const sources = [...folders, 'docs'].flatMap((folder) =>
  globSync(`${folder}/**/*.*`, { cwd: root, exclude: isBuilt }),
);

/** Every command line that begins with `make`, in code blocks or between backticks. */
const makeLines = (text: string): string[] =>
  [...text.matchAll(/(?:`|^ *)make ([^`\n#|]*)/gm)].flatMap(([, line = '']) =>
    line.split('&&').map((part) => part.trim().replace(/^make /, '')),
  );

const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, name]) => name!));

for (const document of documents) {
  const text = read(document);
  test(`${document}: every target of make is there`, () => {
    const asked = makeLines(text).flatMap((line) =>
      line.split(/\s+/).filter((word) => /^[a-z-]+$/.test(word)),
    );
    assert.deepEqual(
      asked.filter((name) => !targets.has(name)),
      [],
    );
  });
  test(`${document}: every choice of tests chooses some`, () => {
    const tests = sources
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => ({ path: compiledFile(file, folders), read: () => read(file) }));
    for (const [, choice = ''] of text.matchAll(/(?<!\w)((?:[WT]=[\w/.-]+ ?)+)/g)) {
      const [, workspace] = /W=(\S+)/.exec(choice) ?? [];
      const [, wanted] = /T=(\S+)/.exec(choice) ?? [];
      assert.ok(selectTests({ workspace, text: wanted }, tests, packages).files.length > 0, choice);
    }
  });
  test(`${document}: every file between backticks is there`, () => {
    const named = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|js|sh|md))`/g)].map(([, file]) => file!);
    const missing = named.filter(
      (file) => !sources.some((source) => source === file || source.endsWith(`/${file}`)),
    );
    assert.deepEqual(missing, []);
  });
}

test('every document that shows requests with curl has them pasted in a test', () => {
  const shows = globSync('**/*.md', {
    cwd: root,
    exclude: (name) => isBuilt(name) || name === '.tools',
  }).filter(
    (file) =>
      codeBlocks(read(file), 'sh').some((block) => /\bcurl /.test(block)) || /^ *curl /m.test(read(file)),
  );
  assert.ok(shows.length > 8, shows.join());
  const tests = sources.filter((file) => file.endsWith('.test.ts') && !file.startsWith('scripts/')).map(read);
  assert.deepEqual(
    shows.filter((file) => !tests.some((text) => text.includes(file))),
    [],
  );
});

test('the page about policies renews rows of every kind that the ledger lists', () => {
  const [, table = ''] =
    /POLICY_KINDS = \[([^\]]+)\]/.exec(read('packages/domain/src/transactions.ts')) ?? [];
  const kinds = [...table.matchAll(/'(\w+)'/g)].map(([, kind]) => kind!);
  const [, asked = ''] = /^for kind in (.+); do$/m.exec(read('docs/operating/leave-a-consortium.md')) ?? [];
  assert.ok(kinds.length > 0);
  assert.deepEqual(asked.split(' '), kinds);
});

test('the table of architecture has every package, below all that it imports', () => {
  const listed = [...read('docs/concepts/architecture.md').matchAll(/^\| \[([a-z-]+)\]\(/gm)].map(
    ([, name]) => name!,
  );
  const folders = packages.filter(({ folder }) => folder.startsWith('packages/'));
  const names = folders.map(({ folder }) => folder.replace('packages/', ''));
  assert.deepEqual(listed.toSorted(), names.toSorted());
  for (const { folder } of folders) {
    const { dependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as {
      dependencies?: Record<string, string>;
    };
    const own = listed.indexOf(folder.replace('packages/', ''));
    for (const name of Object.keys(dependencies).filter((one) => one.startsWith('@consilium/'))) {
      const above = listed.slice(0, own);
      assert.ok(above.includes(name.replace('@consilium/', '')), `${folder} is above ${name}`);
    }
  }
});

test("the trainer's README has every route of its service", () => {
  const written = [...read('trainer/README.md').matchAll(/^\| `((?:GET|POST) \/local\/\S+)` \|/gm)];
  const table = read('packages/domain/src/local-routes.ts');
  const routes = [...table.matchAll(/method: '(\w+)',\s+path: '([^']+)'/g)];
  assert.ok(routes.length > 8);
  assert.deepEqual(
    written.map(([, route]) => route).toSorted(),
    routes.map(([, method, path]) => `${method} ${path}`).toSorted(),
  );
});

test('commands of make are found in blocks, between backticks and after others', () => {
  const text = '```\nmake up A=1   # starts\n```\nCall `make clean && make check`, which make sense.';
  assert.deepEqual(makeLines(text), ['up A=1', 'clean', 'check']);
});
