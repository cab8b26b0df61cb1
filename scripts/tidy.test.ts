// House rules that a compiler does not know: which package may import what, one door per vendor SDK, names,
// line lengths, and what must not be committed. Links are in document-links.test.ts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { cyclesOf, importGraph, importsOf, outsideImports } from './imports.ts';
import { readPackages } from './packages.ts';

const root = join(import.meta.dirname, '..', '..');
const isClone = existsSync(join(root, '.git'));
const skip = isClone ? false : 'not run: not a git checkout, so the list of files is unknown';
const files = isClone
  ? execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter((file) => file !== '' && existsSync(join(root, file)))
  : [];
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const sources = files.filter((file) => /\.tsx?$/.test(file));
/** Written by scripts/write-documentation.sh: a test of its package holds it to what it is written from. */
const isGenerated = (file: string) => file.endsWith('.generated.ts');
const isTest = (file: string) => /\.test\.tsx?$|(^|\/)(testing|conformance|bench|fuzz)\//.test(file);

/** What each package's own code (not its tests) may import of its siblings: dependencies point down. */
const SIBLINGS: Record<string, readonly string[]> = {
  'packages/dp-accountant': [],
  'packages/domain': ['@consilium/dp-accountant'],
  'packages/onnx-grad': [],
  'packages/dp-sgd': ['@consilium/onnx-grad', '@consilium/onnx-grad/step'],
  'packages/federation': ['@consilium/domain'],
  'packages/guarded-rows': [],
  'packages/traces': [],
  'packages/fuzz-loop': ['@consilium/command-line'],
  'packages/command-line': [],
  'packages/client': [],
  'packages/verify': [
    '@consilium/command-line',
    '@consilium/domain',
    '@consilium/dp-accountant',
    '@consilium/federation',
  ],
  chaincode: ['@consilium/domain', '@consilium/domain/rules', '@consilium/domain/key-proof'],
  'test-network': ['@consilium/command-line', '@consilium/guarded-rows'],
  'gateway/console': [
    '@consilium/client',
    '@consilium/client/browser',
    '@consilium/domain',
    '@consilium/domain/rules',
    '@consilium/verify/evidence',
  ],
  gateway: [
    '@consilium/command-line',
    '@consilium/domain',
    '@consilium/domain/ledger',
    '@consilium/guarded-rows',
    '@consilium/traces',
    '@consilium/verify',
    '@consilium/verify/blocks',
  ],
  trainer: [
    '@consilium/client',
    '@consilium/command-line',
    '@consilium/domain',
    '@consilium/domain/data',
    '@consilium/domain/dictionary',
    '@consilium/dp-accountant',
    '@consilium/dp-sgd',
    '@consilium/federation',
    '@consilium/guarded-rows',
    '@consilium/onnx-grad',
    '@consilium/onnx-grad/accepted-graphs',
    '@consilium/traces',
  ],
  // Finds it, and has it run by others.
  network: [
    '@consilium/chaincode',
    '@consilium/client',
    '@consilium/command-line',
    '@consilium/domain',
    '@consilium/domain/rules',
    '@consilium/verify',
    '@consilium/verify/channel',
    '@consilium/verify/fabric-block',
  ],
};

const packageOf = (file: string) => /^(packages\/[^/]+|gateway\/console|[^/]+)/.exec(file)![0];

/** What every program may load first. */
const isStart = (name: string) => name.startsWith('@consilium/process-start/');

/** What tests of every package may import besides: what lies open, and what siblings keep for tests. */
const OPEN_PACKAGES = 'client|command-line|dp-accountant|domain|onnx-grad|dp-sgd|federation|fuzz-loop|verify';
const OPEN = new RegExp(`^@consilium/(${OPEN_PACKAGES})(/key-proof|/step)?$`);
const isToolOfTests = (name: string) => OPEN.test(name) || /^@consilium\/[a-z-]+\/testing($|\/)/.test(name);

