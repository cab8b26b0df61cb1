// Where the cells of a Parquet column go: a feature's or label's numbers, or patients' ids, each as a CSV file's text
// would be read.
import type { SchemaElement } from 'hyparquet';
import type { CellReader } from './cell-reader.ts';
import type { DataProblemCode } from './data-problem.ts';
import { shortestFloat } from './parquet-numbers.ts';

/** A value of a file as the text that a CSV file would hold. */
export function textOfCell(value: unknown, element: SchemaElement): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') {
    if (element.converted_type === 'DECIMAL') return String(Number(value.toFixed(element.scale ?? 0)));
    return element.type === 'FLOAT' ? String(shortestFloat(value)) : String(value);
  }
  if (value instanceof Date) return value.toISOString();
  return String(value).trim();
}

/** What takes the cells of a column: a feature's or label's numbers, or patients' ids. */
export interface CellTarget {
  /** What a cell means, for `set`. */
  read(value: unknown): number | string;
  /** The same for a finite number that is its own text. */
  readNumber?(value: number): number;
  set(row: number, value: number | string): void;
  /** Where numbers go that need no `set`. */
  readonly into?: Float64Array;
  /** Nobody looks at what is set: only what is wrong is asked for. */
  readonly isOnlyChecked?: boolean;
  /** Numbers within it are their own meaning, as `CellReader` has it. */
  readonly ownRange?: { readonly low: number; readonly high: number } | undefined;
  /** Why the cell that was read last does not fit; asked once after each. */
  takeWrong(): DataProblemCode | undefined;
}

export function targetOfReader(
  reader: CellReader,
  { into, isOnlyChecked }: { readonly into: Float64Array; readonly isOnlyChecked: boolean },
  element: SchemaElement,
): CellTarget {
  const isOwnText = element.type !== 'FLOAT' && element.converted_type !== 'DECIMAL';
  return {
    read: (value) =>
      typeof value === 'number' && isOwnText && Number.isFinite(value)
        ? reader.ofNumber(value)
        : reader.ofText(textOfCell(value, element)),
    readNumber: (value) => reader.ofNumber(value),
    into,
    isOnlyChecked,
    ownRange: reader.ownRange,
    set(row, value) {
      into[row] = value as number;
    },
    takeWrong() {
      const { wrong } = reader;
      reader.wrong = undefined;
      return wrong;
    },
  };
}

export function targetOfIds(ids: string[], element: SchemaElement): CellTarget {
  let wrong: DataProblemCode | undefined;
  return {
    read(value) {
      const text = textOfCell(value, element);
      wrong = text === '' ? 'PATIENT_ID_MISSING' : undefined;
      return text;
    },
    set(row, value) {
      ids[row] = value as string;
    },
    takeWrong: () => wrong,
  };
}
