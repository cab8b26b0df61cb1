// How many lines a flood may write: refusals of callers who ask too often are logged with their request ids as all
// others, a few of each caller a minute, and the others are counted in the next line.

const WINDOW_MS = 60_000;
/** Of one caller in a minute. */
export const LINES_PER_WINDOW = 20;
/** So many addresses cannot fill the memory, nor the disk. */
const CALLERS_MAX = 1_000;
/** For all callers beyond those. */
const OTHERS = 'others';

interface Noted {
  readonly sinceMs: number;
  lines: number;
  unwritten: number;
}

/** Who writes how many lines. */
export class FloodLines {
  readonly #callers = new Map<string, Noted>();

  /**
   * Whether a line may be written of this caller, and how many were not since the last one.
   *
   * @param nowMs of a clock that does not go back
   */
  next(caller: string, nowMs: number = performance.now()): { readonly unwritten: number } | undefined {
    const name = this.#callers.has(caller) || this.#makeRoom(nowMs) ? caller : OTHERS;
    let noted = this.#callers.get(name);
    if (noted === undefined || nowMs - noted.sinceMs >= WINDOW_MS) {
      noted = { sinceMs: nowMs, lines: 0, unwritten: noted?.unwritten ?? 0 };
      this.#callers.set(name, noted);
    }
    if (noted.lines >= LINES_PER_WINDOW) {
      noted.unwritten += 1;
      return undefined;
    }
    noted.lines += 1;
    const { unwritten } = noted;
    noted.unwritten = 0;
    return { unwritten };
  }

  /** Forgets callers of a minute ago where there are too many. */
  #makeRoom(nowMs: number): boolean {
    if (this.#callers.size < CALLERS_MAX) return true;
    for (const [name, { sinceMs }] of this.#callers) {
      if (nowMs - sinceMs >= WINDOW_MS) this.#callers.delete(name);
    }
    return this.#callers.size < CALLERS_MAX;
  }
}
