// One process owns a repository at a time: a second one collecting garbage would drop the blocks of the first
// one's uploads. The lock holds the owner's process id, so that a killed owner does not keep it.

import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const ATTEMPTS = 5;
const heldByThisProcess = new Set<string>();

export interface RepoLock {
  release(): Promise<void>;
}

export async function lockRepo(dir: string): Promise<RepoLock> {
  const file = resolve(dir, 'repo.lock');
  const candidate = join(dir, `repo.lock.${randomUUID()}`);
  await writeFile(candidate, `${process.pid}\n`);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await tryLink(candidate, file)) {
        heldByThisProcess.add(file);
        return { release: () => release(file) };
      }
      const owner = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
      const held = owner === process.pid ? heldByThisProcess.has(file) : isAlive(owner);
      if (held) throw new Error(`lock ${file}: process ${owner} uses this repository; stop it first`);
      await rm(file, { force: true });
    }
    throw new Error(`lock ${file}: other processes keep taking it`);
  } finally {
    await rm(candidate, { force: true });
  }
}

async function release(file: string): Promise<void> {
  heldByThisProcess.delete(file);
  await rm(file, { force: true });
}

// A hard link appears with its content, so that no reader finds an empty lock.
async function tryLink(candidate: string, file: string): Promise<boolean> {
  try {
    await link(candidate, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
