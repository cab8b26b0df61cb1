// Joins the schema library's modules into a few files, for the processes of a test run. It has some 700 of them, and
// loading them one by one is a third to a half of what a process of ours loads. Decision 61 says more. Run as a
// program, it prints the address of the module that a process loads first, so that `typebox` means the joined files.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');
const LIBRARY = 'typebox';

interface Description {
  readonly version: string;
  readonly exports: Readonly<Record<string, { readonly import: string }>>;
}

/** The library's entry points, by what code imports them as. */
function entryPoints({ exports }: Description): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(exports).map(([path, entry]) => [
      join(LIBRARY, path),
      join(root, 'node_modules', LIBRARY, entry.import),
    ]),
  );
}

/** A hook, so that no import is another one: what is tested is what is packed. */
const hookOf = (
  files: Readonly<Record<string, string>>,
): string => `import { registerHooks } from 'node:module';
const joined = new Map(Object.entries(${JSON.stringify(files, null, 2)}));
registerHooks({
  resolve(specifier, context, next) {
    const file = joined.get(specifier);
    if (file === undefined) return next(specifier, context);
    return { url: new URL(file, import.meta.url).href, format: 'module', shortCircuit: true };
  },
});
`;

/** @returns the address of a module for Node's --import. Nothing is written where this version was joined before. */
export async function joinLibrary(): Promise<string> {
  const description: Description = JSON.parse(
    readFileSync(join(root, 'node_modules', LIBRARY, 'package.json'), 'utf8'),
  );
  const folder = join(root, 'out/joined', `${LIBRARY}-${description.version}`);
  const hook = pathToFileURL(join(folder, 'load.mjs')).href;
  if (existsSync(folder)) return hook;
  const entries = entryPoints(description);
  const nameOf = (specifier: string) => specifier.replaceAll('/', '-');
  // Under another name until it is whole: of two runs that start at once, neither loads half of it.
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  await build({
    entryPoints: Object.fromEntries([...entries].map(([specifier, file]) => [nameOf(specifier), file])),
    outdir: unfinished,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    logLevel: 'warning',
  });
  const files = Object.fromEntries(
    [...entries.keys()].map((specifier) => [specifier, `./${nameOf(specifier)}.mjs`]),
  );
  writeFileSync(join(unfinished, 'load.mjs'), hookOf(files));
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(unfinished, { recursive: true });
  }
  return hook;
}

if (import.meta.main) process.stdout.write(await joinLibrary());
