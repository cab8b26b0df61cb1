// Which loop takes a run of steps: one with a mask, which leaves out units that overflow, or, where public numbers show
// that none can overflow, one without. The choice never looks at patients, and no step is repeated because of their
// data.
import type { ForwardModel } from '@consilium/onnx-grad';
import type { OverflowBounds, StepLoop } from '@consilium/onnx-grad/step';
import type { Corrections, DescentState, DrawnSteps, Range, StepRuns } from './step-runs.ts';

/** Noise beyond this many deviations has a probability below 2^-1000, which is never. */
const MOST_DEVIATIONS = 40;

/** Bounds on what moves a parameter in one step, apart from its velocity. */
export interface MoveBounds {
  /** A released mean's values are within this of 0. */
  readonly mean: number;
  readonly momentum: number;
  /** Bounds on the correction of each mean: shift, and pull · (|θ| + base). */
  readonly shift: number;
  readonly pull: number;
  readonly base: number;
}

const largestOf = (values: ArrayLike<number> | undefined): number => {
  let largest = 0;
  for (let i = 0; i < (values?.length ?? 0); i++) largest = Math.max(largest, Math.abs(values![i]!));
  return largest;
};

/**
 * Bounds on a step's move: clipped sums are at most `units` clip norms of 2^20 lattice steps each, and some rounding.
 */
export function moveBoundsOf(options: {
  readonly units: number;
  readonly sigma: number;
  readonly meanPerStep: number;
  readonly momentum: number;
  readonly corrections?: Corrections;
}): MoveBounds {
  const { units, sigma, meanPerStep, momentum, corrections = {} } = options;
  return {
    mean: meanPerStep * (1.25 * 2 ** 20 * units + MOST_DEVIATIONS * sigma + 1),
    momentum,
    shift: largestOf(corrections.shift),
    pull: largestOf(corrections.pull),
    base: largestOf(corrections.base),
  };
}

/** A bound on how far the steps of a run move any parameter. */
export function farthestMove(
  { mean, momentum, shift, pull, base }: MoveBounds,
  {
    largest,
    velocity,
    rates,
  }: { readonly largest: number; readonly velocity: number; readonly rates: Float64Array },
): number {
  let [moved, speed] = [0, velocity];
  for (const rate of rates) {
    speed = momentum * speed + mean + shift + pull * (largest + moved + base);
    moved += rate * speed;
  }
  // Covers the rounding of the steps, and of this computation.
  return 1.01 * moved;
}

/**
 * Takes runs by a loop without a mask where that is safe, and otherwise by one with a mask, opened when first needed.
 */
export class FiniteRuns {
  readonly steps: number;
  readonly capacity: number;
  readonly drawn: DrawnSteps;
  readonly sumType: StepLoop['sumType'];
  readonly #plain: StepRuns;
  readonly #openMasked: () => Promise<StepRuns>;
  readonly #isSure: OverflowBounds;
  readonly #parameters: ForwardModel['parameters'];
  readonly #movesOf: (corrections: Corrections) => MoveBounds;
  #corrections: Corrections = {};
  #moves: MoveBounds;
  #masked: StepRuns | undefined;

  constructor(
    plain: StepRuns,
    options: {
      readonly openMasked: (drawn: DrawnSteps) => Promise<StepRuns>;
      readonly isSure: OverflowBounds;
      readonly parameters: ForwardModel['parameters'];
      readonly movesOf: (corrections: Corrections) => MoveBounds;
    },
  ) {
    this.steps = plain.steps;
    this.capacity = plain.capacity;
    this.drawn = plain.drawn;
    this.sumType = plain.sumType;
    this.#plain = plain;
    this.#openMasked = () => options.openMasked(plain.drawn);
    this.#isSure = options.isSure;
    this.#parameters = options.parameters;
    this.#movesOf = options.movesOf;
    this.#moves = options.movesOf({});
  }

  /** As `StepRuns.correct`. */
  correct(corrections: Corrections): void {
    this.#corrections = corrections;
    this.#moves = this.#movesOf(corrections);
    this.#plain.correct(corrections);
    this.#masked?.correct(corrections);
  }

  /** As `StepRuns.run`. Which loop takes the run follows from the state before it, the rates and the plan alone. */
  async run(state: DescentState, range: Range): Promise<DescentState | undefined> {
    if (this.#staysFinite(state, range)) return this.#plain.run(state, range);
    if (this.#masked === undefined) {
      this.#masked = await this.#openMasked();
      this.#masked.correct(this.#corrections);
    }
    return this.#masked.run(state, range);
  }

  async close(): Promise<void> {
    await this.#plain.close();
    await this.#masked?.close();
  }

  #staysFinite({ parameters, velocity }: DescentState, { first, end }: Range): boolean {
    const largest = this.#parameters.map(({ offset, size }) =>
      largestOf(parameters.subarray(offset, offset + size)),
    );
    const moved = farthestMove(this.#moves, {
      largest: Math.max(...largest),
      velocity: largestOf(velocity),
      rates: this.drawn.rates.subarray(first, end),
    });
    return this.#isSure(largest.map((own) => own + moved));
  }
}
