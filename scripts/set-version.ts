// Writes a version into every package.json, what packages ask of each other, and the lock file (RELEASING.md).

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '@consilium/command-line';
import { readPackages } from './packages.ts';

interface Description {
  version: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** Every package has the same version, and asks for exactly that of its siblings. */
export function withVersion<D extends Description>(
  description: D,
  version: string,
  siblings: ReadonlySet<string>,
): D {
  const asked = (list: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(list).map(([name, range]) => [name, siblings.has(name) ? version : range]),
    );
  const { dependencies, devDependencies } = description;
  return {
    ...description,
    version,
    ...(dependencies && { dependencies: asked(dependencies) }),
    ...(devDependencies && { devDependencies: asked(devDependencies) }),
  };
}

if (process.argv[1] === import.meta.filename) {
  const [version = ''] = process.argv.slice(2);
  if (!/^\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(version)) {
    process.stderr.write('usage: set-version.js VERSION, such as 0.2.0\n');
    process.exit(EXIT.unusable);
  }
  const root = join(import.meta.dirname, '../..');
  const packages = readPackages(root);
  const siblings = new Set(packages.map(({ name }) => name));
  for (const folder of ['.', ...packages.map((one) => one.folder)]) {
    const file = join(root, folder, 'package.json');
    const description = JSON.parse(readFileSync(file, 'utf8')) as Description;
    writeFileSync(file, `${JSON.stringify(withVersion(description, version, siblings), null, 2)}\n`);
  }
  execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
}
