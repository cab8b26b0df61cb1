// The rounds of a simulated study's hospitals, each prepared once and kept as far as memory reaches: a round then costs
// what its steps cost, not what all patients do.
import {
  openRounds,
  prepareUnits,
  type RandomSource,
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

/** What a hospital's round draws from, where not from the system's generator. */
export type RandomnessOf = (round: number, hospital: string) => RandomSource;

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
  readonly #randomnessOf: RandomnessOf | undefined;
  readonly #rounds: number;

  /**
   * @param options `rounds`: how many there will be, by default the study's; `open` is `openRounds`, and `limits` what
   * is kept, but in tests
   */
  constructor(
    study: SimulatedStudy,
    hospitals: readonly SimulatedHospital[],
    options: {
      readonly randomnessOf?: RandomnessOf | undefined;
      readonly rounds?: number;
      readonly limits?: HeldLimits;
      readonly open?: typeof openRounds;
    } = {},
  ) {
    this.#study = study;
    this.#hospitals = hospitals.map((hospital) => ({
      ...hospital,
      training: prepareUnits(hospital.training),
    }));
    this.#limits = options.limits ?? { bytes: MOST_HELD_BYTES, hospitals: MOST_HELD };
    this.#open = options.open ?? openRounds;
    this.#randomnessOf = options.randomnessOf;
    this.#rounds = options.rounds ?? study.rounds;
  }

  /** One round at the hospital of an index. @throws what `runRound` throws */
  async run(
    index: number,
    start: RoundStart,
    { round, ...listeners }: RoundListeners & { readonly round: number },
  ): Promise<RoundResult> {
    const randomness = this.#randomnessOf?.(round, this.#hospitals[index]!.name);
    const options = { ...listeners, randomness };
    const held = this.#held.get(index);
    if (held !== undefined) return held.run(start, options);
    const rounds = await this.#opened(index, randomness);
    const isHeld =
      this.#held.size < this.#limits.hospitals && this.#heldBytes + rounds.heldBytes <= this.#limits.bytes;
    if (isHeld) {
      this.#held.set(index, rounds);
      this.#heldBytes += rounds.heldBytes;
      return rounds.run(start, options);
    }
    try {
      return await rounds.run(start, options);
    } finally {
      await rounds.close();
    }
  }

  async close(): Promise<void> {
    for (const rounds of this.#held.values()) await rounds.close();
    this.#held.clear();
  }

  #opened(index: number, randomness: RandomSource | undefined): Promise<Rounds> {
    const hospital = this.#hospitals[index]!;
    const { model, localPatterns } = this.#study;
    return this.#open(
      {
        model: model.graph,
        units: hospital.training,
        localPatterns,
        plan: planAt(this.#study, hospital),
      },
      { randomness: randomness ?? secureRandomness, rounds: this.#rounds },
    );
  }
}
