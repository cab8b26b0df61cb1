import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type CsvPage, collectCsv, linesOf, nextBookmark } from './collect-csv.ts';
import { questionNamed } from './question-forms.ts';

const acts = questionNamed('acts-of-day')!;
const question = { asked: { day: '2026-11-29' }, bookmark: 'not-the-first' };
const link = (bookmark: string) =>
  `</v1/questions/days/2026-11-29?format=csv&bookmark=${bookmark}>; rel="next"`;

test('pages become one file with one line of names, which says of no row that more follows', async () => {
  const pages: CsvPage[] = [
    { text: 'at,hasMore\r\n1,true\r\n"a,true",true\r\n', link: link('p2') },
    { text: 'at,hasMore\r\n3,false\r\n', link: null },
  ];
  const asked: string[] = [];
  const rows: number[] = [];
  const parts = await collectCsv(acts, question, {
    ask: async (target) => {
      asked.push(target);
      return pages[asked.length - 1]!;
    },
    onRows: (count) => rows.push(count),
  });
  assert.equal(parts.join(''), 'at,hasMore\r\n1,false\r\n"a,true",false\r\n3,false\r\n');
  assert.deepEqual(rows, [2, 3]);
  assert.doesNotMatch(asked[0]!, /bookmark/, 'from the beginning, whichever page is on the screen');
  assert.match(asked[1]!, /bookmark=p2.*table=acts&limit=1000/);
});

test('a file that is not whole is none: what fails half way is thrown, and pages in a circle end', async () => {
  let page = 0;
  const fails = collectCsv(acts, question, {
    ask: async () => {
      page += 1;
      if (page === 2) throw new Error('gone');
      return { text: 'at,hasMore\r\n1,true\r\n', link: link('p2') };
    },
  });
  await assert.rejects(fails, /gone/);
  const circle = collectCsv(acts, question, {
    ask: async () => ({ text: 'at,hasMore\r\n1,true\r\n', link: link('p2') }),
  });
  await assert.rejects(circle, RangeError);
});

test('where a page ends is read of the link, and of nothing else', () => {
  assert.equal(nextBookmark(link('WyJhIl0')), 'WyJhIl0');
  assert.equal(nextBookmark(null), undefined);
  assert.equal(nextBookmark('</v1/x?bookmark=a>; rel="prev"'), undefined);
  assert.deepEqual(linesOf('a,hasMore\r\n', true), ['a,hasMore']);
  assert.deepEqual(linesOf('a,hasMore\r\n', false), []);
});
