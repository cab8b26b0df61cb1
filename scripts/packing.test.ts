// What strangers get of this repository: every published package is packed, looked at, and installed from its tarball
// into an empty folder, where its commands and its entries must work with nothing of a clone around them.
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { codeBlocks, readExamples } from './examples.ts';
import { type Package, readPackages } from './packages.ts';
import { runCommand } from './run-command.ts';
import { runExample } from './run-example.ts';

const root = join(import.meta.dirname, '../..');
const published = readPackages(root).filter(({ isPrivate }) => !isPrivate);
const isBuilt = published.every(({ folder, entries }) =>
  Object.values(entries).every((file) => existsSync(join(root, folder, file))),
);
const examples = readExamples(root);
const UNPACKED = join(root, 'node_modules/onnxruntime-node');
const LICENSE = readFileSync(join(root, 'LICENSE'), 'utf8');
const UNREACHABLE = /EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/;

interface Tarball {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

describe('packages as they are packed', { skip: !isBuilt && 'not run: the packages are not built' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'packing-'));
  const tarballs = new Map<string, Tarball>();
  after(() => rmSync(folder, { recursive: true }));
  before(async () => {
    const workspaces = published.flatMap(({ name }) => ['--workspace', name]);
    const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, ...workspaces];
    const { status, stdout, stderr } = await runCommand('npm', packing, root);
    assert.equal(status, 0, stderr);
    for (const tarball of Object.values(JSON.parse(stdout) as Tarball[])) tarballs.set(tarball.name, tarball);
  });
  const filesOf = ({ name }: Package) => tarballs.get(name)!.files.map(({ path }) => path);

  it('are all but the tools of tests, and need nothing that is not published', () => {
    assert.ok(published.length > 5);
    const names = new Set(readPackages(root).map(({ name }) => name));
    for (const { name, dependencies } of published) {
      const missing = dependencies.filter(
        (other) => names.has(other) && !published.some((one) => one.name === other),
      );
      assert.deepEqual(missing, [], name);
    }
  });

  it('hold their entries and commands, a README and the licence', () => {
    for (const one of published) {
      const files = filesOf(one);
      const needed = ['README.md', 'LICENSE', 'package.json', ...Object.values(one.entries)];
      const missing = [...needed, ...Object.values(one.commands)].filter((file) => !files.includes(file));
      assert.deepEqual(missing, [], one.name);
      assert.equal(readFileSync(join(root, one.folder, 'LICENSE'), 'utf8'), LICENSE, one.name);
    }
  });

  it("hold the console's page with the gateway, packed for browsers, and nothing else of the console", (t) => {
    const gateway = published.find(({ name }) => name === '@consilium/gateway')!;
    if (!existsSync(join(root, gateway.folder, 'console/dist/site/index.html'))) {
      t.skip('not run: the console is not built');
      return;
    }
    const files = filesOf(gateway).filter((file) => file.startsWith('console/'));
    const elsewhere = files.filter((file) => !/^console\/dist\/site\/(assets\/)?[\w-]/.test(file));
    assert.deepEqual(elsewhere, []);
    assert.ok(files.includes('console/dist/site/index.html'));
    const scripts = files.filter((file) => file.endsWith('.js'));
    assert.ok(scripts.length > 0);
    for (const file of scripts) assert.ok(files.includes(`${file}.br`) && files.includes(`${file}.gz`), file);
  });

  it('hold no tests, nothing that only tests use, no sources, and no maps of sources that are not there', () => {
    for (const one of published) {
      const ofTests = filesOf(one).filter((file) =>
        /\.test\.|(^|\/)(testing|fixtures|bench|fuzz|reference-values)\/|^src\/|\.map$|\.tsbuildinfo$/.test(
          file,
        ),
      );
      assert.deepEqual(ofTests, [], one.name);
    }
  });

  it('hold every file of theirs that a file of theirs loads', () => {
    for (const one of published) {
      const files = new Set(filesOf(one));
      const missing = [...files]
        .filter((file) => file.endsWith('.js'))
        .flatMap((file) => {
          const text = readFileSync(join(root, one.folder, file), 'utf8');
          const loaded = text.matchAll(/(?:from|import|import\(|new URL\()\s*'(\.[^']+\.js)'/g);
          return [...loaded]
            .map(([, target]) => posix.join(posix.dirname(file), target!))
            .filter((target) => !files.has(target))
            .map((target) => `${file}: ${target}`);
        });
      assert.deepEqual(missing, [], one.name);
    }
  });

  it('each have an example that runs: in their README, or in examples/', () => {
    const shown = new Set(examples.flatMap(({ packages }) => packages));
    const lacking = published.filter(
      ({ name, folder: own }) =>
        !shown.has(name) && codeBlocks(readFileSync(join(root, own, 'README.md'), 'utf8'), 'js').length === 0,
    );
    assert.deepEqual(
      lacking.map(({ name }) => name),
      [],
    );
  });

  // What follows needs the packages where nothing else is.
  const empty = join(folder, 'empty');
  let missing: string | undefined = 'not run: not installed';

  it('install from their tarballs into an empty folder', async (t) => {
    mkdirSync(empty);
    // Of this dependency, half of all that is installed, the clone has the same version unpacked.
    const { version } = JSON.parse(readFileSync(join(UNPACKED, 'package.json'), 'utf8'));
    const { dependencies } = JSON.parse(readFileSync(join(root, 'packages/onnx-grad/package.json'), 'utf8'));
    assert.equal(dependencies['onnxruntime-node'], version);
    const overrides = { 'onnxruntime-node': pathToFileURL(UNPACKED).href };
    writeFileSync(join(empty, 'package.json'), JSON.stringify({ private: true, overrides }));
    const files = published.map(({ name }) => join(folder, tarballs.get(name)!.filename));
    const quick = [
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--fetch-retries=0',
      '--fetch-timeout=60000',
    ];
    const install = ['install', '--ignore-scripts', '--loglevel=error', ...quick, ...files];
    const installed = await runCommand('npm', install, empty);
    if (installed.status !== 0 && UNREACHABLE.test(installed.stderr)) {
      missing = `not run: no package registry answers (${installed.stderr.split('\n')[0]})`;
      return t.skip(missing);
    }
    assert.equal(installed.status, 0, installed.stderr);
    cpSync(join(root, 'examples'), join(empty, 'examples'), { recursive: true });
    symlinkSync(join(empty, 'node_modules/@consilium/network'), join(empty, 'network'));
    missing = undefined;
  });

  it('load there by each of their entries', async (t) => {
    if (missing !== undefined) return t.skip(missing);
    const entries = published.flatMap(({ name, entries }) =>
      Object.keys(entries).map((path) => posix.join(name, path)),
    );
    // One by one, and what was loaded is said: libraries among them take uncaught errors for their own.
    const load = `for (const entry of ${JSON.stringify(entries)}) {
      await import(entry).then(() => console.log(entry), (error) => console.error(entry, error));
    }
    process.exit();`;
    const loaded = await runCommand(process.execPath, ['--input-type=module', '--eval', load], empty);
    assert.deepEqual(loaded.stdout.trim().split('\n'), entries, loaded.stderr);
  });

  it('print help there by each of their commands, and say on an older Node what they need', async (t) => {
    if (missing !== undefined) return t.skip(missing);
    const older = join(folder, 'older.mjs');
    const versions = "{ ...process.versions, node: '20.20.2' }";
    writeFileSync(older, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
    for (const command of published.flatMap(({ commands }) => Object.keys(commands))) {
      const file = join(empty, 'node_modules/.bin', command);
      const help = await runCommand(process.execPath, [file, '--help'], empty);
      assert.equal(help.status, 0, `${command}: ${help.stderr}`);
      assert.match(help.stdout, new RegExp(command));
      const parameters = ['--import', pathToFileURL(older).href, file, '--help'];
      const refused = await runCommand(process.execPath, parameters, empty);
      assert.equal(refused.status, 2, command);
      assert.match(refused.stderr, /^Consilium needs Node\.js 24 or newer, and this is 20\.20\.2: .*\n$/);
    }
  });

  it('run there the examples of their READMEs', async (t) => {
    if (missing !== undefined) return t.skip(missing);
    const blocks = published.flatMap(({ name }) => {
      const readme = readFileSync(join(empty, 'node_modules', name, 'README.md'), 'utf8');
      return codeBlocks(readme, 'js').map((block, index) => ({ name, block, index }));
    });
    for (const { name, block, index } of blocks) {
      const file = join(empty, `${posix.basename(name)}-${index}.mjs`);
      writeFileSync(file, block);
      const { status, stdout, stderr } = await runCommand(process.execPath, [file], empty);
      assert.equal(status, 0, `${name}: ${stderr}`);
      assert.notEqual(stdout, '', name);
    }
  });

  // Without a registry the examples still run, by the packages of the clone.
  const linked = join(folder, 'linked');
  const linkedFolder = () => {
    if (existsSync(linked)) return linked;
    mkdirSync(linked);
    for (const name of ['examples', 'network', 'node_modules'])
      symlinkSync(join(root, name), join(linked, name));
    return linked;
  };
  for (const example of examples) {
    it(`let examples/${example.name} print there what its README says`, () =>
      runExample(example, missing === undefined ? empty : linkedFolder()));
  }
});
