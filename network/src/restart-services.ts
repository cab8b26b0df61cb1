// Ends some processes of a running directory, so that its supervisor starts them again with the files that they read at
// their start.
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess, type ProcessIdentity } from './process-identity.ts';
import { SERVICE_OPTIONS } from './service.ts';
import { readState, type ServiceRecord } from './state-file.ts';

const LOOK_EVERY_MS = 200;

/** A process that was ended to start again does not run after the time that it has for that. */
export class NotRestartedError extends Error {
  override readonly name = 'NotRestartedError';
}

/**
 * One after the other, each until it runs again. One that does not run is left to its supervisor.
 *
 * @returns the names of those that were restarted
 * @throws NotRestartedError
 */
export async function restartServices(
  directory: string,
  names: readonly string[],
  withinMs: number,
): Promise<string[]> {
  const restarted: string[] = [];
  for (const name of names) {
    const before = recordOf(directory, name);
    if (before?.process == null || before.state !== 'running') continue;
    await endProcess(before.process, { graceMs: SERVICE_OPTIONS.graceMs, group: true });
    for (const deadline = Date.now() + withinMs; ; await sleep(LOOK_EVERY_MS)) {
      const now = recordOf(directory, name);
      if (now?.state === 'running' && now.process !== null && !isSame(now.process, before.process)) break;
      if (Date.now() > deadline)
        throw new NotRestartedError(`${name} does not run again: read ${before.log}`);
    }
    restarted.push(name);
  }
  return restarted;
}

const recordOf = (directory: string, name: string): ServiceRecord | undefined =>
  readState(directory)?.services.find((one) => one.name === name);

const isSame = (a: ProcessIdentity, b: ProcessIdentity): boolean => a.pid === b.pid && a.began === b.began;
