// The folder of a checkpoint: it holds what hospitals keep to themselves, so that nobody else may look into it.
import { lstatSync, mkdirSync, readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '@consilium/command-line';
import { reasonOf } from '../commands/input-file.ts';

const refuse = (text: string, remedy?: string, cause?: unknown): never => {
  throw new InputError({ field: '--checkpoint', text, ...(remedy !== undefined && { remedy }) }, { cause });
};

/** Makes the folder of a new checkpoint, or takes one that is empty. @throws InputError */
export function createCheckpointFolder(path: string): void {
  const folder = resolve(path);
  try {
    // Not recursive: a folder that is missing above it is more likely a wrong path than meant.
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') refuse(`${path} cannot be made: ${dirname(folder)} is missing`, 'make it first');
    if (code !== 'EEXIST') refuse(`${path} cannot be made: ${reasonOf(error)}`, undefined, error);
  }
  checkCheckpointFolder(path);
  const found = namesIn(path);
  if (found.includes('checkpoint.sqlite')) {
    refuse(`${path} holds a run already`, `consilium-trainer resume ${path}, or name a folder of its own`);
  }
  if (found.length > 0) refuse(`${path} is not empty`, 'name a folder of its own');
}

/** Takes the folder of a run. @throws InputError where it is none, or no folder of its own with files of its own */
export function checkRunFolder(path: string): void {
  checkCheckpointFolder(path);
  for (const name of namesIn(path)) {
    // What is written to it would go elsewhere.
    if (lstatSync(join(path, name)).isFile()) continue;
    refuse(`${path}: ${name} is a link or no file`, 'put back the files of the run themselves');
  }
}

/** @throws InputError where a folder is none, is not the caller's, or is open to others */
function checkCheckpointFolder(path: string): void {
  const stats = statsOf(path);
  if (!stats.isDirectory()) refuse(`${path} is no folder`, 'name the folder of a run');
  const uid = process.getuid?.();
  if (uid !== undefined && stats.uid !== uid) {
    refuse(`${path} belongs to another user`, 'name a folder of your own');
  }
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8);
    refuse(`${path} is open to others (mode ${mode}), and holds what must stay here`, `chmod 700 ${path}`);
  }
}

function statsOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    return refuse(`${path} cannot be read: ${reasonOf(error)}`, undefined, error);
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    return refuse(`${path} cannot be read: ${reasonOf(error)}`, undefined, error);
  }
}
