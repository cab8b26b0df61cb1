// Answers in each form, of a ledger on which a member wrote the worst titles that a ledger could hold.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formOf, inWords, several, tableOf, wholeOrNone, word, wordOrNone } from '../answer.ts';
import { quoted, readable } from '../readable-text.ts';
import { asCsv } from './csv.ts';
import { asPage } from './html.ts';
import { asLines, asObject } from './json.ts';
import { formatOf } from './negotiate.ts';
import { wholeAnswer } from './whole-answer.ts';

const FORM = formOf({
  name: 'things',
  heading: 'Things & <more>',
  row: {
    title: word({ title: 'Title', means: 'As a member wrote it.', example: 'x' }),
    note: wordOrNone({ title: 'Note', means: 'If any.', example: null }),
    epsilon: word({ title: 'Cost (ε)', means: 'Rounded up.', example: '1' }),
    change: wholeOrNone({ title: 'Change', means: 'May be below 0.', example: -1 }),
    parts: several({ title: 'Parts', means: 'Several.', example: [] }),
    sentence: inWords('x'),
  },
  printed: ['title', 'note', 'epsilon', 'change', 'parts', 'sentence'],
});
type Row = Parameters<typeof tableOf<(typeof FORM)['row']['properties']>>[1][number];

const wholeOf = (change: Partial<Row>, next?: string) => {
  const title = change.title ?? 'Heart';
  const row: Row = {
    title,
    note: null,
    epsilon: '0.5',
    change: -4,
    parts: [],
    sentence: `It is ${quoted(title)}.`,
    ...change,
  };
  return wholeAnswer(
    {
      question: `What is ${quoted(title)}?`,
      sentences: [row.sentence],
      tables: [tableOf(FORM, [row])],
      notes: [],
      bookmark: next === undefined ? undefined : 'abc',
    },
    {
      answered: {
        block: 7,
        at: '2026-03-01T08:00:00.000Z',
        organisations: [{ mspId: 'AMSP', title }],
        sentence: `Answered by ${quoted(title)}.`,
      },
      next,
    },
  );
};
const csvOf = (change: Partial<Row>) => {
  const whole = wholeOf(change);
  return asCsv(whole, whole.tables[0]!);
};

const MARKUP = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></style><svg/onload=alert(1)>',
  '<!--',
  '&lt;script&gt;',
  '“</bdi><script>”',
  'javascript:alert(1)',
];

