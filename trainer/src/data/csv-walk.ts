// Walks over the bytes of a CSV file: where each record's fields begin and end. It makes no text and no object of a
// field, so that files of millions of rows go through it in the time that their bytes take.
import { DataError, type DataProblemCode, problem } from './data-problem.ts';

/** What becomes of the fields. */
export interface CsvSink {
  /** A field of the record under way, trimmed and without its quotes: bytes from `start` up to `end`. */
  field(column: number, bytes: Uint8Array, start: number, end: number): void;
  /** The record is complete and has so many fields. */
  record(line: number, fields: number): void;
  /** The record is not there, or not whole yet: its fields come again. */
  drop(): void;
}

const [TAB, LF, CR, SPACE, QUOTE] = [9, 10, 13, 32, 34] as const;

/** No file that people mean to read has more. */
export const MAXIMUM_COLUMNS = 100_000;

export class CsvWalk {
  readonly #delimiter: number;
  /** Who takes the next record. */
  sink: CsvSink;
  /** Of the next record, from 1. */
  line = 1;

  constructor(delimiter: string, sink: CsvSink) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.sink = sink;
  }

  /**
   * Walks over whole records.
   *
   * A record ends with LF, CR LF or CR, or with the file's end; blank lines are none. Fields are trimmed of spaces and
   * tabs; one that begins with a quote goes on to the next that is not doubled, over ends of lines too (RFC 4180).
   *
   * @param isLast whether the file ends with these bytes; otherwise an unfinished record is left for the next call
   * @param recordsMax where to stop before the end
   * @returns where the first record that was not walked over begins
   * @throws DataError QUOTE_MISPLACED, QUOTE_OPEN, TOO_MANY_COLUMNS
   */
  walk(bytes: Uint8Array, isLast: boolean, from = 0, recordsMax = Number.POSITIVE_INFINITY): number {
    const delimiter = this.#delimiter;
    const end = bytes.length;
    let at = from;
    for (let records = 0; at < end && records < recordsMax; ) {
      const recordStart = at;
      const { sink } = this;
      let column = 0;
      let line = this.line;
      let isBlank = true;
      for (;;) {
        let start = at;
        while (start < end && (bytes[start] === SPACE || (bytes[start] === TAB && delimiter !== TAB)))
          start++;
        if (start < end && bytes[start] === QUOTE) {
          isBlank = false;
          let close = start + 1;
          let doubled = 0;
          for (;;) {
            let byte = 0;
            while (close < end) {
              byte = bytes[close]!;
              if (byte === QUOTE) break;
              if (byte === LF || (byte === CR && bytes[close + 1] !== LF)) line++;
              close++;
            }
            if (close >= end) {
              if (!isLast) return this.#unfinished(recordStart);
              throw refusal('QUOTE_OPEN', this.line);
            }
            if (close + 1 >= end && !isLast) return this.#unfinished(recordStart);
            if (bytes[close + 1] !== QUOTE) break;
            doubled++;
            close += 2;
          }
          if (doubled === 0) sink.field(column, bytes, start + 1, close);
          else {
            const plain = withoutDoubled(bytes, start + 1, close, doubled);
            sink.field(column, plain, 0, plain.length);
          }
          at = close + 1;
          while (at < end && (bytes[at] === SPACE || (bytes[at] === TAB && delimiter !== TAB))) at++;
          if (at >= end && !isLast) return this.#unfinished(recordStart);
          if (at < end && bytes[at] !== delimiter && bytes[at] !== LF && bytes[at] !== CR) {
            throw refusal('QUOTE_MISPLACED', this.line);
          }
        } else {
          at = start;
          while (at < end) {
            const byte = bytes[at]!;
            if (byte === delimiter || byte === LF || byte === CR) break;
            if (byte === QUOTE) throw refusal('QUOTE_MISPLACED', this.line);
            at++;
          }
          if (at >= end && !isLast) return this.#unfinished(recordStart);
          let stop = at;
          while (stop > start && (bytes[stop - 1] === SPACE || bytes[stop - 1] === TAB)) stop--;
          if (stop > start) isBlank = false;
          sink.field(column, bytes, start, stop);
        }
        column++;
        if (column > MAXIMUM_COLUMNS) throw refusal('TOO_MANY_COLUMNS');
        if (at < end && bytes[at] === delimiter) {
          at++;
          continue;
        }
        if (at < end) {
          if (bytes[at] === CR) {
            if (at + 1 >= end && !isLast) return this.#unfinished(recordStart);
            if (bytes[at + 1] === LF) at++;
          }
          at++;
          line++;
        }
        break;
      }
      if (isBlank && column === 1) sink.drop();
      else {
        sink.record(this.line, column);
        records++;
      }
      this.line = line;
    }
    return at;
  }

  #unfinished(recordStart: number): number {
    this.sink.drop();
    return recordStart;
  }
}

const refusal = (code: DataProblemCode, line?: number): DataError =>
  new DataError([problem(code, line === undefined ? {} : { line })]);

function withoutDoubled(bytes: Uint8Array, start: number, end: number, doubled: number): Uint8Array {
  const plain = new Uint8Array(end - start - doubled);
  let to = 0;
  for (let from = start; from < end; from++) {
    plain[to++] = bytes[from]!;
    if (bytes[from] === QUOTE) from++;
  }
  return plain;
}
