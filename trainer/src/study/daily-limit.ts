// How often a day something is done, by who asks or with a file. Dictionaries that a caller makes up check a file only
// so often: each answer tells a little of it (whether a column is there, whether all its values fit), and many answers
// would tell much.
import { TrainerError } from '../errors.ts';

export const ATTEMPTS_MAX = 20;
const DAY_MS = 86_400_000;
/** Files whose attempts are remembered; the longest unasked are forgotten first, once their day is over or not. */
const FILES_MAX = 10_000;

/** What is counted, in words for who is refused. */
interface Counted {
  readonly most: number;
  readonly what: string;
  readonly remedy: string;
}

const CHECKS: Counted = {
  most: ATTEMPTS_MAX,
  what: 'checks of this file were made',
  remedy: 'To find what is wrong with it, run consilium-trainer check where the file is',
};

export class DailyLimit {
  readonly #nowMs: () => number;
  readonly #counted: Counted;
  readonly #attempts = new Map<string, readonly number[]>();

  constructor(nowMs: () => number, counted: Counted = CHECKS) {
    this.#nowMs = nowMs;
    this.#counted = counted;
  }

  /**
   * Counts an attempt on a file, whatever comes of it.
   *
   * @throws TrainerError TRAINER_ATTEMPTS_EXHAUSTED naming the time of the next
   */
  count(identity: string): void {
    const now = this.#nowMs();
    const recent = (this.#attempts.get(identity) ?? []).filter((at) => now - at < DAY_MS);
    const { most, what, remedy } = this.#counted;
    if (recent.length >= most) {
      const next = new Date(recent[0]! + DAY_MS).toISOString();
      throw new TrainerError(
        'TRAINER_ATTEMPTS_EXHAUSTED',
        `${most} ${what} within a day: again from ${next} on. ${remedy}`,
      );
    }
    this.#attempts.delete(identity);
    this.#attempts.set(identity, [...recent, now]);
    if (this.#attempts.size > FILES_MAX) {
      const [oldest] = this.#attempts.keys();
      this.#attempts.delete(oldest!);
    }
  }
}
