// Benches that a signal ends, or that fail, leave no process behind.
import type { ChildProcess } from 'node:child_process';

const { promise, reject } = Promise.withResolvers<never>();
promise.catch(() => {});
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => reject(new Error(`ended by ${signal}`)));
}

/** The result of `work`, or an error as soon as a signal ends the bench: its caller then stops what it started. */
export const unlessInterrupted = <T>(work: Promise<T>): Promise<T> => Promise.race([work, promise]);

/** Ends with this process at the latest. */
export function endsWithBench(child: ChildProcess): void {
  const end = () => child.kill('SIGTERM');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
}
