// How a command reads data files: what options say of the way they are written, what the command reports of its
// guesses, and how far it is with a long file.

import { InputError, type Terminal } from '@consilium/command-line';
import {
  type CsvFormat,
  type DatasetWish,
  DECIMAL_MARKS,
  DELIMITERS,
  describeFormat,
  ENCODINGS,
  type FormatOptions,
} from '../../data/index.ts';

export const FORMAT_OPTIONS = {
  delimiter: { type: 'string' },
  'decimal-mark': { type: 'string' },
  encoding: { type: 'string' },
} as const;

export const FORMAT_OPTIONS_HELP = `\
  --delimiter NAME         what separates fields of CSV: ${Object.keys(DELIMITERS).join(', ')}; guessed by default
  --decimal-mark NAME      how numbers of CSV are written: ${Object.keys(DECIMAL_MARKS).join(', ')}; guessed by default
  --encoding NAME          of CSV: ${ENCODINGS.join(', ')}; guessed by default
`;

export interface FormatTexts {
  readonly delimiter?: string | undefined;
  readonly 'decimal-mark'?: string | undefined;
  readonly encoding?: string | undefined;
}

/** Of a table of names. @throws InputError naming them */
function named<T>(
  option: string,
  text: string | undefined,
  names: Readonly<Record<string, T>>,
): T | undefined {
  if (text === undefined) return undefined;
  if (Object.hasOwn(names, text)) return names[text];
  throw new InputError(`--${option} must be one of ${Object.keys(names).join(', ')}`);
}

/** @throws InputError */
export const formatOptions = (texts: FormatTexts): FormatOptions => ({
  delimiter: named('delimiter', texts.delimiter, DELIMITERS),
  decimalMark: named('decimal-mark', texts['decimal-mark'], DECIMAL_MARKS),
  encoding: named('encoding', texts.encoding, Object.fromEntries(ENCODINGS.map((name) => [name, name]))),
});

/** How many rows go by before one hears of them. */
const ROWS_BETWEEN = 500_000;

/** What a reader is given, and what it guessed said on standard error. */
export function watchReading(
  path: string,
  { texts, terminal }: { readonly texts: FormatTexts; readonly terminal: Terminal },
): Pick<DatasetWish, 'format' | 'onRows'> & { readonly stated: (guessed: CsvFormat | undefined) => void } {
  const format = formatOptions(texts);
  let said = 0;
  return {
    format,
    onRows(rows) {
      if (rows < said + ROWS_BETWEEN) return;
      said = rows - (rows % ROWS_BETWEEN);
      terminal.error(`${path}: ${said.toLocaleString('en')} rows read\n`);
    },
    stated(guessed) {
      const words = guessed && describeFormat(guessed, format);
      if (words !== undefined) terminal.error(`${path}: ${words}\n`);
    },
  };
}
