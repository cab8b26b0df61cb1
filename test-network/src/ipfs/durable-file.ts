// Files that survive kill -9 and power loss whole or not at all: written aside, flushed, then renamed, with
// the folder flushed before anybody learns that they exist.

import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes `bytes` to `path` by way of `tmpDir` (same file system). The folder is not flushed: see syncFolder.
 */
export async function writeWhole(path: string, bytes: Uint8Array, tmpDir: string): Promise<void> {
  const aside = join(tmpDir, randomUUID());
  try {
    const file = await open(aside, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
