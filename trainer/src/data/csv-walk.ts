// Walks over the bytes of a CSV file: where each record's fields begin and end. It makes no text and no object of a
// field, so that files of millions of rows go through it in the time that their bytes take.
import { DataError, type DataProblemCode, problem } from './data-problem.ts';

/** What takes fields that are plain decimals as their numbers, as far as it wants: the others come as bytes. */
export interface NumberSink {
  /** The byte of the decimal mark. */
  readonly mark: number;
  /** Whether the field was taken: up to 15 digits with at most one mark, no sign and no white space. */
  number(column: number, value: number): boolean;
}

/** What becomes of the fields. */
export interface CsvSink {
  readonly numbers?: NumberSink;
  /** A field of the record under way, trimmed and without its quotes: bytes from `start` up to `end`. */
  field(column: number, bytes: Uint8Array, start: number, end: number): void;
  /** The record is complete and has so many fields. */
  record(line: number, fields: number): void;
  /** The record is not there, or not whole yet: its fields come again. */
  drop(): void;
}

const [TAB, LF, VT, FF, CR, SPACE, QUOTE] = [9, 10, 11, 12, 13, 32, 34] as const;

const ZERO = 48;
/** Whole numbers of so many digits, and powers of ten up to it, are exact as doubles: one division rounds once. */
export const MOST_DIGITS = 15;
export const POWERS_OF_TEN = Float64Array.from({ length: MOST_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

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
   * A record ends with LF, CR LF or CR, or with the file's end; blank lines are none. Fields are trimmed of white
   * space, as JavaScript has it; one that begins with a quote goes on to the next that is not doubled, over ends of
   * lines too (RFC 4180).
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
      const { numbers } = sink;
      const mark = numbers?.mark ?? 0;
      let column = 0;
      let line = this.line;
      let isBlank = true;
      for (;;) {
        if (numbers !== undefined) {
          // Most fields of most files: where each ends and which number it is are found in one pass.
          let next = at;
          let whole = 0;
          let places = -1;
          let byte = 0;
          for (; next < end; next++) {
            byte = bytes[next]!;
            const digit = byte - ZERO;
            if (digit >= 0 && digit <= 9) {
              whole = whole * 10 + digit;
              if (places >= 0) places++;
            } else if (byte === mark && places < 0) places = 0;
            else break;
          }
          const digits = places < 0 ? next - at : next - at - 1;
          if (next < end && (byte === delimiter || byte === LF) && digits > 0 && digits <= MOST_DIGITS) {
            if (numbers.number(column, places > 0 ? whole / POWERS_OF_TEN[places]! : whole)) {
              isBlank = false;
              column++;
              at = next + 1;
              if (column > MAXIMUM_COLUMNS) throw refusal('TOO_MANY_COLUMNS');
              if (byte === delimiter) continue;
              line++;
              break;
            }
          }
        }
        const start = this.#behindSpace(bytes, at);
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
          at = this.#behindSpace(bytes, close + 1);
          // White space may take three bytes.
          if (at + 2 >= end && !isLast) return this.#unfinished(recordStart);
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
          for (let space = -1; stop > start && space !== 0; stop -= space) space = spaceBefore(bytes, stop);
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

  #behindSpace(bytes: Uint8Array, from: number): number {
    let at = from;
    for (let space = -1; at < bytes.length && space !== 0 && bytes[at] !== this.#delimiter; ) {
      space = spaceAt(bytes, at);
      at += space;
    }
    return at;
  }

  #unfinished(recordStart: number): number {
    this.sink.drop();
    return recordStart;
  }
}

const isNarrowSpace = (byte: number): boolean => byte === SPACE || byte === TAB || byte === VT || byte === FF;

/** In UTF-8: U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000, U+FEFF. */
function isWideSpace(first: number, second: number | undefined, third: number | undefined): boolean {
  if (second === undefined || third === undefined) return false;
  if (first === 0xe2 && second === 0x80) {
    return (third >= 0x80 && third <= 0x8a) || third === 0xa8 || third === 0xa9 || third === 0xaf;
  }
  return [0xe19a80, 0xe2819f, 0xe38080, 0xefbbbf].includes((first << 16) | (second << 8) | third);
}

/** Bytes of the white space that begins at a place, but ends of lines; 0 for none. */
function spaceAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]!;
  if (byte > SPACE && byte < 0xc2) return 0;
  if (byte === 0xc2) return bytes[at + 1] === 0xa0 ? 2 : 0;
  if (byte < 0xc2) return isNarrowSpace(byte) ? 1 : 0;
  return byte < 0xf0 && isWideSpace(byte, bytes[at + 1], bytes[at + 2]) ? 3 : 0;
}

/** Bytes of the white space that ends before a place, but ends of lines; 0 for none. */
function spaceBefore(bytes: Uint8Array, at: number): number {
  const byte = bytes[at - 1]!;
  if (byte < 0x80) return isNarrowSpace(byte) ? 1 : 0;
  if (byte === 0xa0 && bytes[at - 2] === 0xc2) return 2;
  return at >= 3 && isWideSpace(bytes[at - 3]!, bytes[at - 2], byte) ? 3 : 0;
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
