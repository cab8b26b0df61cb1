// Runs the step graph over a batch of any size: units are laid into its fixed capacity, further runs are added.
import assert from 'node:assert/strict';
import type { ForwardModel, StepGraph } from '../onnx/index.ts';
import { type Lane, openLane, openLaneThread, type Sums } from './lane.ts';
import { isUsableUnit, type TrainingUnits, unitCount } from './training-units.ts';

const THREADED_FROM_VALUES = 2 ** 21;

/** Threads of each lane's session: small graphs lose more to a second one than they gain. */
export function threadsOf(
  { units, rowsPerUnit, parameterCount }: Pick<StepGraph, 'units' | 'rowsPerUnit' | 'parameterCount'>,
  lanes = 1,
): number {
  return lanes > 1 || units * rowsPerUnit * parameterCount < THREADED_FROM_VALUES ? 1 : 2;
}

/**
 * Times normTerms: more than how far, relatively, a unit's squared norms in two orders can lie apart, each of which is
 * within 3 · 2^-53 normTerms of the same number (`sensitivity.ts`, step 1).
 */
const ORDER_MARGIN = 16 * 2 ** -53;

/** The clipped sum of gradients of any batch of one hospital's units. */
export class ClippedSum {
  readonly #lanes: readonly Lane[];
  readonly #graph: StepGraph;
  readonly #units: TrainingUnits;
  /** Per unit, 1 where it is left out from the start. */
  readonly #isUnusable: Uint8Array;
  /** Of runs: their sum, what its rounding lost, and the sum over lanes of the last one. */
  readonly #sums: Readonly<Record<'total' | 'lost' | 'ofLanes', Float64Array>>;
  #count = 0;

  /** `graph` is one lane's: its capacity times `lanes` units are summed in one run. */
  static async open(
    graph: StepGraph,
    units: TrainingUnits,
    model: ForwardModel,
    lanes = 1,
  ): Promise<ClippedSum> {
    const others = Array.from({ length: lanes - 1 }, () => openLaneThread(graph));
    // The lane on this thread blocks it, so that the others are started before it.
    const own = await openLane(graph, { threads: threadsOf(graph, lanes) });
    return new ClippedSum([...others, own], graph, units);
  }

