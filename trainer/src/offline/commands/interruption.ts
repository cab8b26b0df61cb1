// What is lost when a run is interrupted: it has no checkpoint, and nothing is written before its last round.
import type { Terminal } from '@consilium/command-line';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** How far a run is, as its progress knows it. */
export interface RunStage {
  readonly rounds: number;
  /** Rounds that are finished. */
  readonly finished: number;
  /** Scores that were shown so far, that of the model before training among them. */
  readonly scoresShown: number;
  readonly scores: 'exact' | 'noised';
}

/** The sentences for a user who interrupts a run. */
export function lossText({ rounds, finished, scoresShown, scores }: RunStage): string {
  const lost =
    finished === 0 ? 'the model is lost' : `the model and ${finished} finished of ${rounds} rounds are lost`;
  const seen =
    scores === 'exact'
      ? 'the scores that were shown are exact and not private'
      : `${scoresShown} noised scores were shown and stay charged to the held-out patients`;
  return (
    `interrupted: ${lost}, no file was written, and the next run starts from the beginning. ` +
    `No model was released; ${seen}.`
  );
}

/**
 * Says on standard error what is lost when the process is interrupted, clears up, and ends by the same signal, as
 * without it. A second signal ends the process at once. Dispose of it when the run is over.
 */
export function sayWhatIsLost(about: {
  readonly stage: () => RunStage;
  readonly clear: () => Promise<void>;
  readonly terminal: Terminal;
}): Disposable {
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, end);
  };
  const end = (signal: NodeJS.Signals) => {
    stop();
    about.terminal.error(`\n${lossText(about.stage())}\n`);
    void about.clear().finally(() => process.kill(process.pid, signal));
  };
  for (const signal of SIGNALS) process.on(signal, end);
  return { [Symbol.dispose]: stop };
}
