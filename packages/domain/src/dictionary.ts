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
