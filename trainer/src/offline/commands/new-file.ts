// Files that a command writes where an option says so: one that is there already is left alone.
import { writeFile } from 'node:fs/promises';
import { InputError } from '@consilium/command-line';
import { reasonOf } from './input-file.ts';

/** @throws InputError naming the option, where the file exists or cannot be written */
export async function writeNewFile(
  path: string,
  { content, option }: { readonly content: string | Uint8Array | Iterable<string>; readonly option: string },
): Promise<void> {
  await writeFile(path, content, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    const reason =
      cause.code === 'EEXIST' ? 'exists already: name a new file' : `cannot be written: ${reasonOf(cause)}`;
    throw new InputError({ field: `--${option}`, text: `${path} ${reason}` }, { cause });
  });
}
