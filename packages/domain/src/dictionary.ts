// The data dictionary says what a dataset's columns mean. Everything a model's input depends on (scaling,
// categories, missing codes) comes from here and never from the patients: a statistic of the patients would
// be a query that nobody accounted for.
import { type Static, Type } from 'typebox';
import { Described, Strict, Text, Title } from './primitives.ts';

const Column = Text({ minLength: 1, maxLength: 100 });
const Range = Strict({ low: Type.Number(), high: Type.Number() });
const MissingCodes = Type.Array(Text({ maxLength: 40 }), { maxItems: 20 });
const Codes = Type.Record(Type.String({ pattern: '^[\\x20-\\x7e]{1,40}$' }), Text({ maxLength: 100 }), {
  description: 'Codes in public terminologies, for example {"loinc": "2093-3"}.',
});
const common = {
  name: Type.String({
    pattern: '^[a-z][a-z0-9_]{0,62}$',
    description: 'The name all hospitals share: a letter from a to z, then letters, digits and _.',
  }),
  column: Type.Optional(Column),
  title: Type.Optional(Title),
  missing: Type.Optional(MissingCodes),
  codes: Type.Optional(Codes),
};

export const NumericFeature = Strict({
  ...common,
  kind: Type.Literal('numeric'),
  unit: Text({ maxLength: 40 }),
  bounds: Described(Range, 'Values outside are refused as mistakes.'),
  reference: Type.Optional(Described(Range, 'The published range scaled to -1..1; the bounds where absent.')),
});
export const BinaryFeature = Strict({ ...common, kind: Type.Literal('binary') });
const Categories = Type.Array(Text({ minLength: 1, maxLength: 40 }), { minItems: 2, maxItems: 100 });
export const CategoricalFeature = Strict({
  ...common,
  kind: Type.Literal('categorical'),
  categories: Categories,
});
export const CodeFeature = Strict({
  ...common,
  kind: Type.Literal('code'),
  categories: Type.Array(Text({ minLength: 1, maxLength: 40 }), {
    minItems: 2,
    maxItems: 1000,
    description:
      'In the order of the codes 0, 1, ... that an embedding looks up; not known is the code after them.',
  }),
});
/**
 * One column that a model reads: a number with bounds, yes or no, one of some categories, or the code of one for an
 * embedding.
 */
export const Feature = Type.Union([NumericFeature, BinaryFeature, CategoricalFeature, CodeFeature]);
export type Feature = Static<typeof Feature>;

/**
 * How a column becomes the label: yes or no, above a threshold or not, a category, a number within bounds, or a
 * count.
 */
export const LabelRule = Type.Union([
  Strict({ kind: Type.Literal('binary') }),
  Strict({ kind: Type.Literal('greater-than'), threshold: Type.Number() }),
  Strict({
    kind: Type.Literal('categorical'),
    categories: Described(Categories, 'In the order of the classes 0, 1, ...'),
  }),
  Strict({
    kind: Type.Literal('numeric'),
    unit: Text({ maxLength: 40 }),
    bounds: Described(Range, 'Values outside are refused as mistakes.'),
    reference: Type.Optional(
      Described(Range, 'The published range scaled to -1..1; the bounds where absent.'),
    ),
  }),
  Strict({
    kind: Type.Literal('count'),
    high: Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'More are refused as mistakes.' }),
  }),
]);
export type LabelRule = Static<typeof LabelRule>;

export const Label = Strict({ column: Column, title: Title, rule: LabelRule });

/** What a file's columns mean: features, label, missing codes, and whose rows belong together. */
export const Dictionary = Strict({
  version: Type.Literal(1),
  header: Type.Boolean({ description: 'Whether the first line of the file names the columns.' }),
  columns: Type.Optional(
    Type.Array(Column, { minItems: 1, maxItems: 1000, description: 'Required where header is false.' }),
  ),
  patientId: Type.Union([Column, Type.Null()], {
    description: 'The column that identifies a patient; null where every row is another patient.',
  }),
  missing: MissingCodes,
  features: Type.Array(Feature, { minItems: 1, maxItems: 500 }),
  label: Label,
  maxRowsPerPatient: Type.Integer({ minimum: 1, maximum: 64 }),
});
export type Dictionary = Static<typeof Dictionary>;

/** What a model sees of a feature, free of file details: studies compare these between hospitals. */
export type EncodedFeature =
  | { readonly name: string; readonly kind: 'numeric'; readonly low: number; readonly high: number }
  | { readonly name: string; readonly kind: 'binary' }
  | { readonly name: string; readonly kind: 'categorical' | 'code'; readonly categories: readonly string[] };

/** What a model learns to say of a label; `greater-than` is a way to read a binary one. */
export type EncodedTarget =
  | { readonly kind: 'binary' }
  | { readonly kind: 'categorical'; readonly categories: readonly string[] }
  /** Learned as (2 value - low - high) / (high - low). */
  | { readonly kind: 'numeric'; readonly unit: string; readonly low: number; readonly high: number }
  /** Learned as the logarithm of its expectation. */
  | { readonly kind: 'count' };

/** What a label's rule comes to in a model. */
export function targetOf({ rule }: Dictionary['label']): EncodedTarget {
  switch (rule.kind) {
    case 'categorical':
      return { kind: 'categorical', categories: [...rule.categories] };
    case 'numeric': {
      const { low, high } = rule.reference ?? rule.bounds;
      return { kind: 'numeric', unit: rule.unit, low, high };
    }
    case 'count':
      return { kind: 'count' };
    default:
      return { kind: 'binary' };
  }
}

/**
 * The part of a dictionary that decides a model's input and its label's meaning.
 *
 * Two datasets can be learned from together exactly when their encodings are equal.
 */
export function encodingOf(dictionary: Dictionary): {
  features: EncodedFeature[];
  label: string;
  target: EncodedTarget;
} {
  return {
    features: dictionary.features.map((feature): EncodedFeature => {
      if (feature.kind === 'numeric') {
        const { low, high } = feature.reference ?? feature.bounds;
        return { name: feature.name, kind: 'numeric', low, high };
      }
      if (feature.kind === 'binary') return { name: feature.name, kind: 'binary' };
      return { name: feature.name, kind: feature.kind, categories: [...feature.categories] };
    }),
    label: dictionary.label.title,
    target: targetOf(dictionary.label),
  };
}

/**
 * Names of a model's inputs, in order.
 *
 * A numeric or binary feature gives its value (0 where missing) and a missing indicator; a categorical one
 * gives one input per category (all 0 where missing) and a missing indicator. A code gives one input: the index of the
 * category, or the number of categories where missing.
 */
export function inputNames(features: readonly EncodedFeature[]): string[] {
  return features.flatMap((feature) => {
    if (feature.kind === 'code') return [feature.name];
    const missing = `${feature.name}_missing`;
    if (feature.kind !== 'categorical') return [feature.name, missing];
    return [...feature.categories.map((category) => `${feature.name}=${category}`), missing];
  });
}
