// Files and folders that a command is given, and why the system refuses one.
import { readFile } from 'node:fs/promises';
import { InputError } from '@consilium/command-line';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder: check the path',
  EACCES: 'permission denied: ask for access, or choose another path',
  EPERM: 'permission denied: ask for access, or choose another path',
  EISDIR: 'it is a folder: name a file in it',
  EEXIST: 'it is a file: name a folder',
  ENOTDIR: 'a part of the path is a file: name a folder',
  EROFS: 'the file system is read-only: choose another path',
  ENOSPC: 'the disk is full: free some space',
};

/** Why the system refused a path, and the remedy. */
export function reasonOf(error: unknown): string {
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? code;
}

/** A text file that an option names, without the byte order mark that some editors write. @throws InputError */
export async function readText(path: string, what: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new InputError({ field: what, text: `${path} cannot be read: ${reasonOf(cause)}` }, { cause });
  });
  return text.replace(/^\u{FEFF}/u, '');
}
