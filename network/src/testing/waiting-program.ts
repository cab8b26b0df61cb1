// A program that waits until it is interrupted, and ends with that status. It speaks all the time, since only a program
// that writes hears that nobody reads.
import { setTimeout as sleep } from 'node:timers/promises';
import { type InterruptedError, interrupted } from '../interruption.ts';

const signal = interrupted();
while (!signal.aborted) {
  process.stdout.write('waiting\n');
  await sleep(10);
}
process.exitCode = (signal.reason as InterruptedError).exitStatus;
