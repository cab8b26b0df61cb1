// One table of an answer as CSV (RFC 4180), for spreadsheets. They run what begins like a formula, and members of the
// ledger write titles: such cells begin with an apostrophe, which spreadsheets show as text.
import type { Cell, Table } from '../answer.ts';
import type { WholeAnswer } from './whole-answer.ts';

/** What a spreadsheet takes for a formula, or for a command that it passes on. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;
const NUMBER = /^-?[0-9]+([.][0-9]+)?$/;

function textOf(cell: Cell | undefined): string {
  if (cell === undefined || cell === null) return '';
  if (typeof cell !== 'object') return String(cell);
  return cell.join('; ');
}

/** A field, in quotes where RFC 4180 asks for them. */
function fieldOf(cell: Cell | undefined): string {
  const text = textOf(cell);
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const recordOf = (cells: readonly (Cell | undefined)[]): string => `${cells.map(fieldOf).join(',')}\r\n`;

/**
 * A table with a line of column names. Each line ends with where the answer comes from, and whether there is more of
 * it: a file is passed on without its headers.
 */
export function asCsv({ answered, next }: WholeAnswer, { form, rows }: Table): string {
  const fields = Object.keys(form.row.properties).filter(
    (field) => rows.length === 0 || rows.some((row) => row[field] !== undefined),
  );
  const shared = [
    answered.block,
    answered.at,
    answered.organisations.map(({ mspId }) => mspId),
    next !== undefined,
  ];
  return [
    recordOf([...fields, 'answeredBlock', 'answeredAt', 'answeredOrganisations', 'hasMore']),
    ...rows.map((row) => recordOf([...fields.map((field) => row[field]), ...shared])),
  ].join('');
}
