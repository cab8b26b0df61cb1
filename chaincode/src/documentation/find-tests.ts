// Finds tests by their titles, so that documents that name tests follow files that move.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '../../../..');

const SKIPPED = new Set(['node_modules', 'dist', 'out', 'docs']);
const IS_TEST = /\.test\.ts$|\/(conformance|testing)\/[^/]+\.ts$/;

interface TestFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every file of the repository that holds tests, in the order of their paths. */
export function readTestFiles(root = repository): TestFile[] {
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) return [];
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(path) : [path];
    });
  return walk(root)
    .map((path) => relative(root, path).split('\\').join('/'))
    .filter((path) => IS_TEST.test(`/${path}`))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8').replaceAll("\\'", "'") }));
}

const quoted = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/**
 * Files with a text of that title, all of it or what is left of it between the values that are filled in. A comment
 * that has the words, and a longer title that has them too, are other things.
 *
 * @throws RangeError where no test has the title
 */
export function filesWithTest(title: string, files: readonly TestFile[]): string[] {
  const whole = new RegExp(`(?:['"\`]|\\}[ ,:)]*)${quoted(title)}(?:['"\`]|[ ,:(]*\\$\\{)`);
  const found = files.filter(({ text }) => whole.test(text)).map(({ path }) => path);
  if (found.length === 0) throw new RangeError(`no test has the title “${title}”`);
  return found;
}
