// What source files load, in every form that JavaScript has for it; what of it leaves a package, or leads back.
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { innermost, type Package } from './packages.ts';

/** Files by path below the repository's root, with their text. */
export type Sources = ReadonlyMap<string, string>;

const FORMS: readonly RegExp[] = [
  // import … from, export … from; types too.
  /(?:^|[\n;])\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/g,
  /(?:^|[\n;])\s*import\s*['"]([^'"]+)['"]/g,
  // Types in place, and what is loaded later.
  /\bimport\(\s*['"`]([^'"`$]+)['"`]/g,
  /\brequire(?:\.resolve)?\(\s*['"`]([^'"`$]+)['"`]/g,
  /\bimport\.meta\.resolve\(\s*['"`]([^'"`$]+)['"`]/g,
  /\bcreateRequire\(import\.meta\.(?:url|filename)\)(?:\.resolve)?\(\s*['"`]([^'"`$]+)['"`]/g,
];

/** What a file loads by name or relative path, each once. */
export function importsOf(text: string): string[] {
  return [...new Set(FORMS.flatMap((form) => [...text.matchAll(form)].map(([, name]) => name!)))];
}

/** Tests, and programs and data of this repository alone: none of it is packed. */
export const isTool = (file: string): boolean =>
  /\.test\.tsx?$|(^|\/)(testing|fixtures|conformance|bench|fuzz|documentation)\//.test(file);

const packageNameOf = (name: string): string => name.split('/', name.startsWith('@') ? 2 : 1).join('/');

/** The package whose folder a file is in. */
export const ownerOf = (file: string, packages: readonly Package[]): Package | undefined =>
  packages.find(
    ({ folder }) =>
      folder ===
      innermost(
        packages.map((one) => one.folder),
        file,
      ),
  );

/** The compiled file that a subpath of a package leads to; undefined where its `exports` have no such subpath. */
export function exportedFile({ exports }: Package, subpath: string): string | undefined {
  for (const [pattern, target] of Object.entries(exports)) {
    if (pattern === subpath) return target;
    const [head = '', tail] = pattern.split('*');
    if (tail !== undefined && subpath.startsWith(head) && subpath.endsWith(tail)) {
      return target.replace('*', subpath.slice(head.length, subpath.length - tail.length));
    }
  }
  return undefined;
}

/** Why a file may not load this, if it may not. */
function whyOutside(file: string, name: string, packages: readonly Package[]): string | undefined {
  const own = ownerOf(file, packages);
  if (own === undefined || isBuiltin(name)) return undefined;
  if (name.startsWith('.') || name.startsWith('/')) {
    const target = posix.join(posix.dirname(file), name);
    return name.startsWith('.') && target.startsWith(`${own.folder}/`)
      ? undefined
      : `${name} is outside its package`;
  }
  if (name.startsWith('#')) {
    return Object.hasOwn(own.imports, name) ? undefined : `${name} is not in the imports of its package.json`;
  }
  const wanted = packageNameOf(name);
  const declared = isTool(file) ? [...own.dependencies, ...own.devDependencies] : own.dependencies;
  if (wanted !== own.name && !declared.includes(wanted)) {
    return `${wanted} is not among the ${isTool(file) ? '' : 'production '}dependencies in its package.json`;
  }
  const sibling = packages.find((one) => one.name === wanted);
  if (sibling === undefined || exportedFile(sibling, `.${name.slice(wanted.length)}`) !== undefined)
    return undefined;
  return `${name} is not in the exports of ${wanted}`;
}

/** Paths that a file makes of its own place, from where it runs. */
function ownPathsOf(file: string, text: string, folder: string): string[] {
  const isCompiled = /\.tsx?$/.test(file);
  const place = posix.dirname(isCompiled ? posix.join(folder, 'dist', posix.relative(folder, file)) : file);
  const urls = [...text.matchAll(/new URL\(\s*['"`]([^'"`$]+)['"`]\s*,\s*import\.meta\.url/g)];
  const joined = text.matchAll(
    /(?:join|resolve)\(\s*import\.meta\.dirname\s*((?:,\s*['"`][^'"`$]*['"`]\s*)*)/g,
  );
  const parts = [...joined].map(([, list]) =>
    [...list!.matchAll(/['"`]([^'"`]*)['"`]/g)].map(([, part]) => part!),
  );
  return [...urls.map(([, path]) => path!), ...parts.map((list) => posix.join('.', ...list))].map((path) =>
    posix.join(place, path),
  );
}

/** What of a package's own code, or of its tools, is loaded from outside it. */
export function outsideImports(sources: Sources, packages: readonly Package[]): string[] {
  return [...sources].flatMap(([file, text]) => {
    const own = ownerOf(file, packages);
    if (own === undefined) return [];
    const found = importsOf(text).flatMap((name) => whyOutside(file, name, packages) ?? []);
    if (isTool(file)) return found.map((why) => `${file}: ${why}`);
    for (const path of ownPathsOf(file, text, own.folder)) {
      if (path !== own.folder && !path.startsWith(`${own.folder}/`))
        found.push(`${path} is outside its package`);
    }
    for (const { folder } of packages) {
      const reached = new RegExp(`['"\`/]${folder}/(?:dist|src)(?:/|['"\`])`).exec(text);
      if (folder !== own.folder && reached !== null)
        found.push(`${reached[0]} is a path into another package`);
    }
    return found.map((why) => `${file}: ${why}`);
  });
}

/** Files and the files that they load, types included, within and across packages. */
export function importGraph(sources: Sources, packages: readonly Package[]): Map<string, string[]> {
  const sourceIn = (folder: string, target: string): string =>
    posix.join(folder, target.replace('./dist/', './').replace(/\.js$/, '.ts'));
  const sourcesOf = (file: string, name: string): string[] => {
    if (name.startsWith('.')) return [posix.join(posix.dirname(file), name)];
    if (name.startsWith('#')) {
      const own = ownerOf(file, packages);
      return (own?.imports[name] ?? []).map((target) => sourceIn(own!.folder, target));
    }
    const wanted = packageNameOf(name);
    const sibling = packages.find((one) => one.name === wanted);
    if (sibling === undefined) return [name];
    return [sourceIn(sibling.folder, exportedFile(sibling, `.${name.slice(wanted.length)}`) ?? '')];
  };
  return new Map(
    [...sources].map(([file, text]) => [
      file,
      importsOf(text)
        .flatMap((name) => sourcesOf(file, name))
        .filter((target) => sources.has(target)),
    ]),
  );
}

/** Each circle of a graph once, as a path that ends where it began. */
export function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string) => {
    const at = path.indexOf(node);
    if (at >= 0) {
      found.push([...path.slice(at), node]);
      return;
    }
    if (done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return found;
}
