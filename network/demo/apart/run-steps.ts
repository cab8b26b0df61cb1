// Runs the steps of the test one by one, beside the study where they belong there. Problems gather; a step that fails
// does not keep the next one from running.
import type { Room } from './room.ts';
import type { Step } from './steps/step.ts';

export interface StepResult {
  readonly name: string;
  readonly seconds: number;
  readonly problems: readonly string[];
}

export class StepRunner {
  readonly results: StepResult[] = [];
  readonly #say: (line: string) => void;
  readonly #signal: AbortSignal;

  constructor({ say, signal }: { readonly say: (line: string) => void; readonly signal: AbortSignal }) {
    this.#say = say;
    this.#signal = signal;
  }

  get problems(): string[] {
    return this.results.flatMap(({ problems }) => problems);
  }

  /** Without which nothing can go on: what it throws is thrown. */
  async must<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const begun = Date.now();
    try {
      return await work();
    } finally {
      this.#took({ name, begun, problems: [] });
    }
  }

  /** The problems that it returns or throws are kept. */
  async may(name: string, work: () => Promise<readonly string[]>): Promise<void> {
    this.#signal.throwIfAborted();
    const begun = Date.now();
    const problems = await work().catch((error: Error) => [error.message]);
    this.#signal.throwIfAborted();
    this.#took({ name, begun, problems: problems.map((problem) => `${name}: ${problem}`) });
  }

  async all(steps: readonly Step[], room: Room): Promise<void> {
    for (const { name, run } of steps) await this.may(name, () => run(room));
  }

  #took({ name, begun, problems }: Omit<StepResult, 'seconds'> & { readonly begun: number }): void {
    const seconds = (Date.now() - begun) / 1000;
    this.results.push({ name, seconds, problems });
    this.#say(`${name} (${seconds.toFixed(1)} s)`);
    for (const problem of problems) this.#say(`  ${problem}`);
  }
}

/** The steps within a study: each begins when its round has, and when the one before it has ended. */
export class StepsInStudy {
  readonly #room: Room;
  readonly #waiting: { readonly least: number; readonly go: () => void }[] = [];
  #round = 0;
  #isOver = false;

  constructor(room: Room) {
    this.#room = room;
  }

  /** That a round of the study has begun. */
  begin(studyId: string, round: number): void {
    this.#room.study = { studyId, round };
    this.#round = Math.max(this.#round, round);
    for (const { least, go } of this.#waiting) if (least <= this.#round) go();
  }

  /** Steps that still wait are run nevertheless, and say so: the study had too few rounds for them. */
  end(): void {
    this.#isOver = true;
    for (const { go } of this.#waiting) go();
  }

  async run(steps: readonly Step[], runner: StepRunner): Promise<void> {
    for (const { name, when, run } of steps) {
      if (typeof when === 'string') continue;
      await new Promise<void>((resolve) => {
        if (this.#isOver || when.round <= this.#round) resolve();
        else this.#waiting.push({ least: when.round, go: resolve });
      });
      const late = this.#isOver ? ['it began after the study had ended'] : [];
      await runner.may(name, async () => [...late, ...(await run(this.#room))]);
    }
  }
}
