// How a privacy account went, as rows of a chart: from its first state until the time of the answer.
import type { Api } from '@consilium/client/browser';
import type { ChartMark, ChartRow } from '../../components/chart/chart-form.ts';

type Budgets = Api['askBudgets']['answer'];
/** An account of a patient block, as the answer has it. */
export type AccountRow = Budgets['accounts'][number];

/** What tells accounts apart. */
export const accountKey = ({
  populationId,
  block,
  pool,
}: Pick<AccountRow, 'populationId' | 'block' | 'pool'>): string => `${populationId} ${block} ${pool}`;

/** The states of an account in order, and once more at the time of the answer: it is so until then. */
export function courseRows(
  { course, answered }: Pick<Budgets, 'course' | 'answered'>,
  account: Pick<AccountRow, 'populationId' | 'block' | 'pool'>,
): ChartRow[] {
  const states = course
    .filter((one) => accountKey(one) === accountKey(account))
    .map(({ at, spentEpsilon, committedEpsilon }) => ({
      at: Date.parse(at),
      spent: Number(spentEpsilon),
      committed: Number(committedEpsilon),
    }))
    .toSorted((a, b) => a.at - b.at);
  const last = states.at(-1);
  const until = Date.parse(answered.at ?? '');
  return last === undefined || !(until > last.at) ? states : [...states, { ...last, at: until }];
}

/** A forecast further away than so many times what has passed would leave no room for what happened. */
const AHEAD_MOST = 3;

/** The budget, and the day when it is gone where the chart has room for it. */
export function budgetMarks(
  { budgetEpsilon, goneOn }: Pick<AccountRow, 'budgetEpsilon' | 'goneOn'>,
  rows: readonly ChartRow[],
  names: { readonly budget: string; readonly gone: string },
): ChartMark[] {
  const [first, last] = [rows[0]?.at, rows.at(-1)?.at];
  const marks: ChartMark[] = [{ axis: 'y', at: Number(budgetEpsilon), label: names.budget }];
  const gone = goneOn === null ? Number.NaN : Date.parse(`${goneOn}T00:00:00Z`);
  if (typeof first !== 'number' || typeof last !== 'number' || !(gone > first)) return marks;
  if (gone - last <= AHEAD_MOST * (last - first)) {
    marks.push({ axis: 'x', at: gone, label: names.gone, isAlarm: true });
  }
  return marks;
}
