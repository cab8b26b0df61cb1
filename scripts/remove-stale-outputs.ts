// Removes from every dist folder what was compiled from a source that is gone. The compiler leaves it there, and a test
// that was moved or renamed would then run twice, once as it was (`make build`).
import { existsSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compiledFolders, readPackages } from './packages.ts';

/** What the compiler writes for NAME.ts or NAME.tsx. Nothing else in dist is looked at, nor what a bundler wrote. */
const OUTPUT = /^(?<name>.+?)(?:\.d\.ts|\.js)(?:\.map)?$/;
/** The console's page. */
const BUNDLED = 'dist/site/';

/** The files in a package's dist folder whose source is gone, below the package's folder. */
export function staleOutputs(folder: string): string[] {
  return globSync('dist/**/*', { cwd: folder }).filter((file) => {
    if (file.startsWith(BUNDLED)) return false;
    const name = OUTPUT.exec(file.slice('dist/'.length))?.groups?.name;
    return name !== undefined && !['ts', 'tsx'].some((end) => existsSync(join(folder, `${name}.${end}`)));
  });
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..');
  for (const folder of compiledFolders(readPackages(root))) {
    const stale = staleOutputs(join(root, folder));
    for (const file of stale) rmSync(join(root, folder, file), { force: true });
    if (stale.length > 0)
      process.stdout.write(`${folder}: removed ${stale.length} files of dist without a source\n`);
  }
}
