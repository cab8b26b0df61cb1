// Watches how much memory the whole consortium and the demo use together.
import { proportionalBytes, residentBytes } from '../src/process-identity.ts';
import { consortiumStatus } from '../src/status.ts';

export interface PeakMemory {
  /** Largest sum of resident memory: pages that processes share count in each of them. */
  readonly residentBytes: number;
  /** Largest sum with shared pages counted once; null where the system does not say. */
  readonly proportionalBytes: number | null;
}

export interface MemorySampler {
  /** Stops sampling. Null where the system does not say how much a process uses. */
  stop(): PeakMemory | null;
}

/** Samples the consortium's processes and this one, twice a second. */
export function sampleMemory(directory: string, everyMs = 500): MemorySampler {
  let resident = 0;
  let proportional = 0;
  const sample = () => {
    const pids = [process.pid, ...consortiumStatus(directory).processes.flatMap(({ pid }) => pid ?? [])];
    const sum = (measure: (pid: number) => number | undefined) =>
      pids.reduce((total, pid) => total + (measure(pid) ?? 0), 0);
    resident = Math.max(resident, sum(residentBytes));
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
