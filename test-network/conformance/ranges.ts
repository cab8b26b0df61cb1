/** Ranges, composite keys and pages: order, bounds and bookmarks. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusal } from './outcome.ts';
import type { Subject } from './subject.ts';

interface Page {
  readonly keys: string[];
  readonly fetched: number;
  readonly bookmark: string;
}

export function ranges(subject: () => Subject): void {
  describe('ranges and pages', { concurrency: 8 }, () => {
    it('reads a range in byte order, the start included and the end excluded', async () => {
      const { a, probe, prefix } = await filled(subject(), ['a', 'B', 'c', 'é', 'z', '🔑', '\uffee']);
      const rows = JSON.parse(
        await a.evaluate(probe, 'range', { args: [`${prefix}a`, `${prefix}\u{10ffff}`] }),
      );
      const keys = rows.map((row: { key: string }) => row.key.slice(prefix.length));
      assert.deepEqual(keys, ['a', 'c', 'z', 'é', '\uffee', '🔑']);
      const few = JSON.parse(await a.evaluate(probe, 'range', { args: [`${prefix}B`, `${prefix}c`] }));
      assert.deepEqual(
        few.map((row: { key: string }) => row.key.slice(prefix.length)),
        ['B', 'a'],
      );
    });

    it('finds nothing where the end is before the start', async () => {
      const { a, probe, prefix } = await filled(subject(), ['a', 'b']);
      assert.equal(await a.evaluate(probe, 'range', { args: [`${prefix}b`, `${prefix}a`] }), '[]');
    });

    it('does not see, in a range, what the same transaction wrote', async () => {
      const { a, probe, prefix } = await filled(subject(), ['a']);
      const end = `${prefix}~`;
      const committed = await a.must(probe, 'countInto', { args: [prefix, end, `${prefix}b`] });
      assert.equal(committed.result, '1');
    });

    it('pages through a range by bookmark, and ends with an empty one', async () => {
      const { a, probe, prefix } = await filled(subject(), ['wa', 'wb', 'wc', 'wd', 'we']);
      const page = async (bookmark: string): Promise<Page> =>
        JSON.parse(
          await a.evaluate(probe, 'rangePage', { args: [`${prefix}w`, `${prefix}x`, '2', bookmark] }),
        );
      const first = await page('');
      assert.deepEqual(first, pageOf(prefix, ['wa', 'wb'], `${prefix}wc`));
      const second = await page(first.bookmark);
      assert.deepEqual(second, pageOf(prefix, ['wc', 'wd'], `${prefix}we`));
      const third = await page(second.bookmark);
      assert.deepEqual(third, pageOf(prefix, ['we'], ''));
    });

    it('gives an empty bookmark where the last page is just full', async () => {
      const { a, probe, prefix } = await filled(subject(), ['wa', 'wb', 'wc', 'wd']);
      const args = [`${prefix}w`, `${prefix}x`, '2', `${prefix}wc`];
      assert.deepEqual(
        JSON.parse(await a.evaluate(probe, 'rangePage', { args })),
        pageOf(prefix, ['wc', 'wd'], ''),
      );
    });

    it('gives an empty page of an empty range, without any metadata', async () => {
      const { a, probe } = subject();
      const prefix = subject().key();
      const page = JSON.parse(
        await a.evaluate(probe, 'rangePage', { args: [prefix, `${prefix}~`, '5', ''] }),
      );
      assert.deepEqual(page, { keys: [], fetched: null, bookmark: null });
    });

    it('reads to the very end where no end is given', async () => {
      const { a, probe } = subject();
      const key = `\u{10fffd}${subject().key()}`;
      await a.must(probe, 'put', { args: [key, 'v'] });
      const rows = JSON.parse(await a.evaluate(probe, 'range', { args: [key, ''] }));
      assert.deepEqual(rows[0], { key, value: 'v' });
    });

    it('takes a bookmark for the start, even one outside the range', async () => {
      const { a, probe, prefix } = await filled(subject(), ['a', 'b']);
      const page = async (start: string, bookmark: string) => {
        const args = [`${prefix}${start}`, `${prefix}c`, '5', `${prefix}${bookmark}`];
        return JSON.parse(await a.evaluate(probe, 'rangePage', { args }));
      };
      assert.deepEqual(await page('a', 'z'), { keys: [], fetched: null, bookmark: null });
      assert.deepEqual(await page('b', 'a'), pageOf(prefix, ['a', 'b'], ''));
    });

    it('takes a page of no rows for no paging, and of fewer than none for all rows', async () => {
      const { a, probe, prefix } = await filled(subject(), ['a']);
      const page = async (size: string) =>
        JSON.parse(await a.evaluate(probe, 'rangePage', { args: [prefix, `${prefix}~`, size, ''] }));
      assert.deepEqual(await page('0'), { keys: [`${prefix}a`], fetched: null, bookmark: null });
      assert.deepEqual(await page('-1'), pageOf(prefix, ['a'], ''));
    });

    it('starts at a bookmark that is no longer there with the next key', async () => {
      const { a, probe, prefix } = await filled(subject(), ['wa', 'wb', 'wc']);
      await a.must(probe, 'delete', { args: [`${prefix}wb`] });
      const args = [`${prefix}w`, `${prefix}x`, '2', `${prefix}wb`];
      assert.deepEqual(
        JSON.parse(await a.evaluate(probe, 'rangePage', { args })),
        pageOf(prefix, ['wc'], ''),
      );
    });

    it('gives every row of a page of more rows than a peer sends at once', async () => {
      const { a, probe } = subject();
      const prefix = subject().key();
      const names = Array.from({ length: 250 }, (_, i) => String(i).padStart(3, '0'));
      const rows = Object.fromEntries(names.map((name) => [`${prefix}${name}`, name]));
      await a.must(probe, 'putAll', { args: [JSON.stringify(rows)] });
      const all = JSON.parse(await a.evaluate(probe, 'range', { args: [prefix, `${prefix}~`] }));
      assert.deepEqual(
        all.map((row: { value: string }) => row.value),
        names,
      );
      const args = [prefix, `${prefix}~`, '240', ''];
      const page = JSON.parse(await a.evaluate(probe, 'rangePage', { args }));
      assert.deepEqual(page, pageOf(prefix, names.slice(0, 240), `${prefix}240`));
    });

    it('reads composite keys by their first parts, broad to specific', async () => {
      const { a, probe } = subject();
      const type = `type${subject().key()}`;
      for (const parts of [
        ['x', '1'],
        ['x', '2'],
        ['xy', '1'],
        ['y', '1'],
      ]) {
        await a.must(probe, 'putComposite', { args: [type, JSON.stringify(parts), parts.join('')] });
      }
      const read = async (parts: string[]) =>
        JSON.parse(await a.evaluate(probe, 'partial', { args: [type, JSON.stringify(parts)] }));
      assert.deepEqual(await read(['x']), [
        [['x', '1'], 'x1'],
        [['x', '2'], 'x2'],
      ]);
      assert.equal((await read([])).length, 4);
      assert.deepEqual(await read(['x', '1']), [[['x', '1'], 'x1']]);
      assert.deepEqual(await read(['z']), []);
    });

    it('pages through composite keys', async () => {
      const { a, probe } = subject();
      const type = `type${subject().key()}`;
      for (const part of ['p', 'q', 'r']) {
        await a.must(probe, 'putComposite', { args: [type, JSON.stringify([part]), part] });
      }
      const page = async (bookmark: string) =>
        JSON.parse(await a.evaluate(probe, 'partialPage', { args: [type, '2', bookmark] }));
      const first = await page('');
      assert.deepEqual(first.keys, [['p'], ['q']]);
      assert.equal(first.fetched, 2);
      assert.equal(first.bookmark, `\u0000${type}\u0000r\u0000`);
      assert.deepEqual(await page(first.bookmark), { keys: [['r']], fetched: 1, bookmark: '' });
    });

    it('keeps composite keys out of ranges of simple keys', async () => {
      const { a, probe } = subject();
      const type = `type${subject().key()}`;
      await a.must(probe, 'putComposite', { args: [type, '["p"]', 'v'] });
      const rows = JSON.parse(await a.evaluate(probe, 'range', { args: ['', `${type}~`] }));
      assert.ok(rows.every((row: { key: string }) => !row.key.startsWith('\u0000')));
    });

    it('does not let a transaction write after it has asked for a page', async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.commit(probe, 'pageThenPut', { args: [subject().key(), 'v'] }));
      assert.equal(answer.error, 'EndorseError');
      assert.equal(answer.code, 10);
      assert.match(
        answer.details[0]!,
        /Transaction has already performed a paginated query\. Writes are not allowed$/,
      );
    });

    it('does not let a transaction ask for a page after it has written', async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.commit(probe, 'putThenPage', { args: [subject().key(), 'v'] }));
      assert.equal(answer.error, 'EndorseError');
      assert.match(answer.details[0]!, /Paginated queries are supported only in a read-only transaction$/);
    });
  });
}

async function filled(subject: Subject, names: readonly string[]) {
  const { a, probe } = subject;
  const prefix = subject.key();
  const rows = Object.fromEntries(names.map((name) => [`${prefix}${name}`, name]));
  await a.must(probe, 'putAll', { args: [JSON.stringify(rows)] });
  return { a, probe, prefix };
}

function pageOf(prefix: string, names: readonly string[], bookmark: string): Page {
  return { keys: names.map((name) => `${prefix}${name}`), fetched: names.length, bookmark };
}
