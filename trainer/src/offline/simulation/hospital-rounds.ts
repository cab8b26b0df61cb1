// The rounds of a simulated study's hospitals, each prepared once and kept as far as memory reaches: a round then costs
// what its steps cost, not what all patients do.
import {
  openRounds,
  prepareUnits,
  type RoundListeners,
  type RoundResult,
  type RoundStart,
  type Rounds,
  secureRandomness,
} from '@consilium/dp-sgd';
import { planAt, type SimulatedHospital, type SimulatedStudy } from './simulated-study.ts';

/** Of all hospitals whose rounds are kept; the others' are prepared again for each round, but for their units. */
const MOST_HELD_BYTES = 2 ** 30;
/** Each may have two threads of its own. */
const MOST_HELD = 16;

export interface HeldLimits {
  readonly bytes: number;
  readonly hospitals: number;
}

export class HospitalRounds {
  readonly #study: SimulatedStudy;
  readonly #hospitals: readonly SimulatedHospital[];
  readonly #limits: HeldLimits;
  readonly #held = new Map<number, Rounds>();
  #heldBytes = 0;
  readonly #open: typeof openRounds;

  /**
   * @param options `open` is `openRounds`, and `limits` what is kept, but in tests
   */
  constructor(
    study: SimulatedStudy,
    hospitals: readonly SimulatedHospital[],
    options: { readonly limits?: HeldLimits; readonly open?: typeof openRounds } = {},
  ) {
    this.#study = study;
    this.#hospitals = hospitals.map((hospital) => ({
      ...hospital,
      training: prepareUnits(hospital.training),
    }));
    this.#limits = options.limits ?? { bytes: MOST_HELD_BYTES, hospitals: MOST_HELD };
    this.#open = options.open ?? openRounds;
  }

  /** One round at the hospital of an index. @throws what `runRound` throws */
  async run(index: number, start: RoundStart, listeners: RoundListeners): Promise<RoundResult> {
    const held = this.#held.get(index);
    if (held !== undefined) return held.run(start, listeners);
    const rounds = await this.#opened(index);
    const isHeld =
      this.#held.size < this.#limits.hospitals && this.#heldBytes + rounds.heldBytes <= this.#limits.bytes;
    if (isHeld) {
      this.#held.set(index, rounds);
      this.#heldBytes += rounds.heldBytes;
      return rounds.run(start, listeners);
    }
    try {
      return await rounds.run(start, listeners);
    } finally {
      await rounds.close();
    }
  }

  async close(): Promise<void> {
    for (const rounds of this.#held.values()) await rounds.close();
    this.#held.clear();
  }

  #opened(index: number): Promise<Rounds> {
    const hospital = this.#hospitals[index]!;
    const { model, localPatterns, rounds } = this.#study;
    return this.#open(
      {
        model: model.graph,
        units: hospital.training,
        localPatterns,
        plan: planAt(this.#study, hospital),
      },
      { randomness: secureRandomness, rounds },
    );
  }
}
