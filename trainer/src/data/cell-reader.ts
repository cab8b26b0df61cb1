// Reads one cell of a feature or label, given as a text or as a number, to what a column of numbers can hold. What a
// dictionary says of missing codes and categories is looked up once per column, not once per cell.
import type { Dictionary, Feature } from '@consilium/domain';
import type { DataProblemCode } from './data-problem.ts';
import { parseNumber } from './encode-features.ts';
import { scaledLabelOf } from './read-label.ts';

/** How numbers are written: with a point, or with a comma. */
export type DecimalMark = '.' | ',';

const COMMA_NUMBER = /^[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?$/;
const WORDS = /^(yes|no|y|n|true|false|t|f|ja|nein|oui|non|si|sí|no)$/i;

/** Words that people write for 1 and 0. */
export const isYesOrNo = (text: string): boolean => WORDS.test(text);

/** The number that a text is under a decimal mark, undefined where it is none. */
export function numberOf(text: string, mark: DecimalMark): number | undefined {
  if (mark === '.') return parseNumber(text);
  return COMMA_NUMBER.test(text) ? parseNumber(text.replace(',', '.')) : undefined;
}

/** Texts, and the numbers that some of them are: `1` and `1.0` are one code. */
class Codes {
  readonly #texts = new Map<string, number>();
  readonly #numbers = new Map<number, number>();

  constructor(codes: readonly string[]) {
    codes.forEach((code, index) => {
      if (!this.#texts.has(code)) this.#texts.set(code, index);
      const number = parseNumber(code);
      if (number !== undefined && !this.#numbers.has(number)) this.#numbers.set(number, index);
    });
  }

  get hasNumbers(): boolean {
    return this.#numbers.size > 0;
  }

  indexOfText(text: string): number {
    return this.#texts.get(text) ?? -1;
  }

  indexOfNumber(number: number): number {
    return this.#numbers.get(number) ?? -1;
  }
}

type Kind = Feature['kind'];

/**
 * Reads the cells of one column: a value is a number, a category its index, what is missing NaN.
 *
 * After a cell that does not fit the dictionary `wrong` says why. The caller that reads `wrong` must reset it.
 */
export abstract class CellReader {
  wrong: DataProblemCode | undefined;
  protected readonly missing: Codes;
  readonly column: string;
  readonly #mark: DecimalMark;
  readonly #lacksNumbers: boolean;

  constructor(column: string, missing: readonly string[], mark: DecimalMark) {
    this.column = column;
    this.#mark = mark;
    this.missing = new Codes(missing);
    this.#lacksNumbers = !this.missing.hasNumbers;
  }

  ofNumber(number: number): number {
    if (!this.#lacksNumbers && this.missing.indexOfNumber(number) >= 0) return this.ofMissing();
    return this.checked(number);
  }

  ofText(text: string): number {
    if (text === '') return this.ofMissing();
    const number = numberOf(text, this.#mark);
    if (number !== undefined) return this.ofNumber(number);
    if (this.missing.indexOfText(text) >= 0) return this.ofMissing();
    return this.word(text);
  }

  /** Numbers within it are their own meaning, whatever else the dictionary says; undefined where there is none. */
  get ownRange(): { readonly low: number; readonly high: number } | undefined {
    return undefined;
  }

  abstract ofMissing(): number;
  /** What a number that is not missing means. */
  protected abstract checked(number: number): number;
  /** What a text that is neither missing nor a number means. */
  protected abstract word(text: string): number;

  protected refuse(code: DataProblemCode): number {
    this.wrong = code;
    return Number.NaN;
  }
}

class FeatureReader extends CellReader {
  readonly #kind: Kind;
  readonly #low: number;
  readonly #high: number;
  readonly #categories: Codes;

  constructor(feature: Feature, dictionary: Dictionary, mark: DecimalMark) {
    super(feature.column ?? feature.name, [...dictionary.missing, ...(feature.missing ?? [])], mark);
    this.#kind = feature.kind;
    const { low, high } = feature.kind === 'numeric' ? feature.bounds : { low: 0, high: 0 };
    this.#low = low;
    this.#high = high;
    this.#categories = new Codes('categories' in feature ? feature.categories : []);
  }

  override get ownRange(): { readonly low: number; readonly high: number } | undefined {
    return this.#kind === 'numeric' && !this.missing.hasNumbers
      ? { low: this.#low, high: this.#high }
      : undefined;
  }

  ofMissing(): number {
    return Number.NaN;
  }

  protected checked(number: number): number {
    switch (this.#kind) {
      case 'numeric':
        if (number >= this.#low && number <= this.#high) return number;
        return this.refuse('VALUE_OUT_OF_BOUNDS');
      case 'binary':
        return number === 0 || number === 1 ? number : this.refuse('VALUE_NOT_BINARY');
      case 'categorical':
      case 'code': {
        const index = this.#categories.indexOfNumber(number);
        return index < 0 ? this.refuse('VALUE_NOT_A_CATEGORY') : index;
      }
    }
  }

  protected word(text: string): number {
    switch (this.#kind) {
      case 'numeric':
        return this.refuse(COMMA_NUMBER.test(text) ? 'VALUE_DECIMAL_COMMA' : 'VALUE_NOT_A_NUMBER');
      case 'binary':
        return this.refuse(isYesOrNo(text) ? 'VALUE_A_WORD' : 'VALUE_NOT_BINARY');
      case 'categorical':
      case 'code': {
        const index = this.#categories.indexOfText(text);
        return index < 0 ? this.refuse('VALUE_NOT_A_CATEGORY') : index;
      }
    }
  }
}

/** Reads a label to what a model learns (`readLabel`); there is no value without one. */
class LabelReader extends CellReader {
  readonly #label: Dictionary['label'];
  readonly #categories: Codes;

  constructor(dictionary: Dictionary, mark: DecimalMark) {
    super(dictionary.label.column, dictionary.missing, mark);
    this.#label = dictionary.label;
    const { rule } = dictionary.label;
    this.#categories = new Codes(rule.kind === 'categorical' ? rule.categories : []);
  }

  ofMissing(): number {
    return this.refuse('LABEL_MISSING');
  }

  protected checked(number: number): number {
    const { rule } = this.#label;
    if (rule.kind === 'categorical') {
      const index = this.#categories.indexOfNumber(number);
      return index < 0 ? this.refuse('LABEL_NOT_A_CATEGORY') : index;
    }
    const read = scaledLabelOf(number, this.#label);
    return 'code' in read ? this.refuse(read.code) : read.y;
  }

  protected word(text: string): number {
    const { rule } = this.#label;
    if (rule.kind === 'categorical') {
      const index = this.#categories.indexOfText(text);
      return index < 0 ? this.refuse('LABEL_NOT_A_CATEGORY') : index;
    }
    if (rule.kind === 'binary') return this.refuse(isYesOrNo(text) ? 'LABEL_A_WORD' : 'LABEL_NOT_BINARY');
    return this.refuse(rule.kind === 'count' ? 'LABEL_NOT_A_COUNT' : 'LABEL_NOT_A_NUMBER');
  }
}

/** Readers of a dictionary's features, in its order. */
export const featureReaders = (dictionary: Dictionary, mark: DecimalMark): CellReader[] =>
  dictionary.features.map((feature) => new FeatureReader(feature, dictionary, mark));

export const labelReader = (dictionary: Dictionary, mark: DecimalMark): CellReader =>
  new LabelReader(dictionary, mark);
