// Builds the page into dist/site, unless it is there already from the same sources (`make build`).
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..');
const mark = join(folder, 'dist/site/.built-from');
const SOURCES = [
  'src/**/*',
  'public/**/*',
  'index.html',
  'vite.config.ts',
  'package.json',
  '../../packages/{client,domain,verify,federation,dp-accountant,command-line}/dist/src/**/*.js',
  '../../package-lock.json',
];

/** A digest over the names and contents of all that the page is made of. */
function digestOfSources(): string {
  const hash = createHash('sha256');
  for (const file of globSync(SOURCES, { cwd: folder, withFileTypes: false }).sort()) {
    if (/\.test\.(ts|js)$/.test(file)) continue;
    const path = join(folder, file);
    try {
      hash.update(`${file}\0`).update(readFileSync(path)).update('\0');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
    }
  }
  return hash.digest('hex');
}

const digest = digestOfSources();
if (!existsSync(mark) || readFileSync(mark, 'utf8') !== digest) {
  const { build } = await import('vite');
  await build({ root: folder, configFile: join(folder, 'vite.config.ts'), logLevel: 'warn' });
  writeFileSync(mark, digest);
}
