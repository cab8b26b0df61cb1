// How much a process has used so far, as the operating system counts.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

export interface ProcessUsage {
  /** Of all its threads. */
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** Of Linux's clock ticks there are a hundred a second, whatever the kernel's own. */
const MS_PER_TICK = 10;
/** Places in /proc/PID/stat after the name, which is in parentheses. */
const [USER, SYSTEM] = [11, 12];

/** At once: the system answers from memory, sooner than another thread would be asked to. */
function fromProc(pid: number): ProcessUsage {
  const [stat, status] = ['stat', 'status'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1'));
  const fields = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ');
  return {
    cpuMs: (Number(fields[USER]) + Number(fields[SYSTEM])) * MS_PER_TICK,
    residentBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status!)?.[1] ?? 0) * 1024,
  };
}

/** [[days-]hours:]minutes:seconds */
function msOf(time: string): number {
  const [days, clock] = time.includes('-') ? (time.split('-') as [string, string]) : ['0', time];
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return (Number(days) * 86_400 + seconds) * 1000;
}

async function fromPs(pid: number): Promise<ProcessUsage> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'time=,rss=', '-p', `${pid}`]);
  const [time = '', rss = ''] = stdout.trim().split(/\s+/);
  return { cpuMs: msOf(time), residentBytes: Number(rss) * 1024 };
}

/** undefined where the process has ended, or nothing can be learned of it. */
export async function usageOf(pid: number): Promise<ProcessUsage | undefined> {
  try {
    return await (process.platform === 'linux' ? fromProc(pid) : fromPs(pid));
  } catch {
    return undefined;
  }
}
