// Watches how much memory the whole consortium and the demo use together.
import { proportionalBytes, residentBytes } from '../src/process-identity.ts';
import { consortiumStatus } from '../src/status.ts';

export interface PeakMemory {
  /** Largest sum of resident memory: pages that processes share count in each of them. */
  readonly residentBytes: number;
  /** Largest sum that was seen with shared pages counted once; null where the system does not say. */
  readonly proportionalBytes: number | null;
}

export interface MemorySampler {
  /** Stops sampling. Null where the system does not say how much a process uses. */
  stop(): PeakMemory | null;
}

/** For shared pages the system walks through all pages of a process, which takes longer than all else in a sample. */
const SHARED_EVERY = 20;
const SHARED_GROWTH = 1.1;

/**
 * Samples the consortium's processes and this one, twice a second; with shared pages counted once every ten seconds,
 * and whenever they have grown by a tenth.
 */
export function sampleMemory(directory: string, everyMs = 500): MemorySampler {
  let resident = 0;
  let proportional = 0;
  let samples = 0;
  let residentThen = 0;
  const sample = () => {
    const pids = [process.pid, ...consortiumStatus(directory).processes.flatMap(({ pid }) => pid ?? [])];
    const sum = (measure: (pid: number) => number | undefined) =>
      pids.reduce((total, pid) => total + (measure(pid) ?? 0), 0);
    const now = sum(residentBytes);
    resident = Math.max(resident, now);
    if (samples++ % SHARED_EVERY !== 0 && now < residentThen * SHARED_GROWTH) return;
    residentThen = now;
    proportional = Math.max(proportional, sum(proportionalBytes));
  };
  const timer = setInterval(sample, everyMs);
  timer.unref();
  return {
    stop() {
      sample();
      clearInterval(timer);
      if (resident === 0) return null;
      return { residentBytes: resident, proportionalBytes: proportional === 0 ? null : proportional };
    },
  };
}
