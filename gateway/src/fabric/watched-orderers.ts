// The orderers as they were a moment ago, so that readiness and metrics may be asked often at no cost to them.
import type { common } from '@hyperledger/fabric-protos';
import { type Asker, askOrderers } from './ask-orderers.ts';
import { type CertificateEnd, certificateEndsIn } from './certificate-ends.ts';
import { channelGroupIn, type OrderersSeen, type Ordering, orderingIn } from './orderers-seen.ts';

const SEEN_KEPT_MS = 5_000;
const CONFIGURATION_KEPT_MS = 60_000;

export interface WatchedOrderersOptions {
  /** The block of the channel's newest configuration. */
  readonly configuration: () => Promise<common.Block>;
  readonly asker: () => Asker;
  /** Asks them; over the network where absent. */
  readonly ask?: (ordering: Ordering, asker: Asker) => Promise<OrderersSeen>;
}

interface Kept<T> {
  readonly untilMs: number;
  readonly value: Promise<T>;
}

interface Configured {
  readonly ordering: Ordering | undefined;
  readonly certificates: readonly CertificateEnd[];
}

export class WatchedOrderers {
  readonly #options: WatchedOrderersOptions;
  #ordering: Kept<Configured> | undefined;
  #seen: Kept<OrderersSeen | undefined> | undefined;

  constructor(options: WatchedOrderersOptions) {
    this.#options = options;
  }

  /** Undefined where the configuration cannot be read now, or names no orderers of a known kind. */
  see(): Promise<OrderersSeen | undefined> {
    const nowMs = Date.now();
    if (this.#seen === undefined || this.#seen.untilMs < nowMs) {
      this.#seen = { untilMs: nowMs + SEEN_KEPT_MS, value: this.#look() };
    }
    return this.#seen.value;
  }

  async #look(): Promise<OrderersSeen | undefined> {
    const { asker, ask = askOrderers } = this.#options;
    try {
      const { ordering, certificates } = await this.#configured();
      return ordering && { ...(await ask(ordering, asker())), certificates };
    } catch {
      // The own peer does not answer: readiness says that by itself.
      this.#ordering = undefined;
      return undefined;
    }
  }

  #configured(): Promise<Configured> {
    const nowMs = Date.now();
    if (this.#ordering === undefined || this.#ordering.untilMs < nowMs) {
      const value = this.#options.configuration().then((block) => {
        const channel = channelGroupIn(block);
        return { ordering: orderingIn(channel), certificates: channel ? certificateEndsIn(channel) : [] };
      });
      this.#ordering = { untilMs: nowMs + CONFIGURATION_KEPT_MS, value };
    }
    return this.#ordering.value;
  }
}
