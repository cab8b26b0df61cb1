// One pass of a fuzz target: so many runs, or so many minutes, each run from the seed and its own number.
import { Random } from './random.ts';

/** What a target is once it is prepared. */
export interface OpenTarget {
  /**
   * Tries one input.
   *
   * @returns what became of it, in a word, for the counts
   * @throws anything: a finding; a Finding carries the input
   */
  run(random: Random): Promise<string> | string;
  close?(): Promise<void> | void;
}

export interface FuzzTarget {
  readonly name: string;
  /** Most milliseconds of this process's time that a run may take; 30,000 where not given. */
  readonly maxRunCpuMs?: number;
  /** Runs after which it is opened again, so that what earlier runs left does not add up. */
  readonly reopenAfterRuns?: number;
  open(): Promise<OpenTarget> | OpenTarget;
}

export class Finding extends Error {
  override readonly name = 'Finding';
  readonly input: string | Uint8Array;

  constructor(message: string, input: string | Uint8Array, options?: ErrorOptions) {
    super(message, options);
    this.input = input;
  }
}

export interface PassOptions {
  readonly seed: number;
  /** The first run's number; 0 where not given. */
  readonly from?: number;
  /** How many runs; without it, as long as `until` allows. */
  readonly runs?: number;
  readonly until?: () => boolean;
  readonly progress?: (counts: PassCounts) => void;
}

export interface PassCounts {
  readonly runs: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Longest run, in milliseconds of this process's time. */
  readonly longestRunCpuMs: number;
}

export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
  readonly seed: number;
  readonly run: number;

  constructor({
    seed,
    run,
    cause,
  }: { readonly seed: number; readonly run: number; readonly cause: unknown }) {
    super(`seed ${seed}, run ${run}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.seed = seed;
    this.run = run;
  }
}

const DEFAULT_MAX_RUN_CPU_MS = 30_000;
const HANGS_AFTER_MS = 120_000;

/** Rejects when the work neither ends nor fails in two minutes: long enough for a loaded machine. */
export async function deadlineOf<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), HANGS_AFTER_MS);
  });
  try {
    return await Promise.race([work, hangs]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @throws FuzzFailure with the seed and run that repeat it
 */
export async function fuzzPass(target: FuzzTarget, options: PassOptions): Promise<PassCounts> {
  const { seed, from = 0, runs = Number.POSITIVE_INFINITY, until = () => false, progress } = options;
  const { maxRunCpuMs = DEFAULT_MAX_RUN_CPU_MS, reopenAfterRuns = Number.POSITIVE_INFINITY } = target;
  const outcomes: Record<string, number> = {};
  let longestRunCpuMs = 0;
  let done = 0;
  let open = await target.open();
  try {
    for (let run = from; done < runs && !until(); run++) {
      if (done > 0 && done % reopenAfterRuns === 0) {
        await open.close?.();
        open = await target.open();
      }
      const before = process.cpuUsage();
      try {
        const running = Promise.resolve(open.run(new Random(seed, run)));
        const outcome = await deadlineOf(running, 'the run');
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        const { user, system } = process.cpuUsage(before);
        const cpuMs = (user + system) / 1000;
        longestRunCpuMs = Math.max(longestRunCpuMs, Math.round(cpuMs));
        if (cpuMs > maxRunCpuMs) throw new Error(`the run took ${Math.round(cpuMs)} ms of processor time`);
      } catch (cause) {
        throw new FuzzFailure({ seed, run, cause });
      }
      done += 1;
      progress?.({ runs: done, outcomes, longestRunCpuMs });
    }
  } finally {
    await open.close?.();
  }
  return { runs: done, outcomes, longestRunCpuMs };
}
