// An answer with where it comes from, ready to be written in any form: every text in it is one that may be shown.
import type { Answer, Cell, Table } from '../answer.ts';
import type { Answered } from '../answered.ts';
import { readable } from '../readable-text.ts';

/** An answer with its edge and, where it is cut, where the rest is. */
export interface WholeAnswer extends Answer {
  readonly answered: Answered;
  /** The target of the next page; undefined where the answer is whole. */
  readonly next: string | undefined;
}

const readableCell = (cell: Cell | undefined): Cell | undefined => {
  if (typeof cell === 'string') return readable(cell);
  return Array.isArray(cell) ? cell.map((part) => readable(String(part))) : cell;
};

const readableTable = ({ form, rows }: Table): Table => ({
  form,
  rows: rows.map((row) =>
    Object.fromEntries(
      Object.keys(form.row.properties)
        .filter((field) => row[field] !== undefined)
        .map((field) => [field, readableCell(row[field])]),
    ),
  ),
});

/** The answer in which every text is readable, and says so where it is cut. */
export function wholeAnswer(
  answer: Answer,
  { answered, next }: Pick<WholeAnswer, 'answered' | 'next'>,
): WholeAnswer {
  const cut =
    'This is one page of the answer: it was cut here. Ask again with the bookmark for the next, or with a higher limit.';
  return {
    question: readable(answer.question),
    sentences: [...answer.sentences, ...(next === undefined ? [] : [cut])].map(readable),
    tables: answer.tables.map(readableTable),
    notes: answer.notes.map(readable),
    bookmark: answer.bookmark,
    answered: {
      ...answered,
      organisations: answered.organisations.map(({ mspId, title }) => ({
        mspId: readable(mspId),
        title: readable(title),
      })),
      sentence: readable(answered.sentence),
    },
    next,
  };
}
