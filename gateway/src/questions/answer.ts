// The form of every answer: a question in words, the answer in sentences, and tables whose columns say what they
// mean. It is written once, and shown as JSON, CSV, lines of JSON or a page for printing.
import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';

/** What a cell of a table may hold; null is nothing, a list is shown with commas. */
export type Cell = string | number | boolean | null | readonly string[];

interface Meaning {
  /** Heads the column, with the unit. */
  readonly title: string;
  readonly means: string;
  readonly example: Cell;
}

const annotated = ({ title, means, example }: Meaning) => ({
  title,
  description: means,
  examples: [example],
});
/** A column of text. */
export const word = (meaning: Meaning) => Type.String(annotated(meaning));
/** A column of text that may be absent. */
export const wordOrNone = (meaning: Meaning) => Type.Union([Type.String(), Type.Null()], annotated(meaning));
/** A column of whole numbers. */
export const whole = (meaning: Meaning) => Type.Integer(annotated(meaning));
/** A column of whole numbers that may be absent. */
export const wholeOrNone = (meaning: Meaning) =>
  Type.Union([Type.Integer(), Type.Null()], annotated(meaning));
/** A column of yes and no. */
export const yesNo = (meaning: Meaning) => Type.Boolean(annotated(meaning));
/** A column of lists. */
export const several = (meaning: Meaning) => Type.Array(Type.String(), annotated(meaning));
/** A column of Rényi costs, which only an answer with `vectors=true` has. */
export const vector = (meaning: Omit<Meaning, 'example'>) =>
  Type.Optional(several({ ...meaning, example: ['1200000', '2400000'] }));

/** The last column of every table: the row in words. */
export const inWords = (example: string) =>
  word({ title: 'In words', means: 'The row as a sentence.', example });

/** A kind of table: its name in JSON, its heading, and its columns. */
export interface TableForm<P extends TProperties = TProperties> {
  readonly name: string;
  readonly heading: string;
  readonly row: TObject<P>;
  /** Columns that a printed page has; its readers find the others in the other forms. */
  readonly printed: readonly (keyof P & string)[];
}

/** A table of one answer. */
export interface Table {
  readonly form: TableForm;
  readonly rows: readonly Readonly<Record<string, Cell | undefined>>[];
}

/** A table whose rows fit their form, as the compiler sees it. */
export const tableOf = <P extends TProperties>(
  form: TableForm<P>,
  rows: readonly Static<TObject<P>>[],
): Table => ({ form: form as unknown as TableForm, rows: rows as Table['rows'] });

export const formOf = <P extends TProperties>(form: Omit<TableForm<P>, 'row'> & { readonly row: P }) => ({
  ...form,
  row: Type.Object(form.row),
});

/** What a question answers, before it is written in any form. */
export interface Answer {
  /** The question, in words, with what it was asked about. */
  readonly question: string;
  readonly sentences: readonly string[];
  readonly tables: readonly Table[];
  /** How numbers came about, and what is not counted. */
  readonly notes: readonly string[];
  /** Where the next page begins; absent where the answer is whole. */
  readonly bookmark?: string | undefined;
}

/** The example of a column, as its documentation shows it. */
export const exampleOf = (column: TSchema): Cell =>
  (column as { examples?: readonly Cell[] }).examples?.[0] ?? null;

/** The columns of a table in their order, with what they are called and mean. */
export const columnsOf = ({ row }: TableForm): { field: string; title: string; means: string }[] =>
  Object.entries(row.properties).map(([field, column]) => {
    const { title = field, description = '' } = column as { title?: string; description?: string };
    return { field, title, means: description };
  });
