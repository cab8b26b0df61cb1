// Distinguishes a process from another that later got the same number, so that only what was started here is ever
// signalled, however long ago and no matter by whom. Also reports its memory.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessIdentity {
  readonly pid: number;
  /** When the process began, as the operating system says it: compared, never computed with. */
  readonly began: string;
}

const linux = process.platform === 'linux';
let boot: string | undefined;

function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

function fromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name, in parentheses, may hold spaces; state is the field after it, start time the twentieth.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ended = fields[0] === 'Z' || fields[0] === 'X';
  return ended ? undefined : `${bootId()}/${fields[19]}`;
}

function fromPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const [state = 'Z', ...began] = text.split(/\s+/);
    return state.startsWith('Z') ? undefined : began.join(' ');
  } catch {
    return undefined;
  }
}

/** The process that has this number now; undefined where there is none (a zombie has ended). */
export function identify(pid: number): ProcessIdentity | undefined {
  const began = linux ? fromProc(pid) : fromPs(pid);
  return began === undefined ? undefined : { pid, began };
}

/**
 * Whether exactly this process still runs: one with the same number that began at another time does not
 * count.
 */
export const isRunning = (identity: ProcessIdentity): boolean =>
  identify(identity.pid)?.began === identity.began;

/** Resident memory in bytes; undefined where the process is gone or the system does not say. */
export function residentBytes(pid: number): number | undefined {
  try {
    if (!linux) {
      const text = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
      return Number(text.trim()) * 1024;
    }
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match ? Number(match[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Memory in bytes with shared pages counted once among those who share them (PSS), so that a sum over
 * processes is what they really use together. Undefined where the system does not say.
 */
export function proportionalBytes(pid: number): number | undefined {
  try {
    const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return match ? Number(match[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}

function signal(identity: ProcessIdentity, name: 'SIGTERM' | 'SIGKILL', group: boolean): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(group ? -identity.pid : identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends a process: SIGTERM, and SIGKILL after the grace. Resolves when it is gone.
 *
 * @returns how it ended; 'absent' where it did not run (any more), so that nothing was signalled.
 */
export async function endProcess(
  identity: ProcessIdentity,
  { graceMs, group = false }: { readonly graceMs: number; readonly group?: boolean },
): Promise<'absent' | 'ended' | 'killed'> {
  if (!isRunning(identity)) return 'absent';
  signal(identity, 'SIGTERM', group);
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline) {
    if (!isRunning(identity)) return 'ended';
    await sleep(25);
  }
  signal(identity, 'SIGKILL', group);
  while (isRunning(identity)) await sleep(25);
  return 'killed';
}
