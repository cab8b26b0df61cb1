// What a column of an answer is, so that a screen shows it as what it is: a privacy loss, a time, a link, a state. The
// names of columns are the API's, and mean the same in every table.

/** What a cell may hold. */
export type Cell = string | number | boolean | null | undefined | readonly string[];

/** Kinds of cells. */
export type CellKind =
  | 'epsilon'
  | 'epsilon-left'
  | 'delta'
  | 'time'
  | 'day'
  | 'study'
  | 'dataset'
  | 'hospital'
  | 'block'
  | 'transaction'
  | 'digest'
  | 'state'
  | 'pool'
  | 'overdue'
  | 'effect'
  | 'kept'
  | 'number'
  | 'text';

/** Of whom one is to take notice. */
export type Alarm = 'withdrawn' | 'overdue' | 'no-effect';

const BY_FIELD: Readonly<Record<string, CellKind>> = {
  leftEpsilon: 'epsilon-left',
  delta: 'delta',
  at: 'time',
  goneOn: 'day',
  studyId: 'study',
  datasetId: 'dataset',
  mspId: 'hospital',
  owner: 'hospital',
  requester: 'hospital',
  transactionId: 'transaction',
  consent: 'state',
  state: 'state',
  studyState: 'state',
  pool: 'pool',
  isOverdue: 'overdue',
  tookEffect: 'effect',
  model: 'kept',
};

/** What a column is. @param table the name of its table: blocks are of patients, but of the ledger among acts */
export function cellKind(table: string, field: string): CellKind {
  if (field === 'block' && table === 'acts') return 'block';
  const known = Object.hasOwn(BY_FIELD, field) ? BY_FIELD[field] : undefined;
  if (known !== undefined) return known;
  if (field.endsWith('Epsilon')) return 'epsilon';
  if (field.endsWith('At')) return 'time';
  if (field.endsWith('Sha256')) return 'digest';
  return 'text';
}

/** Whether a column is of numbers, which stand at the right. */
export function isNumeric(
  table: string,
  field: string,
  rows: readonly Readonly<Record<string, Cell>>[],
): boolean {
  const kind = cellKind(table, field);
  if (kind === 'epsilon' || kind === 'epsilon-left' || kind === 'delta' || kind === 'block') return true;
  return (
    rows.some((row) => typeof row[field] === 'number') && rows.every((row) => typeof row[field] !== 'string')
  );
}

/** What one is not to overlook in a row; the gravest first. */
export function alarmOf(row: Readonly<Record<string, Cell>>): Alarm | undefined {
  if (row.isOverdue === true || row.state === 'overdue') return 'overdue';
  if (row.tookEffect === false) return 'no-effect';
  return typeof row.withdrawnAt === 'string' || row.consent === 'withdrawn' ? 'withdrawn' : undefined;
}

/** The heading of a column and its meaning, as an answer has both in one text. */
export function readMeaning(
  text: string | undefined,
  field: string,
): { readonly title: string; readonly means: string } {
  const at = text?.indexOf(': ') ?? -1;
  return text === undefined || at < 0
    ? { title: field, means: text ?? '' }
    : { title: text.slice(0, at), means: text.slice(at + 2) };
}

/** The columns of a table in the order of the answer: those of its meanings that some row has. */
export function columnsOf(
  meanings: Readonly<Record<string, string>>,
  rows: readonly Readonly<Record<string, Cell>>[],
): string[] {
  return Object.keys(meanings).filter(
    (field) => field !== 'sentence' && (rows.length === 0 || rows.some((row) => row[field] !== undefined)),
  );
}

/**
 * Parts of a sentence: what is in quotation marks was written by members, and has its own direction of writing. A
 * number stays beside its letter.
 */
export function sentenceParts(sentence: string): { readonly text: string; readonly isQuote: boolean }[] {
  return sentence
    .replaceAll(/([εδ]) (?=[0-9])/g, '$1\u00a0')
    .split(/(“[^”]*”)/)
    .filter((text) => text !== '')
    .map((text) => ({ text, isQuote: text.startsWith('“') }));
}