/** Vendor SDKs enter a package through one file (or, for the ledger's stand-in, one folder each). */
const DOORS: readonly { sdk: RegExp; within: string; door: RegExp }[] = [
  {
    sdk: /^@hyperledger\/fabric-gateway$|^@grpc\//,
    within: 'gateway/',
    door: /^gateway\/src\/fabric\/(fabric-ledger|ask-orderers|sdk-[a-z]+)\.ts$/,
  },
  { sdk: /^@grpc\//, within: 'network/', door: /^network\/src\/ceremonies\/fabric-nodes\.ts$/ },
  { sdk: /^fabric-(shim|contract-api)/, within: 'packages/domain/', door: /^$/ },
  {
    sdk: /^ipfs-http-client$/,
    within: 'trainer/',
    door: /^trainer\/src\/artefacts\/ipfs-artefact-store\.ts$/,
  },
  { sdk: /^onnxruntime-node$/, within: '', door: /^packages\/onnx-grad\/src\/runtime\/onnx-runtime\.ts$/ },
  { sdk: /^@hpke\//, within: 'trainer/', door: /^trainer\/src\/artefacts\// },
  {
    sdk: /^@noble\//,
    within: 'packages/',
    door: /^packages\/(verify\/src\/cryptography\/(of-browser|\w+-key)|federation\/src\/platform\/of-browser)\.ts$/,
  },
  { sdk: /^@noble\//, within: 'trainer/', door: /^trainer\/src\/artefacts\/key-proof\.ts$/ },
];

const loadedBy = (file: string) => importsOf(read(file));

function offenders(list: readonly string[], rule: (file: string) => readonly string[]): string[] {
  return list.flatMap((file) => rule(file).map((what) => `${file}: ${what}`));
}

test('packages import of their siblings only what the design allows', { skip }, () => {
  const found = offenders(sources, (file) => {
    const allowed = SIBLINGS[packageOf(file)];
    if (allowed === undefined) return [];
    return loadedBy(file).filter(
      (name) =>
        (name.startsWith('@consilium/') &&
          !allowed.includes(name) &&
          !isStart(name) &&
          !(isTest(file) && isToolOfTests(name))) ||
        (name.startsWith('.') && packageOf(normalize(join(dirname(file), name))) !== packageOf(file)),
    );
  });
  assert.deepEqual(found, []);
});

test('packages load nothing from outside them but what their package.json declares and siblings export', {
  skip,
}, () => {
  const loading = files.filter((file) => /\.(tsx?|js)$/.test(file));
  const packages = readPackages(root);
  assert.deepEqual(outsideImports(new Map(loading.map((file) => [file, read(file)])), packages), []);
});

test('no file, and no package, leads back to itself', { skip }, () => {
  const packages = readPackages(root);
  const graph = importGraph(new Map(sources.map((file) => [file, read(file)])), packages);
  assert.ok(graph.get('packages/federation/src/index.ts')!.length > 3);
  assert.deepEqual(cyclesOf(graph), []);
  const wanted = packages.map(({ name, dependencies, devDependencies }) => {
    const all = [...dependencies, ...devDependencies];
    return [name, all.filter((other) => packages.some((one) => one.name === other))] as const;
  });
  assert.deepEqual(cyclesOf(new Map(wanted)), []);
});

test('the domain imports nothing but the accountant and the schema library', { skip }, () => {
  // A member's key is proven by a signature of Node's, behind an entry of its own.
  const isDomain = (file: string) => /^packages\/domain\/src\/(?!key-proof)/.test(file) && !isTest(file);
  const domain = sources.filter(isDomain);
  const allowed = /^(\.|@consilium\/dp-accountant$|typebox($|\/))/;
  assert.ok(domain.length > 10);
  assert.deepEqual(
    offenders(domain, (file) => loadedBy(file).filter((name) => !allowed.test(name))),
    [],
  );
});

test('each vendor SDK enters a package through its one door', { skip }, () => {
  const found = DOORS.flatMap(({ sdk, within, door }) =>
    offenders(
      sources.filter((file) => file.startsWith(within) && !isTest(file) && !door.test(file)),
      (file) => loadedBy(file).filter((name) => sdk.test(name)),
    ),
  );
  assert.deepEqual(found, []);
});

test('files are named in kebab-case for what they do', { skip }, () => {
  const vague = /(^|[-/.])(utils?|helpers?|manager|common|misc)([-/.]|$)/;
  assert.deepEqual(
    sources.filter(
      (file) => vague.test(file) || !/^[a-z0-9]+([-.][a-z0-9]+)*\.tsx?$/.test(file.split('/').at(-1)!),
    ),
    [],
  );
});

test('no file is called as its neighbour is, but for an s: nobody finds the right one of the two', {
  skip,
}, () => {
  const names = new Set(sources.map((file) => file.replace(/\.tsx?$/, '')));
  assert.deepEqual(
    [...names].filter((name) => names.has(`${name}s`)),
    [],
  );
});

test('a source file holds one idea: at most 500 lines', { skip }, () => {
  const long = sources.filter(
    (file) => !isTest(file) && !isGenerated(file) && read(file).split('\n').length > 500,
  );
  assert.deepEqual(long, []);
});

test('each source file begins by saying why it exists', { skip }, () => {
  const silent = sources.filter((file) => !isTest(file) && !/^(#!.*\n)?(\/\/|\/\*\*)/.test(read(file)));
  assert.deepEqual(silent, []);
});

test('lines of code are at most 120 characters', { skip }, () => {
  assert.deepEqual(
    offenders(sources, (file) =>
      read(file)
        .split('\n')
        .flatMap((line, index) =>
          line.length > 120 && !/https?:|'[^']{60,}/.test(line) ? [`line ${index + 1}`] : [],
        ),
    ),
    [],
  );
});

test('decision records have a number of their own and the three parts, on one page', { skip }, () => {
  const records = files.filter((file) => /^docs\/decisions\/\d{4}-/.test(file));
  assert.ok(records.length > 0);
  const numbers = records.map((file) => file.slice('docs/decisions/'.length, 'docs/decisions/'.length + 4));
  assert.equal(new Set(numbers).size, numbers.length, 'two records share a number');
  const lacking = offenders(records, (file) => {
    const text = read(file);
    const parts = ['## Context', '## Decision', '## Consequences'].filter((part) => !text.includes(part));
    return text.split('\n').length > 60 ? [...parts, 'longer than a page'] : parts;
  });
  assert.deepEqual(lacking, []);
});

test('the lock file records no registry, and nothing large or secret is committed', { skip }, () => {
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> };
  const resolved = Object.entries(lock.packages).filter(
    ([, { resolved: at }]) => at !== undefined && /:\/\//.test(at),
  );
  assert.deepEqual(resolved, []);
  assert.deepEqual(
    files.filter((file) => statSync(join(root, file)).size > 1024 * 1024),
    [],
  );
  const secret = /-----BEGIN (EC |RSA )?PRIVATE KEY-----\n[A-Za-z0-9+/]{40}/;
  assert.deepEqual(
    files.filter((file) => /\.(ts|json|ya?ml|md|pem)$/.test(file) && secret.test(read(file))),
    [],
  );
});

test('commands are files of the repository: npm links them before anything is compiled', { skip }, () => {
  const packages = files.filter((file) => /^[a-z-]+\/package\.json$/.test(file));
  const commands = packages.flatMap((file) => {
    const { bin = {} } = JSON.parse(read(file)) as { bin?: Record<string, string> };
    return Object.values(bin).map((path) => join(dirname(file), path));
  });
  assert.ok(commands.length > 0);
  assert.deepEqual(
    commands.filter((file) => !files.includes(file) || (statSync(join(root, file)).mode & 0o100) === 0),
    [],
  );
});
