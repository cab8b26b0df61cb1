// Makes the folder that a run writes to, before anything is trained: a release that cannot be written would be spent
// for nothing.
import { access, constants, mkdir, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InputError } from '@consilium/command-line';
import { reasonOf } from './input-file.ts';

/** Whether a path is a folder; false where nothing is. @throws where it is something else, or cannot be seen */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  throw Object.assign(new Error(`${path} is no folder`), { code: 'EEXIST' });
}

/**
 * Folder by folder: Node's own recursive `mkdir` never returns for a path that the kernel refuses with ENOENT, as
 * under /proc (seen with Node 24).
 */
async function makeFolders(path: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let at = path; !(await isFolder(at)); at = dirname(at)) missing.push(at);
  for (const folder of missing.reverse()) {
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      // Another process may have made it meanwhile.
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return missing;
}

/**
 * Makes sure that files can be written to a folder; what it answers takes away again what was made for it, where
 * nothing was put there.
 *
 * @throws InputError naming --out and the remedy
 */
export async function prepareFolder(folder: string): Promise<() => Promise<void>> {
  try {
    const made = await makeFolders(resolve(folder));
    await access(folder, constants.W_OK);
    return async () => {
      for (const own of made.toReversed()) await rmdir(own).catch(() => undefined);
    };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no folder can be made there: choose another path' : reasonOf(cause);
    throw new InputError({ field: '--out', text: `${folder} cannot be written: ${reason}` }, { cause });
  }
}
