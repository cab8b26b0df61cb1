// Checked rows as both readers of files hand them on: a few thousand at a time, in one array of numbers per column that
// is used again for the next ones.
import type { Dictionary } from '@consilium/domain';
import { type CellReader, type DecimalMark, featureReaders, labelReader } from './cell-reader.ts';

export const BATCH_ROWS = 4096;

export interface RowBatch {
  /** How many rows there are; what lies behind them in the arrays means nothing. */
  readonly count: number;
  /** Each feature's values, in the dictionary's order: a number, the index of a category, or NaN where missing. */
  readonly values: readonly Float64Array[];
  /** What is learned, as `scaledLabelOf` has it. */
  readonly labels: Float64Array;
  /** Ids of patients; undefined where each row is one. */
  readonly ids: readonly string[] | undefined;
  /** 1-based lines of the file, or numbers of rows where a file has no lines. */
  readonly lines: Float64Array;
}

export type OnBatch = (batch: RowBatch) => void;

/** One use of a file's column: a feature, the label, or the patients' id. */
export interface Slot {
  readonly column: string;
  /** undefined for the id. */
  readonly reader: CellReader | undefined;
  readonly into: Float64Array;
}

/** The batch under way, and what its columns are read with. */
export class BatchUnderWay {
  readonly slots: readonly Slot[];
  readonly ids: string[] | undefined;
  readonly lines = new Float64Array(BATCH_ROWS);
  readonly #values: Float64Array[];
  readonly #labels = new Float64Array(BATCH_ROWS);
  readonly #onBatch: OnBatch;
  count = 0;

  constructor(dictionary: Dictionary, mark: DecimalMark, onBatch: OnBatch) {
    const readers = featureReaders(dictionary, mark);
    this.#values = readers.map(() => new Float64Array(BATCH_ROWS));
    this.#onBatch = onBatch;
    this.ids = dictionary.patientId === null ? undefined : new Array<string>(BATCH_ROWS).fill('');
    const label = labelReader(dictionary, mark);
    this.slots = [
      ...readers.map((reader, index) => ({ column: reader.column, reader, into: this.#values[index]! })),
      { column: label.column, reader: label, into: this.#labels },
      ...(dictionary.patientId === null
        ? []
        : [{ column: dictionary.patientId, reader: undefined, into: new Float64Array(0) }]),
    ];
  }

  /** Hands on what there is. */
  flush(): void {
    if (this.count === 0) return;
    const { count, ids, lines } = this;
    this.#onBatch({ count, values: this.#values, labels: this.#labels, ids, lines });
    this.count = 0;
  }
}
