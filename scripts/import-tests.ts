// Imports test files into one process, whose tests then run one after the other.
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { EXIT_CODES } from '@consilium/command-line';

const root = join(import.meta.dirname, '../..');

/** @param files below the root. One that cannot be imported is a failed test of its name, and the others run. */
export async function importTests(files: readonly string[]): Promise<void> {
  let isOver = false;
  after(() => {
    isOver = true;
  });
  // Whoever ends the process in a test ends it for all, and the runner would count what was run until then.
  process.on('exit', (status) => {
    if (isOver || status !== 0) return;
    process.stderr.write(`The process ended before the tests of:\n${files.join('\n')}\n`);
    process.exitCode = EXIT_CODES.failed.status;
  });
  // A test that starts while its file is still evaluated would meet constants that are not there yet.
  const imported = Promise.withResolvers<void>();
  before(() => imported.promise);
  for (const file of files) {
    try {
      await import(pathToFileURL(join(root, file)).href);
    } catch (error) {
      test(file, () => {
        throw error;
      });
    }
  }
  imported.resolve();
}
