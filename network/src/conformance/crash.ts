// Kills every process of a supervised network without warning, and waits until its supervisor has started all of
// them again: what CONSILIUM_CRASH names.
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from '@consilium/command-line';
import { isRunning } from '../process-identity.ts';
import { readState } from '../state-file.ts';

const RESTART_TIMEOUT_MS = 120_000;

async function crash(directory: string): Promise<void> {
  const before = readState(directory);
  if (before === undefined || !isRunning(before.supervisor)) {
    throw new Error(`no supervisor runs in ${directory}`);
  }
  const killed = before.services.flatMap((one) => (one.process === null ? [] : [one.process]));
  for (const one of killed.filter(isRunning)) process.kill(one.pid, 'SIGKILL');
  for (const deadline = Date.now() + RESTART_TIMEOUT_MS; Date.now() < deadline; await sleep(100)) {
    const services = readState(directory)?.services ?? [];
    const again = services.filter(
      ({ state, process: found }) =>
        state === 'running' && found !== null && !killed.some((one) => one.pid === found.pid),
    );
    if (again.length === before.services.length) return;
  }
  throw new Error(`not everything runs again in ${directory} after ${RESTART_TIMEOUT_MS / 1000} s`);
}

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  process.stderr.write('usage: node crash.js DIR\n');
  process.exitCode = EXIT.unusable;
} else await crash(directory);
