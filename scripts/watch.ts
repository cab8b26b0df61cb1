// Compiles on every change, and then runs the tests of what changed (`make watch`); with W= or T=, always those that
// they ask for. Ctrl-C ends it with what it started.
import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, readFileSync, watch } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { testsOf } from './changed-tests.ts';
import { importGraph } from './imports.ts';
import { compiledFile, compiledFolders, readPackages } from './packages.ts';

/** Editors write several files at once, or one file several times. */
const QUIET_MS = 150;

const root = join(import.meta.dirname, '../..');
const packages = readPackages(root);
const folders = compiledFolders(packages);
const isAsked = Boolean(process.env.W || process.env.T);
const say = (line: string) => process.stdout.write(`\n— ${line}\n`);

let running: ChildProcess | undefined;

/** Runs a program in place of the one that runs; resolves to its status, or to undefined where it was ended. */
function run(command: string, parameters: readonly string[]): Promise<number | undefined> {
  const child = spawn(command, parameters, { cwd: root, stdio: 'inherit' });
  running = child;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (running === child) running = undefined;
      resolve(code ?? undefined);
    });
  });
}

function readSources(): Map<string, string> {
  const files = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root, exclude: isBuilt }));
  return new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

function isBuilt(file: string): boolean {
  return /(^|[\\/])(dist|node_modules|out)([\\/]|$)/.test(file);
}

async function runTests(changed: readonly string[]): Promise<void> {
  if (isAsked) {
    await run(join(root, 'scripts/test.sh'), []);
    return;
  }
  const graph = importGraph(readSources(), packages);
  const { near, further } = testsOf(changed, graph);
  const others = further === 0 ? '' : `; ${further} others reach it: make test W=… runs a workspace's`;
  say(
    `${changed.join(', ')}: ${near.length === 0 ? 'no test imports it' : `${near.length} files of tests`}${others}`,
  );
  if (near.length === 0) return;
  const compiled = near.map((file) => compiledFile(file, folders));
  await run(process.execPath, ['--test', '--test-concurrency=2', ...compiled]);
}

/** Changes that no run of tests has seen to its end, and how many there were so far. */
const changes = new Set<string>();
let edits = 0;
let isBusy = false;

/** Compiles and tests until it has seen every change, or until something does not compile. */
async function catchUp(): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  while (changes.size > 0) {
    const [changed, seen] = [[...changes], edits];
    const status = await run(join(root, 'node_modules/.bin/tsc'), ['-b', '--pretty']);
    if (status === 0 && edits === seen) await runTests(changed);
    if (edits !== seen) continue;
    if (status !== 0) break;
    changes.clear();
  }
  isBusy = false;
  say('Waiting for changes (Ctrl-C ends)');
}

let timer: NodeJS.Timeout | undefined;
function change(file: string): void {
  changes.add(file);
  edits++;
  running?.kill('SIGTERM');
  clearTimeout(timer);
  timer = setTimeout(() => void catchUp(), QUIET_MS);
}

for (const folder of folders) {
  watch(join(root, folder), { recursive: true }, (_, name) => {
    if (name === null || isBuilt(name) || !/\.(ts|js|json|onnx|ya?ml)$/.test(name)) return;
    change(posix.join(folder, name.split(sep).join('/')));
  });
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    running?.kill('SIGTERM');
    process.exit(0);
  });
}
if (isAsked) change(`W=${process.env.W ?? ''} T=${process.env.T ?? ''}`);
else say('Waiting for changes (Ctrl-C ends)');
