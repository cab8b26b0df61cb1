// Which files a hospital's own systems may have read: regular ones in folders that its operator names. A path is only
// what a caller wishes for; what counts is the file that was opened.
import { constants, realpathSync, statSync } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { TrainerError } from '../errors.ts';
import { DataError, problem } from './data-problem.ts';

export interface OpenFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** The same for every name that a file has. */
  readonly identity: string;
}

/** Whether a path is a folder's or below it, by its text alone. */
const isWithin = (path: string, folder: string): boolean => {
  const way = relative(folder, path);
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
};

/** Neither waits for a FIFO's writer nor follows a link that was put in the file's place. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Why folders cannot be the data folders, each with what to do; none where they can.
 *
 * @param privateDirectory the trainer's own, whose journal and keys are nobody's data
 */
export function folderProblems(folders: readonly string[], privateDirectory: string): string[] {
  const own = realOf(privateDirectory) ?? resolve(privateDirectory);
  return folders.flatMap((folder) => {
    if (!isAbsolute(folder)) return [`${folder} is not absolute: write the whole path`];
    const real = realOf(folder);
    if (real === undefined || !statSync(real).isDirectory()) return [`${folder} is no folder: make it`];
    if (resolve(real, '..') === real) return [`${folder} is the whole machine: name the folder of the data`];
    if (isWithin(own, real) || isWithin(real, own)) {
      return [`${folder} overlaps with CONSILIUM_DATA_DIR, which holds keys: choose another`];
    }
    return [];
  });
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

export class DataFolders {
  readonly #folders: readonly string[];

  constructor(folders: readonly string[]) {
    this.#folders = folders.map((folder) => resolve(folder));
  }

  /**
   * Opens a file of these folders, by its own path or by a link that leads to one of them. Callers learn nothing
   * of other files: paths that lie elsewhere are refused by their text, and what is no readable regular file in a
   * folder is refused in one way, whether it is missing, a link that leads out, a device or somebody else's.
   *
   * @throws TrainerError TRAINER_PATH_REFUSED; DataError FILE_UNREADABLE
   */
  async open(path: string): Promise<OpenFile> {
    const real = await this.#realFolders();
    const wished = resolve(path);
    if (!isAbsolute(path) || ![...this.#folders, ...real].some((folder) => isWithin(wished, folder))) {
      throw new TrainerError('TRAINER_PATH_REFUSED');
    }
    const lies = async (): Promise<string> => {
      const at = await realpath(wished);
      if (!real.some((folder) => at !== folder && isWithin(at, folder))) throw new Error('outside');
      return at;
    };
    let handle: FileHandle | undefined;
    try {
      handle = await open(await lies(), FLAGS);
      const opened = await handle.stat({ bigint: true });
      // Looked at again once it is open: the file that was opened is the one that lies within.
      const within = await stat(await lies(), { bigint: true });
      if (!opened.isFile() || opened.dev !== within.dev || opened.ino !== within.ino)
        throw new Error('no file');
      return { handle, sizeBytes: Number(opened.size), identity: `${opened.dev}:${opened.ino}` };
    } catch {
      await handle?.close();
      throw new DataError([problem('FILE_UNREADABLE')]);
    }
  }

  async #realFolders(): Promise<string[]> {
    const found = await Promise.all(this.#folders.map((folder) => realpath(folder).catch(() => undefined)));
    return found.filter((folder) => folder !== undefined);
  }
}
