// Runs the step graph over a batch of any size: units are laid into its fixed capacity, further runs are added.
import {
  type ForwardModel,
  LARGEST_SQUARE,
  type OnnxSession,
  openSession,
  type StepGraph,
} from '../onnx/index.ts';
import type { TrainingUnits } from './training-units.ts';

const THREADED_FROM_VALUES = 2 ** 21;

const isUsable = (square: number): boolean => square <= LARGEST_SQUARE;

/** Per unit, 1 where a feature is not finite: its gradient would not be either, so it is left out from the start. */
function findUnusable({ featureCount, features, rowOffsets }: TrainingUnits): Uint8Array {
  return Uint8Array.from({ length: rowOffsets.length - 1 }, (_, unit) => {
    const own = features.subarray(rowOffsets[unit]! * featureCount, rowOffsets[unit + 1]! * featureCount);
    return own.every(Number.isFinite) ? 0 : 1;
  });
}

/** The clipped sum of gradients of any batch of one hospital's units. */
export class ClippedSum {
  readonly #session: OnnxSession;
  readonly #graph: StepGraph;
  readonly #units: TrainingUnits;
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #mask: Float32Array;
  readonly #isUnusable: Uint8Array;

  static async open(graph: StepGraph, units: TrainingUnits, model: ForwardModel): Promise<ClippedSum> {
    // Small graphs lose more to a thread pool than they gain.
    const work = graph.units * graph.rowsPerUnit * model.parameterCount;
    const session = await openSession(graph.bytes, { threads: work < THREADED_FROM_VALUES ? 1 : 2 });
    return new ClippedSum(session, graph, units);
  }

  private constructor(session: OnnxSession, graph: StepGraph, units: TrainingUnits) {
    const rows = graph.units * graph.rowsPerUnit;
    this.#session = session;
    this.#graph = graph;
    this.#units = units;
    this.#x = new Float32Array(rows * graph.features);
    this.#y = new Float32Array(rows);
    this.#mask = new Float32Array(rows);
    this.#isUnusable = findUnusable(units);
  }

  /**
   * Σ over the batch of clipped unit gradients, double [parameterCount], at float32 parameters.
   *
   * A batch beyond the capacity takes several runs and nothing is cut off; runs are added with compensation (Ogita,
   * Rump and Oishi 2005, Sum2), so that their number adds nothing to the rounding. An empty batch takes one run
   * too, so that it cannot be told from others by its time, and gives zeros.
   */
  async sum(parameters: Float32Array, batch: Uint32Array): Promise<Float64Array> {
    if (batch.length <= this.#graph.units) return this.#run(parameters, batch);
    const total = new Float64Array(this.#graph.parameterCount);
    const lost = new Float64Array(this.#graph.parameterCount);
    for (let start = 0; start < batch.length; start += this.#graph.units) {
      const part = await this.#run(parameters, batch.subarray(start, start + this.#graph.units));
      for (let i = 0; i < total.length; i++) {
        const [before, added] = [total[i]!, part[i]!];
        const after = before + added;
        const counted = after - before;
        lost[i]! += before - (after - counted) + (added - counted);
        total[i] = after;
      }
    }
    return total.map((value, i) => value + lost[i]!);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /**
   * One run; a unit whose gradient is not finite contributes nothing.
   *
   * The run is repeated with the places of such units left empty, in the same graph, so that every other unit counts
   * exactly as it would without them. If even empty places are not finite then the parameters are not, and neither
   * is any unit's gradient: the sum is empty.
   */
  async #run(parameters: Float32Array, batch: Uint32Array): Promise<Float64Array> {
    const first = await this.#runOnce(parameters, batch, () => false);
    if (first.squares.every(isUsable)) return first.sum;
    const broken = (slot: number) => !isUsable(first.squares[slot]!);
    const second = await this.#runOnce(parameters, batch, broken);
    return second.squares.every(isUsable) ? second.sum : new Float64Array(this.#graph.parameterCount);
  }

  async #runOnce(
    parameters: Float32Array,
    batch: Uint32Array,
    isLeftOut: (slot: number) => boolean,
  ): Promise<{ sum: Float64Array; squares: Float64Array }> {
    const { units, rowsPerUnit, inputShape, parameterCount } = this.#graph;
    this.#layOut(batch, isLeftOut);
    const rows = units * rowsPerUnit;
    const { clippedSum, squares } = await this.#session.run({
      x: { type: 'float32', shape: [rows, ...inputShape], data: this.#x },
      y: { type: 'float32', shape: [rows, 1], data: this.#y },
      mask: { type: 'float32', shape: [rows, 1], data: this.#mask },
      parameters: { type: 'float32', shape: [parameterCount], data: parameters },
    });
    return { sum: clippedSum!.data as Float64Array, squares: squares!.data as Float64Array };
  }

  #layOut(batch: Uint32Array, isLeftOut: (slot: number) => boolean): void {
    const { rowsPerUnit, features } = this.#graph;
    const source = this.#units;
    this.#x.fill(0);
    this.#y.fill(0);
    this.#mask.fill(0);
    batch.forEach((unit, slot) => {
      if (this.#isUnusable[unit] === 1 || isLeftOut(slot)) return;
      const first = source.rowOffsets[unit]!;
      const last = source.rowOffsets[unit + 1]!;
      const target = slot * rowsPerUnit;
      this.#x.set(source.features.subarray(first * features, last * features), target * features);
      this.#y.set(source.labels.subarray(first, last), target);
      this.#mask.fill(1, target, target + last - first);
    });
  }
}
