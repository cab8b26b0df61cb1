// The rounds of the last training that a contained process did, for the next round of the same study on the same
// patients: graphs, their sessions and threads, and what is known of the units. Known by a digest of all that they were
// prepared from, so that no study meets another's patients.
import { createHash } from 'node:crypto';
import {
  openRounds,
  type RoundInput,
  type RoundListeners,
  type RoundResult,
  type RoundSetting,
  type Rounds,
  secureRandomness,
} from '@consilium/dp-sgd';

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Each part with its length, so that no two settings have the same bytes. */
function digestOf({ model, units, plan, localPatterns }: RoundSetting): string {
  const { featureCount, rowOffsets, features, labels } = units;
  const hash = createHash('sha256');
  const words = new TextEncoder().encode(JSON.stringify([plan, localPatterns, featureCount]));
  for (const part of [words, model, rowOffsets, features, labels].map(bytesOf)) {
    hash.update(`${part.byteLength};`).update(part);
  }
  return hash.digest('hex');
}

/** Arrays that came in a message are views of all of it: the rounds keep their own. */
const ownArrays = ({ model, units, plan, localPatterns }: RoundSetting): RoundSetting => ({
  model,
  plan,
  localPatterns,
  units: {
    featureCount: units.featureCount,
    rowOffsets: units.rowOffsets.slice(),
    features: units.features.slice(),
    labels: units.labels.slice(),
  },
});

export class KeptRounds {
  readonly #open: typeof openRounds;
  #kept: { readonly digest: string; readonly rounds: Rounds } | undefined;

  /** @param open `openRounds`, but in tests */
  constructor(open: typeof openRounds = openRounds) {
    this.#open = open;
  }

  /** One round, as `runRound`. What another one was prepared from is let go of first, and so is all after a failure. */
  async run(input: RoundInput, listeners: RoundListeners): Promise<RoundResult> {
    const digest = digestOf(input);
    if (this.#kept?.digest !== digest) {
      await this.close();
      const rounds = await this.#open(ownArrays(input), { randomness: secureRandomness });
      this.#kept = { digest, rounds };
    }
    try {
      return await this.#kept.rounds.run(input, listeners);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.rounds.close();
  }
}
