// Which compiled test files a person means: those of a workspace, of part of a file's name, or of part of a title.
import { compiledFolders, type Package } from './packages.ts';

export interface TestFile {
  /** The compiled file, below the repository's root, such as trainer/dist/src/study/next-action.test.js. */
  readonly path: string;
  readonly read: () => string;
}

export interface Wish {
  /** A workspace's folder or the last part of it; all where absent. */
  readonly workspace?: string | undefined;
  /** Part of a file's path, or of a test's title. */
  readonly text?: string | undefined;
}

export interface Selection {
  readonly files: readonly string[];
  /** For Node's --test-name-pattern, where titles were meant. */
  readonly title?: string | undefined;
}

/** Nothing is meant by a wish; the message says what there is. */
export class NoSuchTestError extends Error {
  override readonly name = 'NoSuchTestError';
}

/** The workspace's folder. `scripts` has tests too, and is none. @throws NoSuchTestError */
export function workspaceOf(wanted: string, packages: readonly Pick<Package, 'folder'>[]): string {
  const folders = compiledFolders(packages);
  const name = wanted.replace(/^\.\//, '').replace(/\/+$/, '');
  const found = folders.find((folder) => folder === name || folder === `packages/${name}`);
  if (found !== undefined) return found;
  throw new NoSuchTestError(`There is no workspace ${wanted}. W is one of: ${folders.join(', ')}.`);
}

/** As written: of a title that is put together, the first part. */
const titlesOf = (text: string): string[] =>
  [...text.matchAll(/\b(?:test|it|describe)\(\s*(['"`])((?:\\.|(?!\1).)*)/g)].map(([, , title]) => title!);

/**
 * The files that a wish means. A text that is in paths means these files whole; else the tests whose titles have it.
 *
 * @throws NoSuchTestError where nothing matches
 */
export function selectTests(
  { workspace, text }: Wish,
  all: readonly TestFile[],
  packages: readonly Pick<Package, 'folder'>[],
): Selection {
  const folder = workspace === undefined ? undefined : workspaceOf(workspace, packages);
  const among = folder === undefined ? all : all.filter(({ path }) => path.startsWith(`${folder}/dist/`));
  const where = folder ?? 'any workspace';
  const pathsOf = (files: readonly TestFile[]) => files.map(({ path }) => path);
  if (text === undefined) {
    if (among.length === 0) throw new NoSuchTestError(`There are no tests in ${where}.`);
    return { files: pathsOf(among) };
  }
  const inSource = (path: string) => path.replace('/dist/', '/').replace(/\.js$/, '.ts');
  const named = among.filter(({ path }) => [path, inSource(path)].some((name) => name.includes(text)));
  if (named.length > 0) return { files: pathsOf(named) };
  const wanted = text.toLowerCase();
  const titled = among.filter(({ read }) =>
    titlesOf(read()).some((title) => title.toLowerCase().includes(wanted)),
  );
  if (titled.length > 0) {
    return { files: pathsOf(titled), title: `/${text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}/i` };
  }
  throw new NoSuchTestError(
    `No test in ${where} matches "${text}": T is part of a file's path (such as next-action), or of a test's title.`,
  );
}
