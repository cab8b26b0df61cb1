// Makes the release that a hospital installs: the packages as npm packs them, all that they depend on, and one script
// that installs them from these files alone. What is taken of others is what the lock file names, for one platform.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Package, readPackages } from './packages.ts';
import { runCommand } from './run-command.ts';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}
type Lock = Readonly<Record<string, Locked>>;

/** Where a package is in the tree, and what the lock file says of it. */
export interface Dependency {
  /** Such as `node_modules/yaml`, from the repository's root. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/**
 * All that a workspace needs to run, found as Node finds it: from a package's own folder upwards.
 *
 * @returns the workspaces, and what is not theirs
 * @throws Error where something is needed that the lock file does not have
 */
export function neededBy(
  start: string,
  lock: Lock,
): { readonly workspaces: readonly string[]; readonly dependencies: readonly Dependency[] } {
  const seen = new Set<string>();
  const waiting = [start];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = lock[path]!;
    const optional = new Set([...Object.keys(optionalDependencies), ...Object.keys(peerDependencies)]);
    for (const name of [...Object.keys(dependencies), ...optional]) {
      const found = find(name, path, lock);
      if (found !== undefined) waiting.push(lock[found]!.link ? lock[found]!.resolved! : found);
      else if (!optional.has(name))
        throw new Error(`${path} needs ${name}, which the lock file does not have`);
    }
  }
  const all = [...seen].sort();
  const isTheirs = (path: string) => path.includes('node_modules/');
  return {
    workspaces: all.filter((path) => !isTheirs(path)),
    dependencies: all.filter(isTheirs).map((path) => {
      const { version = '', integrity = '' } = lock[path]!;
      return { path, name: path.slice(path.lastIndexOf('node_modules/') + 13), version, integrity };
    }),
  };
}

function find(name: string, from: string, lock: Lock): string | undefined {
  for (let folder = from; ; folder = folder.includes('/') ? dirname(folder) : '') {
    const path = join(folder, 'node_modules', name);
    if (lock[path] !== undefined) return path;
    if (folder === '') return undefined;
  }
}

/** Where it lies in the installed tree: what a workspace has for itself goes with the workspace. */
export function placeOf(path: string, packages: readonly Pick<Package, 'name' | 'folder'>[]): string {
  const owner = packages.find(({ folder }) => path.startsWith(`${folder}/node_modules/`));
  const place = owner === undefined ? path : `node_modules/${owner.name}${path.slice(owner.folder.length)}`;
  return place.slice('node_modules/'.length);
}

export interface ReleaseOptions {
  readonly root: string;
  /** Must not be there yet. */
  readonly out: string;
  /** The tarball of Node's own npm package for this platform, which is brought along; none where absent. */
  readonly node?: string;
  /** Not brought along: for tests, which have them already. */
  readonly omit?: readonly string[];
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** @returns the digest of SHA256SUMS, which names every other file. @throws Error where something is not built */
export async function makeRelease({ root, out, node, omit = [] }: ReleaseOptions): Promise<string> {
  if (!existsSync(join(root, 'gateway/console/dist/site/index.html')))
    throw new Error('the console is not built: run `make build`');
  const packages = readPackages(root);
  const { packages: lock } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Lock;
  };
  const { workspaces, dependencies } = neededBy('network', lock);
  const ours = packages.filter(({ folder }) => workspaces.includes(folder));
  const theirs = dependencies.filter(({ name }) => !omit.includes(name));
  mkdirSync(dirname(out), { recursive: true });
  mkdirSync(out);
  mkdirSync(join(out, 'packages'));
  await pack(root, ours, join(out, 'packages'));
  await gather({ root, theirs, packages, out });
  const { chaincodeSha256 } = (await import(join(root, 'network/dist/src/hospital/code-digest.js'))) as {
    chaincodeSha256: () => string;
  };
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const text = (name: string, content: string) => writeFileSync(join(out, name), `${content}\n`);
  text('VERSION', version);
  text('PLATFORM', await said('sh', ['-c', 'echo "$(uname -s)-$(uname -m)"'], root));
  text('CHAINCODE_SHA256', chaincodeSha256());
  text(
    'dependencies.txt',
    theirs.map(({ name, version: of, integrity }) => `${name} ${of} ${integrity}`).join('\n'),
  );
  cpSync(join(root, 'scripts/release/install.sh'), join(out, 'install.sh'));
  if (node !== undefined) cpSync(node, join(out, 'node.tgz'));
  const files = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1))
    .sort();
  const sums = files.map((name) => `${sha256(readFileSync(join(out, name)))}  ${name}\n`).join('');
  writeFileSync(join(out, 'SHA256SUMS'), sums);
  return sha256(Buffer.from(sums));
}

async function said(command: string, parameters: readonly string[], cwd: string): Promise<string> {
  const { status, stdout, stderr } = await runCommand(command, parameters, cwd);
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} failed: ${stderr}${stdout}`);
  return stdout.trim();
}

async function pack(root: string, ours: readonly Package[], folder: string): Promise<void> {
  const workspaces = ours.flatMap(({ name }) => ['--workspace', name]);
  await said(
    'npm',
    ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder, ...workspaces],
    root,
  );
  const expected = ours.map(
    ({ name, version }) => `${name.replace('@', '').replace('/', '-')}-${version}.tgz`,
  );
  const missing = expected.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) throw new Error(`not packed: ${missing.join(', ')}`);
}

interface Gathering {
  readonly root: string;
  readonly theirs: readonly Dependency[];
  readonly packages: readonly Package[];
  readonly out: string;
}

/** Programs for other platforms are half of it, and are of no use. */
async function gather({ root, theirs, packages, out }: Gathering): Promise<void> {
  const tree = join(out, 'tree');
  const here = `/bin/napi-v6/${process.platform}/${process.arch}`;
  const isForHere = (file: string) => {
    const at = file.indexOf('/onnxruntime-node/bin/napi-v6/');
    if (at === -1) return true;
    const below = file.slice(at + '/onnxruntime-node'.length);
    return here.startsWith(below) || below.startsWith(here);
  };
  for (const { path } of theirs) {
    const from = join(root, path);
    if (!existsSync(from)) continue;
    const filter = (file: string) =>
      !file.slice(from.length).startsWith('/node_modules') && isForHere(file) && basename(file) !== '.bin';
    cpSync(from, join(tree, placeOf(path, packages)), { recursive: true, filter });
  }
  // The same files make the same archive.
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+w,go=rX'];
  const target = join(out, 'dependencies.tgz');
  await said('tar', [...same, '-czf', target, '-C', tree, '.'], root);
  rmSync(tree, { recursive: true });
}

if (process.argv[1] === import.meta.filename) {
  const root = join(import.meta.dirname, '../..');
  const { values } = parseArgs({ options: { out: { type: 'string' }, node: { type: 'string' } } });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const out = resolve(values.out ?? join(root, `out/release/consilium-${version}`));
  if (existsSync(out)) throw new Error(`${out} is there already: remove it first`);
  const digest = await makeRelease({
    root,
    out,
    ...(values.node !== undefined && { node: resolve(values.node) }),
  });
  console.log(`${out}\nSHA256SUMS ${digest}`);
}
