// An answer as JSON: sentences beside codes, and what each column means. And as lines of JSON, one for each row, for
// programs that read on while it comes.
import { columnsOf } from '../answer.ts';
import type { WholeAnswer } from './whole-answer.ts';

/** The answer as one object: each table by its name. */
export const asObject = ({ question, sentences, tables, notes, answered, bookmark, next }: WholeAnswer) => ({
  question,
  answer: sentences,
  ...Object.fromEntries(tables.map(({ form, rows }) => [form.name, rows])),
  meanings: Object.fromEntries(
    tables.map(({ form }) => [
      form.name,
      Object.fromEntries(columnsOf(form).map(({ field, title, means }) => [field, `${title}: ${means}`])),
    ]),
  ),
  notes,
  answered,
  ...(bookmark !== undefined && { bookmark }),
  ...(next !== undefined && { next }),
});

/** As lines: first the answer without its tables, then each row with its table's name. */
export function asLines(whole: WholeAnswer): string {
  const { question, sentences, tables, notes, answered, bookmark, next } = whole;
  const head = {
    table: 'answer',
    question,
    answer: sentences,
    notes,
    answered,
    ...(bookmark !== undefined && { bookmark }),
    ...(next !== undefined && { next }),
  };
  const rows = tables.flatMap(({ form, rows: ofTable }) =>
    ofTable.map((row) => ({ table: form.name, ...row })),
  );
  return `${[head, ...rows].map((line) => JSON.stringify(line)).join('\n')}\n`;
}
