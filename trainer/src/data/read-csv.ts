// Reads a CSV file piece by piece: into batches of checked rows by a dictionary, or into rows of texts for those who
// have none yet.
import { isUtf8 } from 'node:buffer';
import type { Dictionary } from '@consilium/domain';
import type { ByteSource } from './byte-source.ts';
import type { CellReader, DecimalMark } from './cell-reader.ts';
import {
  type CsvFormat,
  encodingOf,
  type FormatOptions,
  guessFormat,
  type Transcoder,
} from './csv-format.ts';
import { type CsvSink, CsvWalk, MOST_DIGITS, type NumberSink, POWERS_OF_TEN } from './csv-walk.ts';
import { DataError, type DataProblemCode, ProblemList, problem } from './data-problem.ts';
import { BATCH_ROWS, BatchUnderWay, type OnBatch, type Slot } from './row-batch.ts';
import { requireColumns, wantedColumns } from './table.ts';

const PIECE_BYTES = 2 ** 22;
/** A line that is longer is none that people wrote; a quote that is never closed makes one. */
const MAXIMUM_LINE_BYTES = 2 ** 24;
const LF = 10;

/** A file's text in UTF-8, piece by piece. */
function* textPieces(source: ByteSource, { encoding, markBytes }: Transcoder): Generator<Buffer> {
  const decoder = encoding === 'utf-8' ? undefined : new TextDecoder(encoding);
  for (let at = markBytes; at < source.sizeBytes; ) {
    const bytes = source.read(at, PIECE_BYTES);
    if (bytes.length === 0) break;
    at += bytes.length;
    yield decoder === undefined
      ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      : Buffer.from(decoder.decode(bytes, { stream: true }));
  }
  const rest = decoder?.decode();
  if (rest) yield Buffer.from(rest);
}

interface CsvText {
  readonly format: CsvFormat;
  /** Windows on the text; the last says so. What is given back is how many bytes of it are done with. */
  readonly windows: Generator<{ readonly bytes: Buffer; readonly isLast: boolean }, void, number>;
}

/** @throws DataError for what is no text, from here or from the windows */
function openText(
  source: ByteSource,
  about: {
    readonly header: boolean;
    readonly wanted?: readonly string[] | undefined;
    readonly options: FormatOptions;
  },
): CsvText {
  const transcoder = encodingOf(source, about.options);
  const pieces = textPieces(source, transcoder);
  const first = pieces.next().value ?? Buffer.alloc(0);
  const sample = first.subarray(0, 2 ** 18);
  const isWhole = sample.length === first.length && source.sizeBytes <= PIECE_BYTES;
  const format = guessFormat(sample, { ...about, isWhole, encoding: transcoder.encoding });
  return { format, windows: windowsOf(first, pieces) };
}

function* windowsOf(
  first: Buffer,
  pieces: Generator<Buffer>,
): Generator<{ bytes: Buffer; isLast: boolean }, void, number> {
  let window = first;
  let checked = 0;
  for (;;) {
    const next = pieces.next();
    const isLast = next.done === true;
    const known = isLast ? window.length : window.lastIndexOf(LF) + 1;
    if (window.includes(0, checked)) throw new DataError([problem('FILE_HAS_NUL')]);
    if (known > checked && !isUtf8(window.subarray(checked, known))) {
      throw new DataError([problem('FILE_NOT_UTF8')]);
    }
    const done = yield { bytes: window, isLast };
    if (isLast) return;
    const left = window.subarray(done);
    if (left.length > MAXIMUM_LINE_BYTES) throw new DataError([problem('LINE_TOO_LONG')]);
    checked = Math.max(0, known - done);
    window = left.length === 0 ? next.value : Buffer.concat([left, next.value]);
  }
}

/** Gathers one record as texts. */
class OneRecord implements CsvSink {
  fields: string[] = [];
  isDone = false;

  field(_column: number, bytes: Buffer | Uint8Array, start: number, end: number): void {
    this.fields.push(textOf(bytes, start, end));
  }

  record(): void {
    this.isDone = true;
  }

  drop(): void {
    this.fields = [];
  }
}

const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString(
    'utf8',
    start,
    end,
  );

/** Walks over all records; the first goes to `begin`, which answers what takes the others. */
function walkAll(
  { format, windows }: CsvText,
  begin: (first: readonly string[]) => CsvSink,
  header: boolean,
): void {
  const first = new OneRecord();
  const walk = new CsvWalk(format.delimiter, first);
  let from = 0;
  for (let step = windows.next(); step.done !== true; step = windows.next(from)) {
    const { bytes, isLast } = step.value;
    from = 0;
    if (!first.isDone) {
      from = walk.walk(bytes, isLast, 0, 1);
      if (!first.isDone) continue;
      walk.sink = begin(header ? first.fields.map((name) => name.trim()) : first.fields);
      if (!header) {
        walk.line = 1;
        from = 0;
      }
    }
    from = walk.walk(bytes, isLast, from);
  }
  if (!first.isDone) throw new DataError([problem('FILE_EMPTY')]);
}

