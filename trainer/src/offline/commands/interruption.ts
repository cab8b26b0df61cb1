// What is lost and what is kept when a run is interrupted, and how it ends: by the same signal, as without this.
import type { Terminal } from '@consilium/command-line';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** How far a run is, as its progress knows it. */
export interface RunStage {
  readonly rounds: number;
  /** Rounds that are finished, or lost before. */
  readonly finished: number;
  /** Scores that were shown so far, that of the model before training among them. */
  readonly scoresShown: number;
  readonly scores: 'exact' | 'noised';
  /** The folder of its checkpoint, where it has one. */
  readonly checkpoint?: string | undefined;
  /** The round that is begun and not finished, where its draws are charged. */
  readonly drawing?: number | undefined;
}

/** The sentences for a user whose run ends by an interruption. */
export function lossText(stage: RunStage): string {
  const { rounds, finished, scoresShown, scores, checkpoint, drawing } = stage;
  const seen =
    scores === 'exact'
      ? 'the scores that were shown are exact and not private'
      : `${scoresShown} noised scores were shown and stay charged to the held-out patients`;
  const released = `No model was released; ${seen}.`;
  if (checkpoint !== undefined) {
    const charged =
      drawing === undefined
        ? ''
        : `Round ${drawing} was begun: what was drawn for it is lost and stays charged, it is not drawn again, and ` +
          'the model does not move in it. ';
    return (
      `interrupted: ${finished} of ${rounds} rounds are kept in ${checkpoint}. ${charged}Go on with ` +
      `consilium-trainer resume ${checkpoint}. ${released}`
    );
  }
  const lost =
    finished === 0 ? 'the model is lost' : `the model and ${finished} finished of ${rounds} rounds are lost`;
  return (
    `interrupted: ${lost}, no file was written, and the next run starts from the beginning (--checkpoint keeps ` +
    `what is finished). ${released}`
  );
}

export interface Interruption extends Disposable {
  /** Whether the run is to end after the round that is being drawn. */
  readonly isStopping: boolean;
  /** Says what is kept, and ends the process. */
  end(): Promise<never>;
}

/**
 * Ends an interrupted run, and says on standard error what of it is lost or kept. Dispose of it when the run is over.
 *
 * A run with a checkpoint whose draws are charged first finishes its round, whose draws would be lost otherwise; a
 * second signal ends it at once. Any other run ends at once.
 */
export function watchInterruption(about: {
  readonly stage: () => RunStage;
  readonly clear: () => Promise<void>;
  readonly terminal: Terminal;
}): Interruption {
  const { stage, clear, terminal } = about;
  let by: NodeJS.Signals = 'SIGINT';
  let isStopping = false;
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
  const end = async (): Promise<never> => {
    stop();
    terminal.error(`\n${lossText(stage())}\n`);
    await clear();
    process.kill(process.pid, by);
    // The signal ends the process, but not before this returns.
    return new Promise<never>(() => undefined);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    by = signal;
    const { drawing, rounds, checkpoint } = stage();
    if (isStopping || checkpoint === undefined || drawing === undefined) {
      void end();
      return;
    }
    isStopping = true;
    terminal.error(
      `\ninterrupted: round ${drawing} of ${rounds} is finished first, since its draws are charged. Once more to end ` +
        'at once and lose it.\n',
    );
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    get isStopping() {
      return isStopping;
    },
    end,
    [Symbol.dispose]: stop,
  };
}
