// What ends a command before its work is done: a signal, or output that nobody reads any more. Neither may end the
// process at once, which would leave running what it started: the code that started it stops it first.
import { constants } from 'node:os';

export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  /** As shells count it: 128 and the signal's number, a broken pipe as SIGPIPE. */
  readonly exitStatus: number;
  /** Whether somebody sent a signal, and it is not that nobody reads. */
  readonly isOfSignal: boolean;

  constructor(signal: NodeJS.Signals, message = `stopped by ${signal}`) {
    super(message);
    this.exitStatus = 128 + constants.signals[signal];
    this.isOfSignal = signal !== 'SIGPIPE';
  }
}

let interruption: AbortController | undefined;

/**
 * Is aborted, with an InterruptedError, by the first signal or write that fails. From the first call on none of them
 * ends this process by itself, however many follow.
 */
export function interrupted(): AbortSignal {
  if (interruption !== undefined) return interruption.signal;
  const controller = new AbortController();
  interruption = controller;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => controller.abort(new InterruptedError(name)));
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ message }) =>
      controller.abort(new InterruptedError('SIGPIPE', `stopped, as its output is not read: ${message}`)),
    );
  }
  return controller.signal;
}
