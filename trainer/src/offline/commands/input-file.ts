// Files and folders that a command is given, and why the system refuses one.
import { open } from 'node:fs/promises';
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

/** Far more than any card, dictionary or study has. */
const MOST_TEXT_BYTES = 2 ** 24;

/** A text file that an option names, without the byte order mark that some editors write. @throws InputError */
export async function readText(path: string, what: string): Promise<string> {
  const bytes = await readBytes(path, { what, mostBytes: MOST_TEXT_BYTES });
  return bytes.toString('utf8').replace(/^\u{FEFF}/u, '');
}

/** A model's file, no larger than a graph may be. @throws InputError */
export async function readModelBytes(path: string, what: string): Promise<Buffer> {
  // With all operators: most commands read no model.
  const { limits } = await import('@consilium/onnx-grad/accepted-graphs');
  return readBytes(path, { what, mostBytes: limits.FILE_LIMITS.bytes[1] });
}

/**
 * A file that an option names. No more of it is read than it may have, so that what it is makes no difference: a file
 * without end is refused as a large one is.
 *
 * @throws InputError where it cannot be read, or is larger
 */
async function readBytes(
  path: string,
  { what, mostBytes }: { readonly what: string; readonly mostBytes: number },
): Promise<Buffer> {
  const bytes = await bytesAtMost(path, mostBytes).catch((cause: unknown) => {
    throw new InputError({ field: what, text: `${path} cannot be read: ${reasonOf(cause)}` }, { cause });
  });
  if (bytes !== undefined) return bytes;
  const text = `${path} has more than ${mostBytes / 2 ** 20} MiB: name the file that was meant`;
  throw new InputError({ field: what, text });
}

/** Undefined where there are more. */
async function bytesAtMost(path: string, mostBytes: number): Promise<Buffer | undefined> {
  await using file = await open(path);
  if ((await file.stat()).size > mostBytes) return undefined;
  const pieces: Buffer[] = [];
  // `end` is the last byte that is read.
  for await (const piece of file.createReadStream({ end: mostBytes })) pieces.push(piece as Buffer);
  const bytes = Buffer.concat(pieces);
  return bytes.length > mostBytes ? undefined : bytes;
}
