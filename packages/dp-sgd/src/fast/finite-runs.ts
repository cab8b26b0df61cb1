// Which loop takes a run of steps: one that leaves out units that overflow, or, where public numbers show that none
// can, one that does without. The choice never looks at patients, and nothing is taken again because of what they
// hold.
import type { ForwardModel, OverflowBounds, StepLoop } from '@consilium/onnx-grad';
import type { DescentState, DrawnSteps, Range, StepRuns } from './step-runs.ts';

/** Noise beyond so many deviations is drawn with a probability below 2^-1000: never. */
const MOST_DEVIATIONS = 40;

/** What moves parameters in one step at most, apart from what it moved them by before. */
export interface MoveBounds {
  /** A released mean's values are within this of 0. */
  readonly mean: number;
  readonly momentum: number;
  /** Bounds on what corrects each mean: shift, and pull · (|θ| + base). */
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
  readonly corrections?: Partial<Readonly<Record<'shift' | 'pull' | 'base', Float64Array>>>;
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

/** How far any parameter is moved by the steps of a run at most. */
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
  // For the rounding of the steps, and of this.
  return 1.01 * moved;
}

/** Runs of a loop without a mask, where they are sure, and of one with a mask, which is opened when it is needed. */
export class FiniteRuns {
  readonly steps: number;
  readonly capacity: number;
  readonly drawn: DrawnSteps;
  readonly sumType: StepLoop['sumType'];
  readonly #plain: StepRuns;
  readonly #openMasked: () => Promise<StepRuns>;
  readonly #isSure: OverflowBounds;
  readonly #parameters: ForwardModel['parameters'];
  readonly #moves: MoveBounds;
  #masked: StepRuns | undefined;

  constructor(
    plain: StepRuns,
    options: {
      readonly openMasked: (drawn: DrawnSteps) => Promise<StepRuns>;
      readonly isSure: OverflowBounds;
      readonly parameters: ForwardModel['parameters'];
      readonly moves: MoveBounds;
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
    this.#moves = options.moves;
  }

  /** As `StepRuns.run`. Which loop takes the run follows from the state before it, rates and the plan alone. */
  async run(state: DescentState, range: Range): Promise<DescentState | undefined> {
    if (this.#staysFinite(state, range)) return this.#plain.run(state, range);
    this.#masked ??= await this.#openMasked();
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
