import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { type WrittenTransaction, written, writtenHistory } from '../testing/written-history.ts';
import { INDEX_SCHEMA } from './index-schema.ts';
import { LOOKED_AT_MAX, type TransactionFilter } from './ledger-search.ts';
import { stretchesOf } from './places-in-time.ts';

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString();

const sent = (minute: number, more: Partial<WrittenTransaction> = {}): WrittenTransaction => ({
  at: at(minute),
  writes: [],
  ...more,
});

const of = (mspId: string) => ({ sender: { mspId, role: undefined, person: undefined } });

describe('who looks through the ledger', () => {
  const index = writtenHistory([
    sent(0, {
      name: 'member:register',
      argument: { title: 'Alpha' },
      writes: [written('member', ['AMSP'], {})],
    }),
    sent(1, { ...of('AMSP'), argument: { studyId: 's' } }),
    sent(2, { ...of('BMSP'), argument: { studyId: 's', datasetId: 'd' }, name: 'study:consent' }),
    sent(3, { ...of('BMSP'), argument: { studyId: 's2' }, code: 'MVCC_READ_CONFLICT' }),
    sent(4, {
      ...of('AMSP'),
      argument: { studyId: 's' },
      name: 'round:open',
      writes: [written('round', ['s', '1'], {})],
    }),
  ]);
  const { search } = index.history;
  after(() => index.close());
  const blocks = (filter: TransactionFilter, range = { limit: 10 }) =>
    search.transactions(filter, range).items.map(({ block }) => block);

  it('finds blocks newest first, page by page, each with who agrees on it', () => {
    const [first, second] = search.blocks({ limit: 2 });
    assert.deepEqual([first!.number, second!.number], [4, 3]);
    assert.deepEqual([second!.transactions, second!.withoutEffect, second!.agreed], [1, 0, ['Org1MSP']]);
    assert.deepEqual(first!.previousHash, second!.hash);
    assert.deepEqual(
      search.blocks({ before: 3, limit: 10 }).map(({ number }) => number),
      [2, 1, 0],
    );
    assert.equal(search.block(0)!.previousHash, undefined);
    assert.equal(search.block(5), undefined);
    assert.equal(search.block(0)!.at, at(0));
  });

  it('finds transactions by hospital, name, id, block, time and effect, and by several at once', () => {
    assert.deepEqual(blocks({}), [4, 3, 2, 1, 0]);
    assert.deepEqual(blocks({ mspId: 'AMSP' }), [4, 1]);
    assert.deepEqual(blocks({ name: 'study:consent' }), [2]);
    assert.deepEqual(blocks({ subjectId: 's' }), [4, 2, 1]);
    assert.deepEqual(blocks({ subjectId: 'd' }), [2]);
    assert.deepEqual(blocks({ subjectId: 'AMSP' }), [0], 'by the row that it wrote');
    assert.deepEqual(blocks({ subjectId: '1' }), [], 'a number is no id');
    assert.deepEqual(blocks({ tookEffect: false }), [3]);
    assert.deepEqual(blocks({ subjectId: 's2', tookEffect: true }), []);
    assert.deepEqual(blocks({ block: 2 }), [2]);
    assert.deepEqual(blocks({ block: 9 }), []);
    assert.deepEqual(blocks({ from: at(1), to: at(3) }), [2, 1]);
    assert.deepEqual(blocks({ from: at(9) }), []);
    assert.deepEqual(blocks({ subjectId: 's', mspId: 'AMSP', from: at(2) }), [4]);
  });

  it('gives each once over pages', () => {
    const seen: number[] = [];
    for (let before: number | undefined; ; ) {
      const page = search.transactions({ subjectId: 's' }, { before, limit: 1 });
      seen.push(...page.items.map(({ block }) => block));
      before = page.before;
      if (before === undefined) break;
    }
    assert.deepEqual(seen, [4, 2, 1]);
  });

  it('looks at so many for one page and no more, and says where to go on', () => {
    const long = writtenHistory([
      sent(0, { ...of('AMSP') }),
      ...Array.from({ length: LOOKED_AT_MAX + 10 }, (_, minute) => sent(minute, of('BMSP'))),
    ]);
    const filter = { mspId: 'AMSP', name: 'study:propose' };
    const first = long.history.search.transactions(filter, { limit: 10 });
    assert.deepEqual(first.items, []);
    const second = long.history.search.transactions(filter, { before: first.before, limit: 10 });
    assert.deepEqual([second.items.map(({ block }) => block), second.before], [[0], undefined]);
    assert.deepEqual(long.history.search.transactions({ mspId: 'AMSP' }, { limit: 10 }).items.length, 1);
    long.close();
  });

  describe('in a period', () => {
    const DAY_MS = 24 * 3_600_000;
    const DAYS = 1000;
    const START = Date.UTC(2020, 0, 1, 12);
    const dayAt = (day: number): string => new Date(START + day * DAY_MS).toISOString();
    /** One transaction a day; each tenth took no effect, and claims to be of the year 1, or 9999. */
    const long = writtenHistory(
      Array.from({ length: DAYS }, (_, day) =>
        day % 10 === 9
          ? {
              ...{ at: day % 20 === 9 ? '0001-01-01T00:00:00.000Z' : '9999-12-31T00:00:00.000Z' },
              ...{ writes: [], code: 'MVCC_READ_CONFLICT' },
            }
          : { at: dayAt(day), writes: [] },
      ),
    );
    after(() => long.close());
    const of = (from: number, to: number) => ({ from: dayAt(from), to: dayAt(to) });
    const inPeriod = (from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, i) => to - 1 - i).filter((day) => day % 10 !== 9);

    it('gives each once over pages, from its newest to its oldest', () => {
      for (const [from, to] of [
        [300, 330],
        [0, 30],
        [DAYS - 30, DAYS],
        [10, 900],
      ] as const) {
        const pages: number[][] = [];
        for (let before: number | undefined; ; ) {
          const page = long.history.search.transactions(of(from, to), { before, limit: 13 });
          pages.push(page.items.map(({ block }) => block));
          before = page.before;
          if (before === undefined) break;
        }
        const expected = inPeriod(from, to);
        assert.deepEqual(pages.flat(), expected, `${from} to ${to}`);
        assert.equal(pages.length, Math.ceil(expected.length / 13), 'no page is empty');
      }
    });

    it('finds times that no clock has, at both ends', () => {
      const found = (filter: TransactionFilter) =>
        long.history.search.transactions(filter, { limit: DAYS }).items.map(({ block }) => block);
      const odd = inOrder((day) => day % 20 === 9);
      assert.deepEqual(found({ to: '1969-01-01T00:00:00.000Z' }), odd);
      assert.deepEqual(
        found({ from: '2500-01-01T00:00:00.000Z' }),
        inOrder((day) => day % 20 === 19),
      );
      assert.equal(found({ from: dayAt(0), to: dayAt(DAYS) }).length, 0.9 * DAYS);
      assert.deepEqual(found({ from: dayAt(9), to: dayAt(10) }), []);
    });
    const inOrder = (is: (day: number) => boolean): number[] =>
      Array.from({ length: DAYS }, (_, i) => DAYS - 1 - i).filter(is);

    it('looks for its ends in few rows, however long it is, and at no time of a transaction outside of a page', (t) => {
      const statements: string[] = [];
      const prepare = t.mock.method(long.database, 'prepare', (sql: string) => {
        statements.push(sql);
        return prepared(sql);
      });
      const prepared = DatabaseSync.prototype.prepare.bind(long.database);
      long.history.search.transactions({ from: dayAt(0), name: 'none' }, { limit: 10 });
      prepare.mock.restore();
      const plans = statements.flatMap((sql) =>
        prepared(`EXPLAIN QUERY PLAN ${sql}`)
          .all()
          .map(({ detail }) => String(detail)),
      );
      assert.ok(
        plans.some((plan) =>
          /^SEARCH places_in_time USING PRIMARY KEY \(days=\? AND number>\? AND number<\?\)/.test(plan),
        ),
        plans.join('\n'),
      );
      for (const plan of plans) {
        assert.doesNotMatch(plan, /transactions_by_time|SCAN (transactions|t|places_in_time)\b/);
      }
      const rows = stretchesOf(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).concat(
        stretchesOf(START, START + 300 * 365 * DAY_MS),
      );
      assert.ok(rows.reduce((sum, { from, to }) => sum + to - from, 0) < 1600);
    });

    it('is covered by stretches that meet, and reach from its first day to its last', () => {
      for (const [since, until] of [
        [START, START + 1],
        [START, START + 2000 * DAY_MS],
        [0, 256 * DAY_MS],
        [255 * DAY_MS, 513 * DAY_MS],
        [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      ] as const) {
        const days = stretchesOf(since, until).map(({ days: each, from, to }) => [each * from, each * to]);
        const clamped = (ms: number) => Math.min(Math.max(Math.floor(ms / DAY_MS), 0), 2 ** 17 - 1);
        assert.equal(days[0]![0], clamped(since));
        assert.equal(days.at(-1)![1], clamped(until - 1) + 1);
        for (const [i, [from]] of days.entries()) if (i > 0) assert.equal(from, days[i - 1]![1]);
      }
    });
  });

  it('compares nothing that is behind what members make long, which SQLite would read past in each row', () => {
    const database = new DatabaseSync(':memory:');
    database.exec(INDEX_SCHEMA);
    const columns = database.prepare('PRAGMA table_info(transactions)').all();
    assert.deepEqual(
      columns.slice(-2).map(({ name }) => name),
      ['argument', 'rows'],
    );
    database.close();
  });

  it('says of each what its argument names, and reads no argument to do so', () => {
    const [opened, , consented] = search.transactions({}, { limit: 3 }).items;
    assert.deepEqual(opened!.subjects, [{ kind: 'study', id: 's' }]);
    assert.deepEqual(consented!.subjects, [
      { kind: 'study', id: 's' },
      { kind: 'dataset', id: 'd' },
    ]);
    assert.ok(!('argument' in opened!) && !('rows' in opened!));
  });

  it('ends a page at its last match, also where as many were looked at as for a whole page', () => {
    const even = writtenHistory(
      Array.from({ length: LOOKED_AT_MAX + 1 }, (_, minute) =>
        sent(minute, of(minute < 2 ? 'AMSP' : 'BMSP')),
      ),
    );
    const pages: [items: number[], before: number | undefined][] = [];
    for (let before: number | undefined; ; before = pages.at(-1)![1]) {
      const filter = { mspId: 'AMSP', tookEffect: true, from: at(0) };
      const page = even.history.search.transactions(
        { ...filter, name: 'study:propose' },
        { before, limit: 1 },
      );
      pages.push([page.items.map(({ block }) => block), page.before]);
      if (page.before === undefined) break;
    }
    assert.deepEqual(
      pages.map(([items]) => items),
      [[1], [0]],
    );
    even.close();
  });

  it('is not led astray by what a member writes into an argument', () => {
    const odd = writtenHistory([
      sent(0, { argument: { studyId: { $ne: 1 }, datasetId: ['a'], title: 's' } }),
      sent(1, {
        argument: Object.fromEntries(
          Array.from({ length: 99 }, (_, i) => [
            `x${'abcdefghij'[i % 10]}${'klmnopqrst'[Math.floor(i / 10)]}Id`,
            `id-${i}`,
          ]),
        ),
      }),
      sent(2, { argument: { studyId: "s' OR 1=1 --" } }),
      sent(3, { argument: { studyId: 'x'.repeat(200) } }),
    ]);
    const found = (subjectId: string) =>
      odd.history.search.transactions({ subjectId }, { limit: 10 }).items.map(({ block }) => block);
    assert.deepEqual([found('s'), found('a'), found('id-0'), found('id-98')], [[], [], [1], []]);
    assert.deepEqual([found("s' OR 1=1 --"), found('x'.repeat(200))], [[2], []]);
    odd.close();
  });
});
