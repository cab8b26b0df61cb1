// The packages of this repository, as their package.json files describe them.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Package {
  readonly name: string;
  readonly version: string;
  /** Below the repository's root. */
  readonly folder: string;
  readonly isPrivate: boolean;
  /** As package.json has them. */
  readonly exports: Readonly<Record<string, string>>;
  /**
   * Files of `exports` below the package's folder, by subpath, without package.json and `./testing`: what siblings'
   * tests use is for this repository alone, and is not packed.
   */
  readonly entries: Readonly<Record<string, string>>;
  /** Names of its own, beginning with `#`, by the files that each is where it runs. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** Files of `bin` below the package's folder, by command. */
  readonly commands: Readonly<Record<string, string>>;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

interface Description {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const read = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;
const plain = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(files)
      .filter(([path]) => path !== './package.json' && !path.startsWith('./testing'))
      .map(([path, file]) => [path, file.replace(/^\.\//, '')]),
  );

/** Every workspace of the root's package.json, in its order. */
export function readPackages(root: string): Package[] {
  const { workspaces } = read<{ workspaces: readonly string[] }>(join(root, 'package.json'));
  const files = workspaces.flatMap((pattern) => {
    const file = `${pattern}/package.json`;
    return pattern.includes('*') ? globSync(file, { cwd: root }).sort() : [file];
  });
  return files
    .filter((file) => existsSync(join(root, file)))
    .map((file) => {
      const { name, version, private: isPrivate = false, ...rest } = read<Description>(join(root, file));
      const { exports = {}, imports = {}, bin = {}, dependencies = {}, devDependencies = {} } = rest;
      return {
        name,
        version,
        folder: dirname(file),
        isPrivate,
        exports,
        entries: plain(exports),
        imports: Object.fromEntries(
          Object.entries(imports).map(([own, files]) => [own, Object.values(files)]),
        ),
        commands: plain(bin),
        dependencies: Object.keys(dependencies),
        devDependencies: Object.keys(devDependencies),
      };
    });
}

/** The folders whose sources are compiled into a dist of their own: every package's, and `scripts`, which is none. */
export const compiledFolders = (packages: readonly Pick<Package, 'folder'>[]): readonly string[] => [
  ...packages.map(({ folder }) => folder),
  'scripts',
];

/** The folder that a file is in: of one workspace within another, the inner one. */
export const innermost = (folders: readonly string[], file: string): string | undefined =>
  folders
    .filter((folder) => file.startsWith(`${folder}/`))
    .sort((one, other) => other.length - one.length)
    .at(0);

/** The file that a source is compiled to, both below the root. @throws TypeError for one in none of the folders */
export function compiledFile(source: string, folders: readonly string[]): string {
  const folder = innermost(folders, source);
  if (folder === undefined) throw new TypeError(`${source} lies in none of ${folders.join(', ')}`);
  return `${folder}/dist/${source.slice(folder.length + 1).replace(/\.tsx?$/, '.js')}`;
}
