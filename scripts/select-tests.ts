// Prints the arguments for `node --test` that the environment asks for, one a line: W is a workspace, T a text. With
// --workspace prints the workspace's folder alone.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '@consilium/command-line';
import { compiledFolders, readPackages } from './packages.ts';
import { NoSuchTestError, selectTests, workspaceOf } from './test-files.ts';

const root = join(import.meta.dirname, '../..');
const packages = readPackages(root);
const files = compiledFolders(packages)
  .flatMap((folder) => globSync(`${folder}/dist/**/*.test.js`, { cwd: root }).sort())
  .map((path) => ({ path, read: () => readFileSync(join(root, path), 'utf8') }));
const wish = { workspace: process.env.W || undefined, text: process.env.T || undefined };
try {
  if (process.argv[2] === '--workspace') {
    const { workspace } = wish;
    console.log(workspace === undefined ? '' : workspaceOf(workspace, packages));
    process.exit();
  }
  const { files: chosen, title } = selectTests(wish, files, packages);
  const lines = [...(title === undefined ? [] : [`--test-name-pattern=${title}`]), ...chosen];
  process.stdout.write(`${lines.join('\n')}\n`);
} catch (error) {
  if (!(error instanceof NoSuchTestError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT.unusable;
}
