// Turns checked rows into a model's inputs, row by row in one array, as `encodeFeatures` does for a single record.
import { type Dictionary, encodingOf, inputNames } from '@consilium/domain';
import type { RowBatch } from './row-batch.ts';

interface Column {
  readonly kind: 'numeric' | 'binary' | 'categorical';
  readonly low: number;
  readonly range: number;
  readonly inputs: number;
}

export class BatchEncoder {
  readonly featureCount: number;
  readonly #columns: readonly Column[];

  constructor(dictionary: Dictionary) {
    this.featureCount = inputNames(encodingOf(dictionary).features).length;
    this.#columns = dictionary.features.map((feature) => {
      const { low, high } =
        feature.kind === 'numeric' ? (feature.reference ?? feature.bounds) : { low: 0, high: 0 };
      const inputs = feature.kind === 'categorical' ? feature.categories.length + 1 : 2;
      return { kind: feature.kind, low, range: high - low, inputs };
    });
  }

  /** Writes rows `from` up to `to` of a batch from a row of `into` on, [rows · featureCount], which is zeros there. */
  encode(
    { values }: Pick<RowBatch, 'values'>,
    { from, to, into, row }: { from: number; to: number; into: Float32Array; row: number },
  ): void {
    const width = this.featureCount;
    let first = 0;
    this.#columns.forEach(({ kind, low, range, inputs }, column) => {
      const own = values[column]!;
      for (let i = from, at = row * width + first; i < to; i++, at += width) {
        const value = own[i]!;
        if (Number.isNaN(value)) into[at + inputs - 1] = 1;
        else if (kind === 'numeric') into[at] = (2 * (value - low)) / range - 1;
        else if (kind === 'binary') into[at] = value === 1 ? 1 : -1;
        else into[at + value] = 1;
      }
      first += inputs;
    });
  }
}
