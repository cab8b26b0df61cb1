// The supervisor's process: in the foreground of a terminal, or detached by `up` and the demo, to which it
// speaks over its channel until they let it go. A parent that dies before that takes the consortium with it.
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

/** From the supervisor to the process that started it. */
export type SupervisorMessage =
  | { readonly kind: 'progress'; readonly line: string }
  /** Names of services that did not start, though the others did. */
  | { readonly kind: 'ready'; readonly without: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string };
/** From the process that started the supervisor: from now on the consortium runs on without that process. */
export interface LetGoMessage {
  readonly kind: 'let-go';
}

export interface SuperviseOptions
  extends Pick<SupervisorOptions, 'consortium' | 'directory' | 'plan' | 'started'> {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Runs until the signal, or until the parent goes away without letting go. Returns the exit status. */
export async function supervise({ say, signal, ...options }: SuperviseOptions): Promise<number> {
  const tell = (message: SupervisorMessage) => {
    // A failed send means that the parent is gone, which the disconnect below deals with.
    if (process.connected) process.send?.(message, () => undefined);
  };
  const report = (line: string) => {
    say(line);
    tell({ kind: 'progress', line });
  };
  const supervisor = new Supervisor({ ...options, report });
  const stopped = Promise.withResolvers<void>();
  const stop = () => void supervisor.stop().then(stopped.resolve, stopped.reject);
  signal.addEventListener('abort', stop);
  let held = process.connected;
  process.on('message', (message: LetGoMessage) => {
    if (message.kind === 'let-go') {
      held = false;
      process.disconnect();
    }
  });
  process.on('disconnect', () => {
    if (held) stop();
  });
  try {
    await supervisor.start();
    tell({ kind: 'ready', without: supervisor.without });
  } catch (error) {
    const { message } = error as Error;
    say(message);
    tell({ kind: 'failed', message });
    if (process.connected) process.disconnect();
    return 1;
  }
  await stopped.promise;
  if (process.connected) process.disconnect();
  return 0;
}
