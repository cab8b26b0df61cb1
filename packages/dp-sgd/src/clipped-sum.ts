// Sums the clipped gradients of a batch of any size. A step graph holds a fixed number of units, so a larger batch
// takes several runs, whose sums are added.
import assert from 'node:assert/strict';
import type { StepGraph } from '@consilium/onnx-grad';
import {
  largestOf,
  type OpenShards,
  openShards,
  type Shard,
  type ShardBuffers,
  type SizedGraphs,
} from './shard.ts';
import { ShardSums, TILE, type TiledSums } from './tiled-sums.ts';
import { type PreparedUnits, prepareUnits, type TrainingUnits } from './training-units.ts';

/** The clipped sum of gradients of any batch of one hospital's units. */
export class ClippedSum {
  readonly #shards: readonly Shard[];
  readonly #parameters: Float32Array;
  readonly #graphs: SizedGraphs;
  /** The largest of the graphs. */
  readonly #largest: StepGraph;
  /** Which graph the last run takes. */
  #graphIndex = 0;
  readonly #units: PreparedUnits;
  /** Bytes of the units' features, and of each shard's rows: copies between these allocate nothing. */
  readonly #features: Buffer;
  readonly #rowBytes: readonly Buffer[];
  readonly #ofShards: TiledSums;
  /** For several runs: their sum, and the rounding errors of its additions. */
  #sums: Readonly<Record<'total' | 'lost', Float64Array>> | undefined;
  #count = 0;