  private constructor(lanes: readonly Lane[], graph: StepGraph, units: TrainingUnits) {
    this.#lanes = lanes;
    this.#graph = graph;
    this.#units = units;
    const create = () => new Float64Array(graph.parameterCount);
    this.#sums = { total: create(), lost: create(), ofLanes: create() };
    this.#isUnusable = Uint8Array.from({ length: unitCount(units) }, (_, unit) =>
      isUsableUnit(units, unit) ? 0 : 1,
    );
  }

  /**
   * Σ over the batch of clipped unit gradients, [parameterCount], at float32 parameters. The array is good until the
   * next call.
   *
   * Unit i of the batch lies in place i of the runs, one after the other, whatever the other units are.
   *
   * A batch beyond the capacity takes several runs and nothing is cut off; runs are added with compensation (Ogita,
   * Rump and Oishi 2005, Sum2), so that their number adds nothing to the rounding. An empty batch takes one run
   * too, so that it cannot be told from others by its time, and gives zeros.
   */
  async sum(parameters: Float32Array, batch: Uint32Array): Promise<Sums> {
    assert(!this.#graph.takesClipNorm, 'the graph is given no clip norm');
    return this.#sum(parameters, batch);
  }

  /**
   * The sum for a graph that takes its clip norm C as an input, and Σ over the batch of +1 where a unit's norm is at
   * most C, else -1; units whose gradients are not finite count 0.
   *
   * A unit counts by its own rows, the parameters and C alone. Squared norms that lie so near to C² that the order of
   * their roundings, and so the unit's place, might decide are computed once more, for the unit alone in the first
   * place: the order is then always the same. All others are on the same side of C² wherever they lie.
   */
  async sumAndCount(
    parameters: Float32Array,
    batch: Uint32Array,
    clipNormL2: number,
  ): Promise<{ readonly sum: Sums; readonly count: number }> {
    assert(this.#graph.takesClipNorm, 'the graph takes a clip norm');
    for (const { buffers } of this.#lanes) buffers.clipNorm![0] = clipNormL2;
    this.#count = 0;
    const sum = await this.#sum(parameters, batch);
    return { sum, count: this.#count };
  }

  async #sum(parameters: Float32Array, batch: Uint32Array): Promise<Sums> {
    const capacity = this.#graph.units * this.#lanes.length;
    if (batch.length < capacity) return (await this.#run(parameters, batch)) ?? this.#nothing();
    const { total, lost } = this.#sums;
    total.fill(0);
    lost.fill(0);
    // The last run has an empty place, if it must be a run of nothing else: see `#run`.
    for (let start = 0; start <= batch.length; start += capacity) {
      const part = await this.#run(parameters, batch.subarray(start, start + capacity));
      if (part === undefined) return this.#nothing();
      this.#add(part);
    }
    for (let i = 0; i < total.length; i++) total[i]! += lost[i]!;
    return total;
  }

  #add(part: Sums): void {
    const { total, lost } = this.#sums;
    for (let i = 0; i < total.length; i++) {
      const before = total[i]!;
      const added = part[i]!;
      const after = before + added;
      const counted = after - before;
      lost[i]! += before - (after - counted) + (added - counted);
      total[i] = after;
    }
  }

  #nothing(): Sums {
    this.#count = 0;
    return new Float64Array(this.#graph.parameterCount);
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  /**
   * One run; a unit whose gradient is not finite contributes nothing. Undefined where empty places are not finite.
   *
   * The run is repeated with the places of such units left empty, in the same graph, so that every other unit counts
   * exactly as it would without them. If even empty places are not finite then the parameters are to blame, and the
   * whole sum is empty, although a unit's gradient may still be finite (an infinite weight times a feature of 0 is no
   * number, times another it is infinite). That must follow from the parameters alone and not from whether the batch
   * leaves a place empty: so that each sum sees an empty place, in its last run.
   */
  async #run(parameters: Float32Array, batch: Uint32Array): Promise<Sums | undefined> {
    for (const { buffers } of this.#lanes) buffers.parameters.set(parameters);
    let isLeftOut = (_slot: number) => false;
    this.#layOut(batch, isLeftOut);
    await this.#runLanes();
    const margin = ORDER_MARGIN * this.#graph.rounding.normTerms;
    if (this.#exceeds(1 - margin)) {
      const leftOut = await this.#findLeftOut(batch, margin);
      isLeftOut = (slot) => leftOut[slot] === 1;
      this.#layOut(batch, isLeftOut);
      await this.#runLanes();
      if (this.#exceeds(1 + margin)) return undefined;
    }
    const total = this.#total();
    if (this.#graph.takesClipNorm) await this.#countRun(batch, isLeftOut);
    return total;
  }

  /**
   * Per place of the last run, 1 where its unit is to be left out. Squares so near to the limit that the unit's place
   * might decide are computed once more, for the unit alone in the first place: whether a unit is left out follows from
   * its own rows and the parameters.
   */
  async #findLeftOut(batch: Uint32Array, margin: number): Promise<Uint8Array> {
    const { largestSquare } = this.#graph;
    const squares = Float64Array.from(batch, (_, slot) => this.#squareAt(slot));
    const leftOut = Uint8Array.from(squares, (square) => (square <= largestSquare * (1 + margin) ? 0 : 1));
    for (const [slot, square] of squares.entries()) {
      if (leftOut[slot] === 1 || square <= largestSquare * (1 - margin)) continue;
      this.#layOut(batch.subarray(slot, slot + 1), () => false);
      await this.#runLanes();
      leftOut[slot] = this.#squareAt(0) <= largestSquare ? 0 : 1;
    }
    return leftOut;
  }

  async #countRun(batch: Uint32Array, isLeftOut: (slot: number) => boolean): Promise<void> {
    const bound = this.#lanes[0]!.buffers.clipNorm![0]! ** 2;
    const margin = ORDER_MARGIN * this.#graph.rounding.normTerms;
    const doubtful: number[] = [];
    batch.forEach((unit, slot) => {
      if (this.#isUnusable[unit] === 1 || isLeftOut(slot)) return;
      const square = this.#squareAt(slot);
      if (square <= bound * (1 - margin)) this.#count++;
      else if (square > bound * (1 + margin)) this.#count--;
      else doubtful.push(unit);
    });
    for (const unit of doubtful) {
      this.#layOut(Uint32Array.of(unit), () => false);
      await this.#runLanes();
      this.#count += this.#squareAt(0) <= bound ? 1 : -1;
    }
  }

  #squareAt(slot: number): number {
    const { units } = this.#graph;
    return this.#lanes[Math.floor(slot / units)]!.buffers.squares[slot % units]!;
  }

  async #runLanes(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#lanes.map((lane) => lane.run()));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Whether any place's square is no number, or above the limit times `share`. */
  #exceeds(share: number): boolean {
    const limit = this.#graph.largestSquare * share;
    return this.#lanes.some(({ buffers }) => !buffers.squares.every((square) => square <= limit));
  }

  #total(): Sums {
    const [first, ...others] = this.#lanes as [Lane, ...Lane[]];
    // A count may take further runs.
    if (others.length === 0) return this.#graph.takesClipNorm ? first.buffers.sum.slice() : first.buffers.sum;
    const { ofLanes } = this.#sums;
    ofLanes.set(first.buffers.sum);
    for (const { buffers } of others) {
      const { sum } = buffers;
      for (let i = 0; i < ofLanes.length; i++) ofLanes[i]! += sum[i]!;
    }
    return ofLanes;
  }

  #layOut(batch: Uint32Array, isLeftOut: (slot: number) => boolean): void {
    const { units, rowsPerUnit, features } = this.#graph;
    const source = this.#units;
    for (const { buffers } of this.#lanes) {
      buffers.x.fill(0);
      buffers.y.fill(0);
      buffers.mask.fill(0);
    }
    batch.forEach((unit, slot) => {
      if (this.#isUnusable[unit] === 1 || isLeftOut(slot)) return;
      const { x, y, mask } = this.#lanes[Math.floor(slot / units)]!.buffers;
      const first = source.rowOffsets[unit]!;
      const last = source.rowOffsets[unit + 1]!;
      const target = (slot % units) * rowsPerUnit;
      x.set(source.features.subarray(first * features, last * features), target * features);
      y.set(source.labels.subarray(first, last), target);
      mask.fill(1, target, target + last - first);
    });
  }
}
