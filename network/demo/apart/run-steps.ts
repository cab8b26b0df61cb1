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

  /** The problems that it returns or throws are kept. Whether there were none. */
  async may(name: string, work: () => Promise<readonly string[]>): Promise<boolean> {
    this.#signal.throwIfAborted();
    const begun = Date.now();
    const problems = await work().catch((error: Error) => [error.message]);
    this.#signal.throwIfAborted();
    this.#took({ name, begun, problems: problems.map((problem) => `${name}: ${problem}`) });
    return problems.length === 0;
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

/** The steps beside studies: each begins when its round has, and when the one before it has ended. */
export class StepsInStudy {
  readonly #room: Room;
  readonly #waiting: { readonly least: number; readonly go: () => void }[] = [];
  #round = 0;
  #isOver = false;
  /** The step that runs. */
  #running: Promise<void> = Promise.resolve();
  #gate = Promise.resolve();
  #open: () => void = () => undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** That a round of a study has begun. Rounds are counted on from one study to the next. */
  begin(studyId: string, round: number): void {
    const isKnown = this.#room.study?.studyId === studyId && this.#room.study.round >= round;
    if (isKnown) return;
    this.#room.study = { studyId, round };
    this.#round += 1;
    for (const { least, go } of this.#waiting) if (least <= this.#round) go();
  }

  /** Resolves once no step runs; none begins until `goOn` is called. */
  async pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    this.#open = resolve;
    await this.#running;
  }

  goOn(): void {
    this.#open();
  }

  /** Steps that still wait are run nevertheless, and say so: the study had too few rounds for them. */
  end(): void {
    this.#isOver = true;
    this.goOn();
    for (const { go } of this.#waiting) go();
  }

  async run(steps: readonly Step[], runner: StepRunner): Promise<void> {
    for (const { name, when, run } of steps) {
      if (typeof when === 'string') continue;
      await new Promise<void>((resolve) => {
        if (this.#isOver || when.round <= this.#round) resolve();
        else this.#waiting.push({ least: when.round, go: resolve });
      });
      await this.#gate;
      const late = this.#isOver ? ['it began after the study had ended'] : [];
      this.#running = runner
        .may(name, async () => [...late, ...(await run(this.#room))])
        .then(() => undefined);
      await this.#running;
    }
  }
}
