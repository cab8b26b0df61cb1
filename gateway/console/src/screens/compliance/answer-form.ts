// The form that every answer of a question has.
import type { Api } from '@consilium/client/browser';
import type { Cell } from './answer-cells.ts';

/** What every answer has, and its tables by their names. */
export interface AnswerGiven {
  readonly question: string;
  readonly answer: readonly string[];
  readonly meanings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly notes: readonly string[];
  readonly answered: Api['askBudgets']['answer']['answered'];
  readonly bookmark?: string;
  readonly [table: string]: unknown;
}

/** A row of a table. */
export type AnswerRow = Readonly<Record<string, Cell>>;

/** The rows of one table of an answer. */
export const rowsOf = (answer: AnswerGiven, table: string): readonly AnswerRow[] =>
  Array.isArray(answer[table]) ? (answer[table] as readonly AnswerRow[]) : [];