/** How a CSV file is written, from its beginning. @throws DataError for what is no text */
export const formatOf = (
  source: ByteSource,
  about: { readonly header: boolean; readonly options: FormatOptions },
): CsvFormat => openText(source, about).format;

/** Rows of texts, one at a time, for those who draft a dictionary or predict. */
export interface TextRows {
  begin(columns: readonly string[], mark: DecimalMark): void;
  row(cells: readonly string[], line: number): void;
}

/**
 * The rows of a CSV file as texts.
 *
 * @param about.header whether the first line names the columns; otherwise it is a row, and `begin` gets it as well
 * @throws DataError for what is no CSV file; ROW_LENGTH for rows of other lengths than the first line
 */
export function readTextRows(
  source: ByteSource,
  about: {
    readonly header: boolean;
    readonly wanted?: readonly string[] | undefined;
    readonly options?: FormatOptions | undefined;
  },
  rows: TextRows,
): CsvFormat {
  const { header, wanted, options = {} } = about;
  const text = openText(source, { header, wanted, options });
  const problems = new ProblemList();
  let count = 0;
  const begin = (first: readonly string[]): CsvSink => {
    rows.begin(first, text.format.decimalMark);
    let cells: string[] = [];
    return {
      field: (_column, bytes, start, end) => cells.push(textOf(bytes, start, end)),
      record(line, fields) {
        if (fields === first.length) rows.row(cells, line);
        else problems.add(problem('ROW_LENGTH', { line }));
        cells = [];
        count += 1;
      },
      drop() {
        cells = [];
      },
    };
  };
  walkAll(text, begin, header);
  problems.refuse();
  if (count === 0) throw new DataError([problem('FILE_EMPTY')]);
  return text.format;
}

export interface BatchOptions {
  readonly dictionary: Dictionary;
  readonly format?: FormatOptions | undefined;
  readonly problems: ProblemList;
  readonly onBatch: OnBatch;
  /** Whether `onBatch` looks at values and labels, which are checked in any case; it does by default. */
  readonly takesValues?: boolean;
  /** Called before bytes are taken, and with fewer than none once they are given back; throws to end the reading. */
  readonly claim?: ((bytes: number) => void) | undefined;
}

/**
 * The rows of a CSV file, checked by a dictionary.
 *
 * What is wrong with single rows goes to `problems`.
 *
 * @throws DataError for what is no CSV file, is empty, or has other columns than the dictionary
 */
export function readCsvBatches(source: ByteSource, options: BatchOptions): CsvFormat {
  const { dictionary, problems, onBatch } = options;
  const wanted = wantedColumns(dictionary);
  const { header } = dictionary;
  const text = openText(source, { header, wanted, options: options.format ?? {} });
  let sink: BatchSink | undefined;
  const begin = (first: readonly string[]): CsvSink => {
    const columns = header ? first : (dictionary.columns ?? []);
    if (first.length === 1 && wanted.length > 1) throw new DataError([problem('FILE_NOT_TABLE')]);
    requireColumns(wanted, columns);
    const batch = new BatchUnderWay(dictionary, text.format.decimalMark, onBatch);
    sink = new BatchSink({ columns, batch, problems, mark: text.format.decimalMark });
    return sink;
  };
  walkAll(text, begin, header);
  if (sink === undefined || sink.records === 0) throw new DataError([problem('FILE_EMPTY')]);
  sink.batch.flush();
  return text.format;
}

/**
 * The number that a plain decimal is, as `Number` of its text would have it; NaN for what has to be read as a text (an
 * exponent, more than 15 digits, no number).
 */
export function plainDecimal(bytes: Uint8Array, start: number, end: number, mark: number): number {
  let at = start;
  const sign = bytes[at]!;
  if (sign === 45 || sign === 43) at++;
  let digits = 0;
  let whole = 0;
  let decimals = -1;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    const digit = byte - 48;
    if (digit >= 0 && digit <= 9) {
      whole = whole * 10 + digit;
      digits++;
      if (decimals >= 0) decimals++;
    } else if (byte === mark && decimals < 0) decimals = 0;
    else return Number.NaN;
  }
  if (digits === 0 || digits > MOST_DIGITS) return Number.NaN;
  const number = decimals > 0 ? whole / POWERS_OF_TEN[decimals]! : whole;
  return sign === 45 ? -number : number;
}

/** Whole numbers whose meaning is looked up: codes, yes and no. */
const SMALL = 64;

/**
 * Takes numbers of columns with one use, where their meaning is a number and nothing is wrong with it. What is
 * missing or wrong is for the cell reader, and so is a column that several features or the patients' ids use.
 */
class PlainNumbers implements NumberSink {
  readonly mark: number;
  readonly #batch: BatchUnderWay;
  /** [columns] where a number between these is its own meaning; none is where `low` is infinite. */
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  /** [columns · SMALL] meanings of small whole numbers; NaN where there is none. */
  readonly #meanings: Float64Array;
  readonly #into: readonly Float64Array[];

