// Turns checked rows into a model's inputs, row by row in one array, as `encodeFeatures` does for a single record.
import type { Dictionary, Feature } from '@consilium/domain';
import { encodingOf, inputNames } from '@consilium/domain/data';
import type { RowBatch } from './row-batch.ts';

interface Column {
  readonly kind: Feature['kind'];
  readonly low: number;
  readonly range: number;
  readonly inputs: number;
  /** What is written where the value is missing, and in which of the inputs. */
  readonly missing: { readonly value: number; readonly at: number };
}

export class BatchEncoder {
  readonly featureCount: number;
  readonly #columns: readonly Column[];

  constructor(dictionary: Dictionary) {
    this.featureCount = inputNames(encodingOf(dictionary).features).length;
    this.#columns = dictionary.features.map((feature) => {
      const { low, high } =
        feature.kind === 'numeric' ? (feature.reference ?? feature.bounds) : { low: 0, high: 0 };
      const common = { kind: feature.kind, low, range: high - low };
      if (feature.kind === 'code') {
        return { ...common, inputs: 1, missing: { value: feature.categories.length, at: 0 } };
      }
      const inputs = feature.kind === 'categorical' ? feature.categories.length + 1 : 2;
      return { ...common, inputs, missing: { value: 1, at: inputs - 1 } };
    });
  }

  /** Writes rows `from` up to `to` of a batch from a row of `into` on, [rows · featureCount], which is zeros there. */
  encode(
    { values }: Pick<RowBatch, 'values'>,
    { from, to, into, row }: { from: number; to: number; into: Float32Array; row: number },
  ): void {
    const width = this.featureCount;
    let first = 0;
    this.#columns.forEach(({ kind, low, range, inputs, missing }, column) => {
      const own = values[column]!;
      for (let i = from, at = row * width + first; i < to; i++, at += width) {
        const value = own[i]!;
        if (Number.isNaN(value)) into[at + missing.at] = missing.value;
        else if (kind === 'numeric') into[at] = (2 * (value - low)) / range - 1;
        else if (kind === 'code') into[at] = value;
        else if (kind === 'binary') into[at] = value === 1 ? 1 : -1;
        else into[at + value] = 1;
      }
      first += inputs;
    });
  }
}
