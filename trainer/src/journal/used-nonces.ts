// Which nonces were used, for as long as an assertion that carries one could still be valid.

/** Far more than gateways ask in half a minute; at the bound nothing is accepted, since nothing may be forgotten. */
const NONCES_MAX = 500_000;

export class UsedNonces {
  readonly #keptMs: number;
  readonly #max: number;
  #current = new Set<string>();
  #previous = new Set<string>();
  #turnedAtMs: number;

  constructor(options: { readonly keptMs: number; readonly nowMs: number; readonly max?: number }) {
    this.#keptMs = options.keptMs;
    this.#max = options.max ?? NONCES_MAX;
    this.#turnedAtMs = options.nowMs;
  }

  /** Whether the nonce is used now for the first time. Remembered for at least `keptMs`, at most twice as long. */
  use(nonce: string, nowMs: number): boolean {
    if (nowMs - this.#turnedAtMs >= this.#keptMs) {
      this.#previous = nowMs - this.#turnedAtMs >= 2 * this.#keptMs ? new Set() : this.#current;
      this.#current = new Set();
      this.#turnedAtMs = nowMs;
    }
    if (this.#current.has(nonce) || this.#previous.has(nonce)) return false;
    if (this.#current.size + this.#previous.size >= this.#max) return false;
    this.#current.add(nonce);
    return true;
  }
}