describe('a page for printing', () => {
  it('shows markup in what members wrote as text, in every place', () => {
    const plain = asPage(wholeOf({}));
    const tagsOf = (page: string) => page.match(/<[^>]*>/g)!;
    for (const title of MARKUP) {
      const page = asPage(wholeOf({ title, note: title, parts: [title] }));
      const tags = new Set(tagsOf(page));
      assert.doesNotMatch(page, /<(script|img|svg|iframe|link|object|a|form)\b/i, title);
      // Nothing that a member writes makes a tag that a page without it has not.
      const known = new Set([...tagsOf(plain), '<td>', '<bdi>', '</bdi>', '<td class="none">']);
      assert.deepEqual(
        [...tags].filter((tag) => !known.has(tag)),
        [],
        title,
      );
    }
  });

  it('has no script, loads nothing, and says on which block it rests', () => {
    const page = asPage(wholeOf({}));
    assert.doesNotMatch(page, /<script|src=|href=|url\(|@import|https?:/i);
    assert.match(page, /<html lang="en" dir="ltr">/);
    assert.match(page, /@page \{[^}]*size: A4/);
    assert.match(page, /Answered by/);
  });

  it('keeps each quoted title to a direction of its own, also in right-to-left scripts', () => {
    const page = asPage(wholeOf({ title: 'بيت 12' }));
    assert.match(page, /It is <bdi>“بيت 12”<\/bdi>\./);
    assert.match(page, /<td><bdi>بيت 12<\/bdi><\/td>/);
  });
});

describe('text of the ledger', () => {
  it('has no mark that is not seen: directions, controls, and what has no width', () => {
    for (const mark of [
      '\u202e',
      '\u2066',
      '\u200f',
      '\u061c',
      '\u200b',
      '\ufeff',
      '\u0000',
      '\u001b',
      '\u00ad',
      '\u{e0041}',
    ]) {
      const code = mark.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
      assert.equal(readable(`a${mark}b`), `a⟨U+${code}⟩b`);
      for (const written of [
        asPage(wholeOf({ title: `a${mark}b` })),
        csvOf({ title: `a${mark}b` }),
        asLines(wholeOf({ title: `a${mark}b` })),
      ]) {
        assert.ok(!written.includes(mark), code);
        assert.ok(written.includes(`⟨U+${code}⟩`), code);
      }
    }
    assert.equal(readable('a\r\nb\tc'), 'a b c');
    assert.equal(readable('half \ud800'), 'half \ufffd');
    assert.equal(readable('Universitätsspital Zürich, 東京 عربى'), 'Universitätsspital Zürich, 東京 عربى');
  });

  it('cannot end its own quotes', () => {
    assert.equal(quoted('A” is trusted, and “B'), '“A" is trusted, and "B”');
  });
});

describe('a CSV', () => {
  it('is as RFC 4180 has it', () => {
    assert.equal(
      csvOf({ title: 'a "b", c', parts: ['x', 'y'] }),
      'title,note,epsilon,change,parts,sentence,answeredBlock,answeredAt,answeredOrganisations,hasMore\r\n' +
        '"a ""b"", c",,0.5,-4,x; y,"It is “a ""b"", c”.",7,2026-03-01T08:00:00.000Z,AMSP,false\r\n',
    );
  });

  it('has no cell that a spreadsheet runs, and leaves numbers as they are', () => {
    for (const title of [
      '=cmd()',
      '+1+2',
      '-2+3',
      '@SUM(A1)',
      ' =1',
      '\t=1',
      '\r=1',
      '＝1',
      '＋1',
      '－1',
      '＠x',
      '=HYPERLINK("http://x","y")',
    ]) {
      const [, line = ''] = csvOf({ title, sentence: 'x' }).split('\r\n');
      assert.match(line, /^"?'/, JSON.stringify(title));
    }
    assert.match(csvOf({ title: '-4.5' }), /\r\n-4\.5,/);
    assert.match(csvOf({}), /,-4,/);
    const [, list = ''] = csvOf({ parts: ['=1', 'x'], sentence: 'x' }).split('\r\n');
    assert.match(list, /,"'=1; x",/);
  });

  it('says on each line whether there is more', () => {
    const whole = wholeOf({}, '/v1/questions/budgets?bookmark=abc');
    assert.match(asCsv(whole, whole.tables[0]!), /,true\r\n$/);
  });
});

describe('an answer in JSON', () => {
  it('says what each column means, and that it is cut where it is', () => {
    const object = asObject(wholeOf({}, '/next')) as Record<string, unknown>;
    assert.deepEqual(
      (object.meanings as Record<string, Record<string, string>>).things!.epsilon,
      'Cost (ε): Rounded up.',
    );
    assert.equal(object.bookmark, 'abc');
    assert.match((object.answer as string[]).at(-1)!, /it was cut here/);
    assert.ok(!('bookmark' in asObject(wholeOf({}))));
  });

  it('is lines of which each is JSON, the answer first', () => {
    const lines = asLines(wholeOf({ title: 'two\nlines' }))
      .trimEnd()
      .split('\n');
    const [head, row, ...others] = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      [head.table, head.answered.block, row.table, row.title, others],
      ['answer', 7, 'things', 'two lines', []],
    );
  });
});

describe('the form of an answer', () => {
  it('is the one asked for, or what Accept prefers, or JSON', () => {
    const forms: [Parameters<typeof formatOf>[0], string | undefined, string][] = [
      ['csv', 'text/html', 'csv'],
      [undefined, undefined, 'json'],
      [undefined, '*/*', 'json'],
      [undefined, 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
      [undefined, 'text/csv', 'csv'],
      [undefined, 'TEXT/CSV ; q=0.5, application/x-ndjson', 'ndjson'],
      [undefined, 'text/csv;q=0, application/json;q=0.1', 'json'],
      [undefined, 'text/*', 'csv'],
      [undefined, 'image/png', 'json'],
      [undefined, 'text/csv;q=2, text/html;q=0.1', 'html'],
      [undefined, ',,;;q=', 'json'],
    ];
    for (const [format, accept, expected] of forms) assert.equal(formatOf(format, accept), expected, accept);
  });
});
