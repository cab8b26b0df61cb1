// A question in the address of its screen, so that whoever is sent the address asks the same. It has what was asked and
// where a page begins, never who asked.
import { ROUTES } from '@consilium/client/browser';
import type { FieldName, QuestionForm } from './question-forms.ts';

/** What the fields of a question hold; what is empty is absent. */
export type Asked = Readonly<Partial<Record<FieldName, string>>>;

/** A question as an address has it. */
export interface AskedQuestion {
  readonly asked: Asked;
  /** Where a page of the answer begins; absent of the first. */
  readonly bookmark?: string;
}

const LENGTH_MOST = 300;

/** What an address asks: fields of the question alone, whatever else is in it. */
export function readAddress({ fields }: Pick<QuestionForm, 'fields'>, search: string): AskedQuestion {
  const given = new URLSearchParams(search);
  const asked: Partial<Record<FieldName, string>> = {};
  for (const { name } of fields) {
    const value = given.get(name)?.trim();
    if (value !== undefined && value !== '' && value.length <= LENGTH_MOST) asked[name] = value;
  }
  const bookmark = given.get('bookmark');
  return {
    asked,
    ...(bookmark !== null && bookmark !== '' && bookmark.length <= LENGTH_MOST && { bookmark }),
  };
}

/** The address of a question, below /console. */
export function addressOf({ name, fields }: QuestionForm, { asked, bookmark }: AskedQuestion): string {
  const query = new URLSearchParams();
  for (const field of fields) {
    const value = asked[field.name];
    if (value !== undefined && value !== '') query.set(field.name, value);
  }
  if (bookmark !== undefined) query.set('bookmark', bookmark);
  return `/questions/${name}${query.size > 0 ? `?${query}` : ''}`;
}

/** Whether a question has what its path needs. */
export const canBeAsked = ({ fields }: Pick<QuestionForm, 'fields'>, asked: Asked): boolean =>
  fields.every(({ name, isRequired }) => !isRequired || asked[name] !== undefined);

/** How many states of an account a chart is drawn of. */
const POINTS_OF_CHART = 60;

/** What a question is sent with: places of its path, and its query. */
export function requestOf(
  { fields, operation }: QuestionForm,
  { asked, bookmark }: AskedQuestion,
): { readonly path: Record<string, string>; readonly query: Record<string, string | number> } {
  const path: Record<string, string> = {};
  const query: Record<string, string | number> = {};
  for (const { name, isRequired } of fields) {
    const value = asked[name];
    if (value === undefined) continue;
    if (isRequired) path[name] = value;
    else query[name] = value;
  }
  if (operation === 'askBudgets') query.points = POINTS_OF_CHART;
  if (bookmark !== undefined) query.bookmark = bookmark;
  return { path, query };
}

/** Forms in which an answer is taken away. */
export type FileFormat = 'csv' | 'ndjson' | 'html';

/** The gateway's path of an answer as a file; of a CSV, of one of its tables. */
export function filePath(
  form: QuestionForm,
  question: AskedQuestion,
  file: { readonly format: FileFormat; readonly table?: string; readonly limit?: number },
): string {
  const { path, query } = requestOf(form, question);
  const filled = ROUTES[form.operation].path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(path[name] ?? ''),
  );
  const all = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  all.set('format', file.format);
  if (file.table !== undefined) all.set('table', file.table);
  if (file.limit !== undefined) all.set('limit', String(file.limit));
  return `${filled}?${all}`;
}

/** The name of a file: the question, what it is about, and the table. */
export function fileName(
  { name, fields }: QuestionForm,
  { asked }: AskedQuestion,
  { format, table }: { readonly format: FileFormat; readonly table?: string },
): string {
  const about = fields.flatMap((field) => asked[field.name] ?? []);
  const parts = [name, ...about, ...(table === undefined ? [] : [table])];
  return `${parts.join('_').replaceAll(/[^\w.-]+/g, '-')}.${format}`;
}
