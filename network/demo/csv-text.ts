// The texts of CSV files: read with quotes (RFC 4180), and written so that a trainer reads the same.

export interface CsvRow {
  /** Without the space around them. */
  readonly cells: string[];
  /** On which the row begins, from 1. */
  readonly line: number;
}

/** The rows of a text; blank lines are left out. A quote that is never closed ends with the text. */
export function parseCsv(text: string, delimiter: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let [line, begun] = [1, 1];
  const endRow = () => {
    cells.push(cell.trim());
    if (cells.length > 1 || cells[0] !== '') rows.push({ cells, line: begun });
    [cells, cell, begun] = [[], '', line];
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '\n') line += 1;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"' && cell.trim() === '') [quoted, cell] = [true, ''];
    else if (character === delimiter) {
      cells.push(cell.trim());
      cell = '';
    } else if (character === '\n') endRow();
    else cell += character;
  }
  endRow();
  return rows;
}

/** A row as a line with commas, quoted where a cell needs it. */
export const csvLine = (cells: readonly string[]): string =>
  `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`;
