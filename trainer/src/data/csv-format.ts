// How a text file is written: its encoding, what separates fields, and the decimal mark. Each is what a caller says, or
// else a guess from the file's beginning, which is answered so that it can be stated.
import { isUtf8 } from 'node:buffer';
import type { ByteSource } from './byte-source.ts';
import { type DecimalMark, numberOf } from './cell-reader.ts';
import { type CsvSink, CsvWalk } from './csv-walk.ts';
import { DataError, problem } from './data-problem.ts';

export const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', bar: '|' } as const;
export const DECIMAL_MARKS = { point: '.', comma: ',' } as const;
export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;
export type Delimiter = (typeof DELIMITERS)[keyof typeof DELIMITERS];
export type Encoding = (typeof ENCODINGS)[number];

export interface CsvFormat {
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
  readonly decimalMark: DecimalMark;
}

/** What a caller says of a text file; the rest is guessed. */
export type FormatOptions = { readonly [Key in keyof CsvFormat]?: CsvFormat[Key] | undefined };

/** What a guess looks at. */
const SAMPLE_BYTES = 2 ** 18;
const SAMPLE_RECORDS = 100;

const MARKS: readonly (readonly [encoding: Encoding, mark: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];
/** What no text begins with: gzip, zip (and spreadsheets), Zstandard, bzip2, xz, 7z, old spreadsheets. */
const PACKED: readonly (readonly number[])[] = [
  [0x1f, 0x8b],
  [0x50, 0x4b, 3, 4],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58],
  [0x37, 0x7a, 0xbc, 0xaf],
  [0xd0, 0xcf, 0x11, 0xe0],
];
const startsWith = (bytes: Uint8Array, start: readonly number[]) =>
  start.every((byte, place) => bytes[place] === byte);

/** How to write a text file's words as UTF-8, piece by piece. */
export interface Transcoder {
  readonly encoding: Encoding;
  /** Bytes of the mark of byte order, which are no text. */
  readonly markBytes: number;
}

/**
 * A file's encoding: of its byte order mark, else what the caller says, else UTF-8 or, where that cannot be,
 * windows-1252.
 *
 * @throws DataError FILE_PACKED, FILE_HAS_NUL
 */
export function encodingOf(source: ByteSource, options: FormatOptions): Transcoder {
  const sample = source.read(0, SAMPLE_BYTES);
  if (PACKED.some((start) => startsWith(sample, start))) throw new DataError([problem('FILE_PACKED')]);
  const marked = MARKS.find(([, mark]) => startsWith(sample, mark));
  const encoding = options.encoding ?? marked?.[0] ?? guessEncoding(sample);
  return { encoding, markBytes: marked?.[0] === encoding ? marked[1].length : 0 };
}

function guessEncoding(sample: Uint8Array): Encoding {
  if (sample.includes(0)) throw new DataError([problem('FILE_HAS_NUL')]);
  // Up to three bytes of a letter may lie behind the sample.
  for (let cut = 0; cut < 4; cut++) {
    if (isUtf8(sample.subarray(0, sample.length - cut))) return 'utf-8';
    if (sample.length < SAMPLE_BYTES) break;
  }
  return 'windows-1252';
}

/** Records of a sample as texts. */
class Sample implements CsvSink {
  readonly records: string[][] = [];
  #fields: string[] = [];

  field(_column: number, bytes: Uint8Array, start: number, end: number): void {
    this.#fields.push(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString());
  }

  record(): void {
    this.records.push(this.#fields);
    this.#fields = [];
  }

  drop(): void {
    this.#fields = [];
  }
}

function recordsBy(delimiter: Delimiter, text: Uint8Array, isWhole: boolean): string[][] {
  const sample = new Sample();
  try {
    new CsvWalk(delimiter, sample).walk(text, isWhole, 0, SAMPLE_RECORDS);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
  }
  return sample.records;
}

/**
 * Guesses what a caller has not said, from a text's beginning in UTF-8.
 *
 * The delimiter is the first under which all wanted columns are in the header; without a header, or where none fits,
 * the one that divides the most lines alike. The decimal mark is a comma only where the delimiter is none, some field
 * is a number with a comma, and none is one with a point.
 *
 * @param about.wanted columns that the file must have, by name
 */
export function guessFormat(
  text: Uint8Array,
  about: {
    readonly isWhole: boolean;
    readonly header: boolean;
    readonly wanted?: readonly string[] | undefined;
    readonly encoding: Encoding;
    readonly options: FormatOptions;
  },
): CsvFormat {
  const { isWhole, header, wanted, encoding, options } = about;
  const all = Object.values(DELIMITERS).map((delimiter) => ({
    delimiter,
    records: recordsBy(delimiter, text, isWhole),
  }));
  const fits = ({ records }: (typeof all)[number]) => {
    const names = new Set(records[0]?.map((name) => name.trim()));
    return wanted?.every((name) => names.has(name));
  };
  const evenness = ({ records }: (typeof all)[number]) => {
    const width = records[0]?.length ?? 1;
    return width === 1 ? 0 : records.filter(({ length }) => length === width).length / records.length;
  };
  const best = all.reduce((first, next) => (evenness(next) > evenness(first) ? next : first));
  const guessed = (header && wanted !== undefined ? all.find(fits) : undefined) ?? best;
  const delimiter = options.delimiter ?? guessed.delimiter;
  const { records } = all.find((one) => one.delimiter === delimiter)!;
  return { encoding, delimiter, decimalMark: options.decimalMark ?? guessMark(delimiter, records) };
}

function guessMark(delimiter: Delimiter, records: readonly (readonly string[])[]): DecimalMark {
  if (delimiter === ',') return '.';
  const fields = records.flat();
  const hasComma = fields.some((field) => field.includes(',') && numberOf(field, ',') !== undefined);
  const hasPoint = fields.some((field) => field.includes('.') && numberOf(field, '.') !== undefined);
  return hasComma && !hasPoint ? ',' : '.';
}

const NAMES: Readonly<Record<Delimiter, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
};

/** What was guessed, in words; undefined where the file is written as it is by default. */
export function describeFormat(format: CsvFormat, options: FormatOptions = {}): string | undefined {
  const guesses = [
    format.delimiter !== ',' &&
      options.delimiter === undefined &&
      `fields separated by ${NAMES[format.delimiter]}`,
    format.decimalMark === ',' && options.decimalMark === undefined && 'decimal commas',
    format.encoding !== 'utf-8' && options.encoding === undefined && `text in ${format.encoding}`,
  ].filter((guess) => guess !== false);
  return guesses.length === 0 ? undefined : `taken to have ${guesses.join(', ')}`;
}
