// The rounds of the last training that a contained process did, for the next round of the same study on the same
// patients: their units, graphs, sessions and threads, and what is known of the units. Known by a digest of all that
// they were prepared from, so that no study meets another's patients.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  openRounds,
  type RoundListeners,
  type RoundResult,
  type RoundSetting,
  type Rounds,
  secureRandomness,
  type TrainingUnits,
} from '@consilium/dp-sgd';
import type { HeldRoundInput } from './graph-task.ts';

/** The units by the digest that they are named by: its length is always the same. */
function digestOf({ model, units, plan, localPatterns, rounds }: HeldRoundInput): string {
  const words = JSON.stringify([plan, localPatterns, rounds]);
  return createHash('sha256').update(`${units.sha256};${words};`).update(model).digest('hex');
}

/** Arrays that came in a message are views of all of it: the rounds keep their own. */
const ownUnits = ({ featureCount, rowOffsets, features, labels }: TrainingUnits): TrainingUnits => ({
  featureCount,
  rowOffsets: rowOffsets.slice(),
  features: features.slice(),
  labels: labels.slice(),
});

export class KeptRounds {
  readonly #open: typeof openRounds;
  #held: { readonly sha256: string; readonly units: TrainingUnits } | undefined;
  #kept: { readonly digest: string; readonly rounds: Rounds } | undefined;

  /** @param open `openRounds`, but in tests */
  constructor(open: typeof openRounds = openRounds) {
    this.#open = open;
  }

  /** One round, as `runRound`. What another one was prepared from is let go of first, and so is all after a failure. */
  async run(input: HeldRoundInput, listeners: RoundListeners): Promise<RoundResult> {
    try {
      const digest = digestOf(input);
      if (this.#kept?.digest !== digest) {
        await this.#letGoOfRounds();
        const { model, plan, localPatterns, rounds } = input;
        const setting: RoundSetting = { model, plan, localPatterns, units: this.#unitsOf(input) };
        const opened = await this.#open(setting, { randomness: secureRandomness, rounds });
        this.#kept = { digest, rounds: opened };
      }
      return await this.#kept.rounds.run(input, listeners);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#held = undefined;
    await this.#letGoOfRounds();
  }

  async #letGoOfRounds(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.rounds.close();
  }

  #unitsOf({ units: { sha256, sent } }: HeldRoundInput): TrainingUnits {
    if (this.#held?.sha256 !== sha256) {
      this.#held = undefined;
      assert(sent !== undefined, 'units that this process does not hold are sent');
      this.#held = { sha256, units: ownUnits(sent) };
    }
    return this.#held.units;
  }
}
