// How often a loop looks at the ledger. Each look costs the gateway and the peers some work, so that its number must
// not grow with what others do: looks that find nothing new come at growing distances, no matter who wakes the loop
// and how often, and one that finds news starts over.
export interface PaceOptions {
  /** The distance of the first idle looks, and the longest that it grows to. */
  readonly pollMs: number;
  readonly maxPollMs: number;
  /** From 0 to below 1; trainers that were woken together drift apart by it. */
  readonly random?: () => number;
}

/** Looks in vain that are as good as free: what one step of a study makes others tell several times over. */
const FREE_LOOKS = 4;
const LEAST_MS = 50;
const JITTER = 0.25;

export class Pace {
  readonly #options: Required<PaceOptions>;
  #inVain = 0;
  #idle = 0;

  constructor(options: PaceOptions) {
    this.#options = { random: Math.random, ...options };
  }

  /** To be called after each look, with whether it found anything new and whether an event had asked for it. */
  looked({ news, woken }: { readonly news: boolean; readonly woken: boolean }): void {
    this.#inVain = news ? 0 : this.#inVain + (woken ? 1 : 0);
    this.#idle = news || woken ? 0 : this.#idle + 1;
  }

  /** How long to wait for an event before looking without one. */
  get idleMs(): number {
    const { pollMs, maxPollMs, random } = this.#options;
    const grown = Math.min(Math.max(pollMs, maxPollMs), pollMs * 2 ** Math.min(this.#idle, 30));
    return grown * (1 - JITTER + 2 * JITTER * random());
  }

  /** How long to wait whatever events there are. */
  get leastMs(): number {
    const over = this.#inVain - FREE_LOOKS;
    return over <= 0 ? 0 : Math.min(this.#options.pollMs, LEAST_MS * 2 ** Math.min(over - 1, 30));
  }
}
