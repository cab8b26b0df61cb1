// A folder that has what a fresh clone has once it is built, and nothing else that lies in this one: what somebody has
// made here and not committed is not there, and so neither is what was compiled of it.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Why it cannot be made; false where it can. */
export const whyNoClone = (repository: string): string | false =>
  existsSync(join(repository, '.git')) ? false : 'not run: not a git checkout, so that its files are unknown';

/** Where the page for browsers is built, of many sources. */
const BUNDLED = 'dist/site/';

/** The root's among them. */
const workspacesIn = (files: readonly string[]): string[] =>
  files.filter((file) => /(^|\/)package\.json$/.test(file)).map(dirname);

/** What the compiler wrote for `files` of the repository, and what a bundler did. */
function builtOf(repository: string, files: readonly string[]): string[] {
  const sources = new Set(files);
  return workspacesIn(files).flatMap((workspace) =>
    globSync('dist/**/*', { cwd: join(repository, workspace), withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(join(repository, workspace), join(entry.parentPath, entry.name)))
      .filter((path) => {
        if (path.startsWith(BUNDLED)) return true;
        const source = join(workspace, path.slice('dist/'.length));
        return (
          /\.js$/.test(source) && ['.ts', '.tsx'].some((end) => sources.has(source.replace(/\.js$/, end)))
        );
      })
      .map((path) => join(workspace, path)),
  );
}

/**
 * Files are copied, since a program that is linked would read beside itself what only the repository has. Libraries are
 * linked, and packages of ours by name are those of the clone.
 *
 * @param folder is new
 */
export function cloneBuilt(repository: string, folder: string): void {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: repository, encoding: 'utf8' })
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(repository, file)));
  for (const file of [...tracked, ...builtOf(repository, tracked)]) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    copyFileSync(join(repository, file), join(folder, file));
  }
  for (const workspace of workspacesIn(tracked)) {
    const own = join(workspace, 'node_modules');
    if (existsSync(join(repository, own))) linkLibraries(join(repository, own), join(folder, own));
  }
  const tools = join(repository, '.tools');
  if (existsSync(tools)) symlinkSync(tools, join(folder, '.tools'));
}

/** Links that npm made lead to where they would in a clone; all else is linked as it is. */
function linkLibraries(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const path = join(from, name);
    if (lstatSync(path).isSymbolicLink()) symlinkSync(readlinkSync(path), join(to, name));
    else if (name === '.bin' || name === '@consilium') linkLibraries(path, join(to, name));
    else symlinkSync(path, join(to, name));
  }
}
