// Watches how much memory the whole consortium and the demo use together.
import { residentBytes } from '../process-identity.ts';
import { consortiumStatus } from '../status.ts';

export interface MemorySampler {
  /** Stops sampling. Null where the system does not say how much a process uses. */
  stop(): number | null;
}

/** Samples the sum of resident memory (shared pages counted in each process) twice a second. */
export function sampleMemory(directory: string, everyMs = 500): MemorySampler {
  let peak: number | null = null;
  const sample = () => {
    const own = residentBytes(process.pid);
    if (own === undefined) return;
    peak = Math.max(peak ?? 0, own + consortiumStatus(directory).residentBytes);
  };
  const timer = setInterval(sample, everyMs);
  timer.unref();
  return {
    stop() {
      sample();
      clearInterval(timer);
      return peak;
    },
  };
}
