// An answer as a page that prints well: no script, nothing loaded from elsewhere, every text of the ledger escaped, and
// each quoted title kept to its own direction of writing.
import { type Cell, columnsOf, type Table } from '../answer.ts';
import type { WholeAnswer } from './whole-answer.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as HTML shows it, whatever is in it. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (mark) => ENTITIES[mark]!);

/** A sentence in which each quoted title is a direction of its own. */
const sentenceOf = (text: string): string =>
  escapeHtml(text)
    .replaceAll(/“[^”]*”/g, (quote) => `<bdi>${quote}</bdi>`)
    // A number stays beside its letter.
    .replaceAll(/([εδ]) (?=[0-9])/g, '$1&nbsp;');

/** Whether a cell is a number that is shown as one; decimals of the ledger are texts. */
const isNumeric = (cell: Cell | undefined): boolean =>
  typeof cell === 'number' || (typeof cell === 'string' && /^[0-9]+([.][0-9]+)?$/.test(cell));

const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$/;

function cellOf(cell: Cell | undefined): string {
  if (cell === undefined || cell === null) return '<td class="none">–</td>';
  if (typeof cell === 'boolean') return `<td>${cell ? 'yes' : 'no'}</td>`;
  if (typeof cell === 'number') return `<td class="number">${cell}</td>`;
  if (typeof cell !== 'string') {
    if (cell.length === 0) return '<td class="none">–</td>';
    return `<td>${cell.map((part) => `<bdi>${escapeHtml(part)}</bdi>`).join('<br>')}</td>`;
  }
  if (isNumeric(cell)) return `<td class="number">${cell}</td>`;
  if (TIME.test(cell)) return `<td class="time">${cell.slice(0, 10)}<br>${cell.slice(11, 19)}</td>`;
  return `<td><bdi>${escapeHtml(cell)}</bdi></td>`;
}

function tableOf({ form, rows }: Table): string {
  const all = columnsOf(form);
  const columns = form.printed
    .filter((field) => field !== 'sentence')
    .map((field) => all.find((column) => column.field === field)!);
  const withSentence = form.printed.includes('sentence');
  if (rows.length === 0) return `<h2>${escapeHtml(form.heading)}</h2>\n<p class="none">none</p>\n`;
  const body = rows.map((row) => {
    const cells = columns.map(({ field }) => cellOf(row[field])).join('');
    const sentence = withSentence
      ? `<tr class="words"><td colspan="${columns.length}">${sentenceOf(String(row.sentence ?? ''))}</td></tr>`
      : '';
    return `<tbody><tr>${cells}</tr>${sentence}</tbody>\n`;
  });
  return [
    `<h2>${escapeHtml(form.heading)}</h2>\n<table>\n<thead><tr>`,
    ...columns.map(({ field, title }) => {
      const isNumber = rows.every((row) => isNumeric(row[field]));
      return `<th scope="col"${isNumber ? ' class="number"' : ''}>${escapeHtml(title)}</th>`;
    }),
    '</tr></thead>\n',
    ...body,
    '</table>\n',
    '<dl>\n',
    ...columns.map(({ title, means }) => `<dt>${escapeHtml(title)}</dt><dd>${escapeHtml(means)}</dd>\n`),
    '</dl>\n',
  ].join('');
}

const STYLE = `
:root { color-scheme: light; }
body { background: #fff; color: #1a1a1a; font: 11pt/1.45 Arial, "Liberation Sans", sans-serif; margin: 2rem auto;
  max-width: 58rem; padding: 0 1rem; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .6rem; }
h2 { break-after: avoid; border-bottom: 1px solid #bbb; font-size: 1.05rem; margin: 1.6rem 0 .5rem;
  padding-bottom: .15rem; }
.answered { background: #f1f4f7; border-left: 4px solid #3a6ea5; margin: 0 0 1rem; padding: .5rem .8rem; }
.answer li { margin: .25rem 0; }
table { border-collapse: collapse; font-size: .82rem; width: 100%; }
thead { display: table-header-group; }
th { background: #eef1f4; border-bottom: 2px solid #888; padding: .3rem .4rem; text-align: left;
  vertical-align: bottom; }
td { overflow-wrap: anywhere; padding: .25rem .4rem; vertical-align: top; }
tbody { break-inside: avoid; border-bottom: 1px solid #ccc; }
th.number, td.number { font-variant-numeric: tabular-nums; overflow-wrap: normal; text-align: right; }
.time { white-space: nowrap; }
.words td { color: #444; padding-bottom: .45rem; padding-top: 0; }
.none { color: #777; }
dl { color: #444; columns: 2; column-gap: 2rem; font-size: .74rem; margin: .6rem 0 0; }
dt { break-after: avoid; font-weight: bold; }
dd { break-inside: avoid; margin: 0 0 .3rem; }
footer { border-top: 1px solid #bbb; font-size: .8rem; margin-top: 1.6rem; padding-top: .4rem; }
@page { margin: 16mm 14mm; size: A4; }
@media print {
  body { font-size: 9.5pt; margin: 0; max-width: none; padding: 0; }
  .answered, th { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

/** The whole page. */
export function asPage(whole: WholeAnswer): string {
  const { question, sentences, tables, notes, answered } = whole;
  return [
    '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n',
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
    `<title>${escapeHtml(question)}</title>\n<style>${STYLE}</style>\n</head>\n<body>\n`,
    `<h1>${sentenceOf(question)}</h1>\n`,
    `<p class="answered">${sentenceOf(answered.sentence)}</p>\n`,
    '<ul class="answer">\n',
    ...sentences.map((sentence) => `<li>${sentenceOf(sentence)}</li>\n`),
    '</ul>\n',
    ...tables.map(tableOf),
    '<footer>\n<h2>How to read this</h2>\n<ul>\n',
    ...notes.map((note) => `<li>${sentenceOf(note)}</li>\n`),
    '<li>Times are in UTC. This page is no proof: a file of evidence is, which GET /v1/evidence answers.</li>\n',
    '</ul>\n</footer>\n</body>\n</html>\n',
  ].join('');
}
