// Runs the step graph over a batch of any size: units are laid into its fixed capacity, further runs are added.
import { type ForwardModel, type OnnxSession, openSession, type StepGraph } from '../onnx/index.ts';
import type { TrainingUnits } from './training-units.ts';

const THREADED_FROM_VALUES = 2 ** 21;

/** The clipped sum of gradients of any batch of one hospital's units. */
export class ClippedSum {
  readonly #session: OnnxSession;
  readonly #graph: StepGraph;
  readonly #units: TrainingUnits;
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #mask: Float32Array;

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

  async #run(parameters: Float32Array, batch: Uint32Array): Promise<Float64Array> {
    const { units, rowsPerUnit, features, parameterCount } = this.#graph;
    this.#layOut(batch);
    const grid = [units, rowsPerUnit];
    const { clippedSum } = await this.#session.run({
      x: { type: 'float32', shape: [...grid, features], data: this.#x },
      y: { type: 'float32', shape: grid, data: this.#y },
      mask: { type: 'float32', shape: grid, data: this.#mask },
      parameters: { type: 'float32', shape: [parameterCount], data: parameters },
    });
    return clippedSum!.data as Float64Array;
  }

  #layOut(batch: Uint32Array): void {
    const { rowsPerUnit, features } = this.#graph;
    const source = this.#units;
    this.#x.fill(0);
    this.#y.fill(0);
    this.#mask.fill(0);
    batch.forEach((unit, slot) => {
      const first = source.rowOffsets[unit]!;
      const last = source.rowOffsets[unit + 1]!;
      const target = slot * rowsPerUnit;
      this.#x.set(source.features.subarray(first * features, last * features), target * features);
      this.#y.set(source.labels.subarray(first, last), target);
      this.#mask.fill(1, target, target + last - first);
    });
  }
}