  /**
   * @param graphs of one shard, which holds a graph's units in one run. A run takes the smallest graph that holds its
   * units and a padding unit.
   * @param open by default one shard, on the calling thread
   */
  constructor(graphs: SizedGraphs, units: TrainingUnits, open: OpenShards = openShards(graphs)) {
    const { shards, parameters } = open;
    this.#parameters = parameters;
    this.#graphs = graphs;
    this.#largest = largestOf(graphs);
    this.#shards = shards;
    this.#ofShards = new ShardSums(this.#shards.map(({ buffers }) => buffers.sum));
    assert(this.#largest.units >= 2, 'the graph holds a unit, and a padding unit');
    this.#units = prepareUnits(units);
    this.#features = bytesOf(units.features);
    this.#rowBytes = this.#shards.map(({ buffers }) => bytesOf(buffers.x));
  }

  /**
   * Σ over the batch of clipped unit gradients, [parameterCount], at float32 parameters. The array is valid until the
   * next call.
   *
   * Where unit i of the batch lies follows from i alone: it has index ⌊i / shards⌋ in shard i mod shards, of one run
   * after the other.
   *
   * A batch beyond the capacity takes several runs, of as many units as fit beside a padding unit. Nothing is cut
   * off. Runs are added with compensation (Ogita, Rump and Oishi 2005, Sum2), so that their number adds nothing to the
   * rounding. An empty batch takes one run too, and gives zeros.
   */
  async sum(parameters: Float32Array, batch: Uint32Array): Promise<TiledSums> {
    assert(!this.#largest.takesClipNorm, 'the clip norm is part of the graph');
    return this.#sum(parameters, batch);
  }

  /**
   * The sum for a graph that takes its clip norm C as an input, and Σ over the batch of +1 where a unit's norm is at
   * most C, else -1; units whose gradients are not finite count 0.
   *
   * A unit counts by its own rows, the parameters and C alone: in a graph that takes its clip norm the bits of a
   * squared norm do not depend on the unit's index (`onnx-grad/lowering/unit-norms.ts`).
   */
  async sumAndCount(
    parameters: Float32Array,
    batch: Uint32Array,
    clipNormL2: number,
  ): Promise<{ readonly sum: TiledSums; readonly count: number }> {
    assert(this.#largest.takesClipNorm, 'the clip norm is an input of the graph');
    for (const { buffers } of this.#shards) buffers.clipNorm![0] = clipNormL2;
    this.#count = 0;
    const sum = await this.#sum(parameters, batch);
    return { sum, count: this.#count };
  }

  async #sum(parameters: Float32Array, batch: Uint32Array): Promise<TiledSums> {
    if (parameters !== this.#parameters) this.#parameters.set(parameters);
    const capacity = (this.#largest.units - 1) * this.#shards.length;
    if (batch.length <= capacity) return (await this.#run(batch)) ?? this.#nothing();
    const create = () => new Float64Array(this.#largest.parameterCount);
    this.#sums ??= { total: create(), lost: create() };
    const { total, lost } = this.#sums;
    lost.fill(0);
    let isNothing = false;
    for (let start = 0; start < batch.length; start += capacity) {
      const part = await this.#run(batch.subarray(start, start + capacity));
      if (part === undefined) isNothing = true;
      else if (start === 0) copy(total, part);
      else addWithCompensation(total, lost, part);
    }
    if (isNothing) return this.#nothing();
    for (let i = 0; i < total.length; i++) total[i]! += lost[i]!;
    return total;
  }

  #nothing(): TiledSums {
    this.#count = 0;
    return new Float64Array(this.#largest.parameterCount);
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }

  /**
   * One run, or undefined where the parameters make even a padding unit's factors not finite. Then the whole sum is
   * empty, although a unit's gradient may still be finite (an infinite weight times a feature of 0 is no number, times
   * another it is infinite).
   *
   * The graph itself leaves out units whose gradients are not finite (`onnx-grad/lowering/unit-mask.ts`): it takes the
   * factors of a padding unit instead of theirs, and so the last unit of each shard is padding.
   *
   * Whether the result is undefined follows from the parameters alone: a padding unit has no rows, and its weight of 0
   * makes the sum NaN exactly where a factor of it is not finite. Nothing is run again, whatever the batch holds.
   */
  async #run(batch: Uint32Array): Promise<TiledSums | undefined> {
    this.#layOut(batch);
    await this.#runShards();
    if (!this.#isPaddingSmall() && !areNumbers(this.#ofShards)) return undefined;
    if (!this.#largest.takesClipNorm) return this.#ofShards;
    this.#countRun(batch);
    return this.#ofShards;
  }

  /** Whether the padding units are so far from the limit that their factors are surely finite. This is public. */
  #isPaddingSmall(): boolean {
    const { units } = this.#graphs[this.#graphIndex]!;
    const { largestSquare } = this.#largest;
    return this.#shards.every(({ buffers }) => buffers.squares[units - 1]! <= largestSquare);
  }

  #countRun(batch: Uint32Array): void {
    const bound = this.#shards[0]!.buffers.clipNorm![0]! ** 2;
    const { largestSquare } = this.#largest;
    batch.forEach((unit, index) => {
      const square = this.#squareAt(index);
      if (this.#units.isUnusable[unit] === 1 || !(square <= largestSquare)) return;
      this.#count += square <= bound ? 1 : -1;
    });
  }

  #squareAt(index: number): number {
    const shards = this.#shards.length;
    return this.#shards[index % shards]!.buffers.squares[Math.floor(index / shards)]!;
  }

  async #runShards(): Promise<void> {
    const failures: unknown[] = [];
    const attempt = (work: Promise<void>) => work.catch((failure: unknown) => failures.push(failure));
    for (const shard of this.#shards) await attempt(shard.start(this.#graphIndex));
    // The last shard runs on this thread. Shards with threads of their own run at the same time.
    for (const shard of this.#shards.toReversed()) await attempt(shard.finish());
    if (failures.length > 0) throw failures[0];
  }

  /** The smallest graph for so many units, with a padding unit in each shard. */
  #graphFor(units: number): number {
    const found = this.#graphs.findIndex((graph) => (graph.units - 1) * this.#shards.length >= units);
    assert(found >= 0);
    return found;
  }

  #layOut(batch: Uint32Array): void {
    const { rowsPerUnit, features } = this.#largest;
    const source = this.#units;
    const shards = this.#shards.length;
    this.#graphIndex = this.#graphFor(batch.length);
    const clear = ({ x, y, mask, rowSquares }: ShardBuffers, row: number, end: number) => {
      if (row === end) return;
      x.fill(0, row * features, end * features);
      y.fill(0, row, end);
      mask.fill(0, row, end);
      rowSquares.fill(0, row, end);
    };
    const rowBytes = 4 * features;
    for (let index = 0; index < batch.length; index++) {
      const unit = batch[index]!;
      const shard = index % shards;
      const { buffers } = this.#shards[shard]!;
      const target = Math.floor(index / shards) * rowsPerUnit;
      const end = target + rowsPerUnit;
      if (this.#units.isUnusable[unit] === 1) {
        clear(buffers, target, end);
        continue;
      }
      const { y, mask, rowSquares } = buffers;
      const first = source.rowOffsets[unit]!;
      const rows = source.rowOffsets[unit + 1]! - first;
      this.#features.copy(
        this.#rowBytes[shard]!,
        target * rowBytes,
        first * rowBytes,
        (first + rows) * rowBytes,
      );
      for (let row = 0; row < rows; row++) {
        y[target + row] = source.labels[first + row]!;
        rowSquares[target + row] = source.rowSquares[first + row]!;
        mask[target + row] = 1;
      }
      clear(buffers, target + rows, end);
    }
    // The padding of this graph only: the run reads nothing beyond it.
    const rowsOfRun = this.#graphs[this.#graphIndex]!.units * rowsPerUnit;
    this.#shards.forEach(({ buffers }, shard) => {
      clear(buffers, Math.ceil((batch.length - shard) / shards) * rowsPerUnit, rowsOfRun);
    });
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

function areNumbers(sums: TiledSums): boolean {
  for (let first = 0; first < sums.length; first += TILE) {
    const tile = sums.subarray(first, Math.min(first + TILE, sums.length));
    for (const value of tile) if (!Number.isFinite(value)) return false;
  }
  return true;
}

function copy(total: Float64Array, part: TiledSums): void {
  for (let first = 0; first < total.length; first += TILE) {
    total.set(part.subarray(first, Math.min(first + TILE, total.length)), first);
  }
}

/** Adds `part` to `total`, and the rounding error of the addition to `lost`. */
function addWithCompensation(total: Float64Array, lost: Float64Array, part: TiledSums): void {
  for (let first = 0; first < total.length; first += TILE) {
    const added = part.subarray(first, Math.min(first + TILE, total.length));
    for (let i = 0; i < added.length; i++) {
      const [before, more] = [total[first + i]!, added[i]!];
      const after = before + more;
      const counted = after - before;
      lost[first + i]! += before - (after - counted) + (more - counted);
      total[first + i] = after;
    }
  }
}
