// One supervisor per directory: a lock that the operating system holds for the process and drops with it, however
// it ends, so that two simultaneous starts cannot both go on and a killed one leaves nothing to clean up.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError';
}

export interface DirectoryLock {
  /** A second call does nothing: after a failure, both the code that failed and the code that cleans up call this. */
  release(): void;
}

/** @throws DirectoryLockedError where another process holds the directory. */
export function lockDirectory(directory: string): DirectoryLock {
  const database = new DatabaseSync(join(directory, 'lock'));
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new DirectoryLockedError(`another process starts or runs a consortium in ${directory}`, { cause });
  }
  return {
    release() {
      if (database.isOpen) database.close();
    },
  };
}