  constructor(
    batch: BatchUnderWay,
    { first, next, mark }: { readonly first: Int32Array; readonly next: Int32Array; readonly mark: number },
  ) {
    this.mark = mark;
    this.#batch = batch;
    const columns = first.length;
    this.#low = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    this.#high = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
    this.#meanings = new Float64Array(columns * SMALL).fill(Number.NaN);
    const nowhere = new Float64Array(0);
    this.#into = Array.from(first, (slot, column) => {
      if (slot < 0 || next[slot]! >= 0) return nowhere;
      const { reader, into } = batch.slots[slot]!;
      if (reader === undefined) return nowhere;
      if (reader.ownRange !== undefined) {
        this.#low[column] = reader.ownRange.low;
        this.#high[column] = reader.ownRange.high;
      }
      for (let number = 0; number < SMALL; number++) {
        const meaning = reader.ofNumber(number);
        if (reader.wrong === undefined) this.#meanings[column * SMALL + number] = meaning;
        reader.wrong = undefined;
      }
      return into;
    });
  }

  number(column: number, value: number): boolean {
    if (column >= this.#low.length) return false;
    if (value >= this.#low[column]! && value <= this.#high[column]!) {
      this.#into[column]![this.#batch.count] = value;
      return true;
    }
    if (!(value < SMALL) || Math.floor(value) !== value) return false;
    const meaning = this.#meanings[column * SMALL + value]!;
    if (Number.isNaN(meaning)) return false;
    this.#into[column]![this.#batch.count] = meaning;
    return true;
  }
}

class BatchSink implements CsvSink {
  readonly numbers: NumberSink;
  readonly batch: BatchUnderWay;
  records = 0;
  readonly #problems: ProblemList;
  readonly #width: number;
  readonly #mark: number;
  readonly #readers: (CellReader | undefined)[];
  readonly #into: Float64Array[];
  readonly #columns: string[];
  /** The first use of each column, and the next use of the same column after each: -1 for none. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  #wrong: { readonly code: DataProblemCode; readonly column: string }[] = [];

  constructor(about: {
    readonly columns: readonly string[];
    readonly batch: BatchUnderWay;
    readonly problems: ProblemList;
    readonly mark: DecimalMark;
  }) {
    const { columns, batch, problems, mark } = about;
    this.batch = batch;
    this.#problems = problems;
    this.#width = columns.length;
    this.#mark = mark.charCodeAt(0);
    this.#readers = batch.slots.map(({ reader }) => reader);
    this.#into = batch.slots.map(({ into }) => into);
    this.#columns = batch.slots.map(({ column }) => column);
    this.#first = new Int32Array(columns.length).fill(-1);
    this.#next = new Int32Array(batch.slots.length).fill(-1);
    const places = new Map(columns.map((column, index) => [column, index]));
    batch.slots.forEach(({ column }: Slot, slot) => {
      const place = places.get(column)!;
      this.#next[slot] = this.#first[place]!;
      this.#first[place] = slot;
    });
    this.numbers = new PlainNumbers(batch, { first: this.#first, next: this.#next, mark: this.#mark });
  }

  field(column: number, bytes: Uint8Array, start: number, end: number): void {
    if (column >= this.#width) return;
    for (let slot = this.#first[column]!; slot >= 0; slot = this.#next[slot]!) {
      const reader = this.#readers[slot];
      const { count } = this.batch;
      if (reader === undefined) {
        this.batch.ids![count] = textOf(bytes, start, end);
        if (start === end) this.#wrong.push({ code: 'PATIENT_ID_MISSING', column: this.#columns[slot]! });
        continue;
      }
      let value: number;
      if (start === end) value = reader.ofMissing();
      else {
        const number = plainDecimal(bytes, start, end, this.#mark);
        // biome-ignore lint/suspicious/noSelfCompare: the fastest test for NaN, in the innermost loop
        value = number === number ? reader.ofNumber(number) : reader.ofText(textOf(bytes, start, end));
      }
      this.#into[slot]![count] = value;
      if (reader.wrong !== undefined) {
        this.#wrong.push({ code: reader.wrong, column: reader.column });
        reader.wrong = undefined;
      }
    }
  }

  record(line: number, fields: number): void {
    this.records += 1;
    if (fields !== this.#width) {
      this.drop();
      this.#problems.add(problem('ROW_LENGTH', { line }));
      return;
    }
    if (this.#wrong.length > 0) {
      for (const wrong of this.#wrong)
        this.#problems.add(problem(wrong.code, { line, column: wrong.column }));
      this.#wrong = [];
    }
    const { batch } = this;
    batch.lines[batch.count] = line;
    batch.count += 1;
    if (batch.count === BATCH_ROWS) batch.flush();
  }

  drop(): void {
    if (this.#wrong.length > 0) this.#wrong = [];
  }
}
