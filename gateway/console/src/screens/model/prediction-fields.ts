// The form of a prediction, made from the dictionary that hospitals share: one field for each feature, with what may be
// in it. A field that is left empty is not known, which a model is trained to take.
import type { Dictionary, Feature } from './ledger-types.ts';

/** A field of the form. */
export type PredictionField = {
  readonly name: string;
  readonly label: string;
} & (
  | {
      readonly kind: 'numeric';
      readonly unit: string;
      readonly low: number;
      readonly high: number;
      /** Numbers that stand for what is not known. */
      readonly missing: readonly string[];
    }
  | { readonly kind: 'binary' }
  | { readonly kind: 'categorical' | 'code'; readonly categories: readonly string[] }
);

/** Why a value cannot be used. */
export type FieldProblem = 'not-a-number' | 'out-of-bounds';

/** The fields of a dictionary, in its order. */
export function fieldsOf({ features, missing }: Pick<Dictionary, 'features' | 'missing'>): PredictionField[] {
  return features.map((feature: Feature): PredictionField => {
    const common = { name: feature.name, label: feature.title ?? feature.name };
    switch (feature.kind) {
      case 'numeric': {
        const { unit, bounds } = feature;
        const codes = [...missing, ...(feature.missing ?? [])];
        return { ...common, kind: 'numeric', unit, low: bounds.low, high: bounds.high, missing: codes };
      }
      case 'binary':
        return { ...common, kind: 'binary' };
      default:
        return { ...common, kind: feature.kind, categories: feature.categories };
    }
  });
}

/** A decimal number as people type it; a comma is a decimal mark, since nobody types thousands into one field. */
export function readNumber(text: string): number | undefined {
  const plain = text.trim().replace(',', '.');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : undefined;
}

/** What is wrong with the text in a field; undefined where it can be sent, or is empty. */
export function problemOf(field: PredictionField, text: string): FieldProblem | undefined {
  if (field.kind !== 'numeric' || text.trim() === '') return undefined;
  const value = readNumber(text);
  if (value === undefined) return 'not-a-number';
  if (isMissing(field, value)) return undefined;
  return value < field.low || value > field.high ? 'out-of-bounds' : undefined;
}

/** Whether a number means that something is not known. */
export const isMissing = ({ missing }: { readonly missing: readonly string[] }, value: number): boolean =>
  missing.some((code) => readNumber(code) === value);

/** The record to send: numbers as numbers, what is empty as null. */
export function recordOf(
  fields: readonly PredictionField[],
  texts: Readonly<Record<string, string>>,
): Record<string, number | string | null> {
  return Object.fromEntries(
    fields.map((field) => {
      const text = texts[field.name] ?? '';
      if (text.trim() === '') return [field.name, null];
      const isNumber = field.kind === 'numeric' || field.kind === 'binary';
      return [field.name, isNumber ? (readNumber(text) ?? text) : text];
    }),
  );
}

/** What is sent of a prediction, beside which model: records, or a file of them. */
export type PredictionRows =
  | { readonly rows: readonly Readonly<Record<string, number | string | null>>[] }
  | { readonly csv: string };

/** The first line of a file of rows. */
export const headerOf = (fields: readonly PredictionField[]): string =>
  fields.map(({ name }) => name).join(',');

/** A problem that the trainer found in what was sent. */
export interface SentProblem {
  readonly code: string;
  readonly line?: number;
  readonly column?: string;
  readonly remedy: string;
}

/** The problems of an answer, of which each says where and what to do. */
export function sentProblems(problem: { readonly problems?: unknown }): SentProblem[] {
  const all = Array.isArray(problem.problems) ? (problem.problems as unknown[]) : [];
  return all.flatMap((one) => {
    const { code, line, column, remedy } = (one ?? {}) as Partial<SentProblem>;
    if (typeof code !== 'string' || typeof remedy !== 'string') return [];
    return [
      {
        code,
        remedy,
        ...(typeof line === 'number' && { line }),
        ...(typeof column === 'string' && { column }),
      },
    ];
  });
}
