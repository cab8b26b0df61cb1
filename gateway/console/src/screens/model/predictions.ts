// What a prediction answers, in the terms of the label that the model learned.
import type { Dictionary } from './ledger-types.ts';

type Rule = Dictionary['label']['rule'];

/** Predictions of rows, by what the label is. */
export type Predictions =
  /** Of yes, for each row. */
  | { readonly kind: 'probability'; readonly values: readonly number[] }
  /** Of each category, for each row. */
  | {
      readonly kind: 'categories';
      readonly categories: readonly string[];
      readonly values: readonly (readonly number[])[];
    }
  /** In the label's unit, or expected counts. */
  | { readonly kind: 'value'; readonly unit: string | undefined; readonly values: readonly number[] };

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number' && Number.isFinite(one));

/** The predictions in an answer; undefined where it is of another form than this page knows. */
export function readPredictions(answer: unknown, rule: Rule): Predictions | undefined {
  const { probabilities, categories, values } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  if (isNumbers(values)) {
    return { kind: 'value', values, unit: rule.kind === 'numeric' ? rule.unit : undefined };
  }
  if (Array.isArray(categories) && Array.isArray(probabilities) && probabilities.every(isNumbers)) {
    const names = categories.map(String);
    const rows = probabilities as readonly (readonly number[])[];
    if (rows.some((row) => row.length !== names.length)) return undefined;
    return { kind: 'categories', categories: names, values: rows };
  }
  return isNumbers(probabilities) ? { kind: 'probability', values: probabilities } : undefined;
}

/** The likeliest category of a row, with its probability. */
export function likeliest(
  categories: readonly string[],
  probabilities: readonly number[],
): { readonly category: string; readonly probability: number } {
  const probability = Math.max(...probabilities);
  return { category: categories[probabilities.indexOf(probability)] ?? '', probability };
}

/** A field of CSV (RFC 4180), which no spreadsheet takes for a formula. */
function cell(value: string | number): string {
  const text = String(value);
  const safe = typeof value === 'string' && /^\s*[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Predictions as CSV: one line for each row, by its number. */
export function predictionsCsv(predictions: Predictions): string {
  const head: string[] = ['row'];
  if (predictions.kind === 'probability') head.push('probability');
  if (predictions.kind === 'value') head.push('value');
  if (predictions.kind === 'categories') head.push(...predictions.categories);
  const lines = predictions.values.map((value, index) =>
    [index + 1, ...(typeof value === 'number' ? [value] : value)].map(cell).join(','),
  );
  return [head.map(cell).join(','), ...lines, ''].join('\r\n');
}
