// Which certificates were found to be issued by which authorities. Each configuration of a channel names the same ones
// once more, and a signature of RSA takes milliseconds to check: one organisation with a hundred such authorities kept
// everybody a minute at each change of the channel.

/** More than the pairs of a hundred authorities; some three megabytes. */
const KNOWN_MAX = 2 ** 14;

/** A certificate by its digest. */
interface Named {
  readonly sha256: string;
}

/** What was found, by the digests of both certificates, which say all that is looked at. */
export class KnownIssuance {
  readonly #known = new Map<string, boolean>();
  #checks = 0;

  /** How many signatures were checked, for tests: time says nothing on a busy machine. */
  get checks(): number {
    return this.#checks;
  }

  /** What is known of the two; what `check` finds where nothing is. */
  of(certificate: Named, authority: Named, check: () => boolean): boolean {
    const key = certificate.sha256 + authority.sha256;
    let isIssued = this.#known.get(key);
    if (isIssued === undefined) {
      this.#checks += 1;
      isIssued = check();
      if (this.#known.size >= KNOWN_MAX) this.#known.clear();
      this.#known.set(key, isIssued);
    }
    return isIssued;
  }
}
