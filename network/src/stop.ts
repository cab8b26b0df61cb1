// Stops a consortium, no matter which process started it, also when its supervisor was killed.
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess, isRunning } from './process-identity.ts';
import { SERVICE_OPTIONS } from './service.ts';
import { STOP_TIMEOUT_MS } from './start-detached.ts';
import { readState, removeState } from './state-file.ts';
import { endLeftovers } from './supervisor.ts';

/** Ends everything that runs in the directory. Returns how many processes were ended; 0 where nothing ran. */
export async function stopConsortium(directory: string): Promise<number> {
  const state = readState(directory);
  if (state === undefined) return 0;
  const running = [state.supervisor, ...state.services.flatMap((one) => one.process ?? [])].filter(isRunning);
  await endProcess(state.supervisor, { graceMs: STOP_TIMEOUT_MS });
  // Read again: a supervisor that had to be killed may have started something since.
  const left = readState(directory);
  if (left !== undefined) {
    await endLeftovers(left, SERVICE_OPTIONS.graceMs);
    removeState(directory);
  }
  while (running.some(isRunning)) await sleep(25);
  return running.length;
}
