import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_ROWS } from '../lowering/block-sums.ts';
import { addsRowsInOrder, isInOrder } from './row-order.ts';

/** Adds in float32. */
const add = (terms: readonly number[]): number => terms.reduce((sum, term) => Math.fround(sum + term));

function blocksOf(terms: readonly number[], size: number): number[][] {
  const count = Math.ceil(terms.length / size);
  return Array.from({ length: count }, (_, i) => terms.slice(i * size, (i + 1) * size));
}

function addInPairs(terms: readonly number[]): number {
  const half = Math.ceil(terms.length / 2);
  if (half === terms.length) return terms[0]!;
  return Math.fround(addInPairs(terms.slice(0, half)) + addInPairs(terms.slice(half)));
}

/** A product that adds each value's terms by the function given. */
const productOf = (sum: (terms: readonly number[]) => number, rows: number) => {
  const { left, right } = { left: 3, right: 40 };
  const multiply = async (a: Float32Array, b: Float32Array) =>
    Array.from({ length: left * right }, (_, i) => {
      const [m, n] = [Math.floor(i / right), i % right];
      return sum(Array.from({ length: rows }, (_, r) => Math.fround(a[r * left + m]! * b[r * right + n]!)));
    });
  return { rows, left, right, multiply };
};

const ROW_COUNTS = [1, 128, 129, 300, 545];

test('rows that are added block by block, from the first to the last, are in order', async () => {
  for (const rows of ROW_COUNTS) {
    const inOrder = (terms: readonly number[]) => add(blocksOf(terms, BLOCK_ROWS).map(add));
    assert.ok(await isInOrder(productOf(inOrder, rows)), `${rows} rows`);
  }
});

for (const [how, sum] of [
  ['one by one without blocks', add],
  [
    'from the last to the first',
    (terms) => add(blocksOf(terms, BLOCK_ROWS).map((own) => add(own.toReversed()))),
  ],
  ['in smaller blocks', (terms) => add(blocksOf(terms, 64).map(add))],
  ['in larger blocks', (terms) => add(blocksOf(terms, 256).map(add))],
  [
    'with blocks from the last to the first',
    (terms) => add(blocksOf(terms, BLOCK_ROWS).map(add).toReversed()),
  ],
  ['with blocks in pairs', (terms) => addInPairs(blocksOf(terms, BLOCK_ROWS).map(add))],
  ['in pairs within a block', (terms) => add(blocksOf(terms, BLOCK_ROWS).map(addInPairs))],
  [
    'every other one by itself',
    (terms) =>
      add(
        blocksOf(terms, BLOCK_ROWS).map((own) =>
          add([0, 1].map((odd) => add([0, ...own.filter((_, i) => i % 2 === odd)]))),
        ),
      ),
  ],
] as const satisfies readonly (readonly [string, (terms: readonly number[]) => number])[]) {
  test(`rows that are added ${how} are not in order`, async () => {
    assert.equal(await isInOrder(productOf(sum, 545)), false);
  });
}

test('the order for many rows is the order for fewer', async (t) => {
  for (const threads of [1, 2]) {
    for (const widths of [
      { left: 70, right: 300 },
      { left: 1, right: 90 },
      { left: 10, right: 64 },
    ]) {
      if (!(await addsRowsInOrder(1300, widths, threads))) {
        t.skip('this machine adds rows in another order');
        return;
      }
      for (let rows = 2; rows < 1300; rows += 59) {
        assert.ok(await addsRowsInOrder(rows, widths, threads), `${rows} rows, ${threads} threads`);
      }
    }
  }
});

test('the order is looked at once for each size, and again for the oldest of many', async () => {
  const [rows, widths] = [200, { left: 3, right: 5 }];
  const first = addsRowsInOrder(rows, widths, 1);
  assert.equal(addsRowsInOrder(rows, { ...widths }, 1), first);
  assert.notEqual(addsRowsInOrder(rows, { left: 5, right: 3 }, 1), first);
  assert.notEqual(addsRowsInOrder(rows, widths, 2), first);
  for (let other = 2; other < 260; other++) await addsRowsInOrder(other, { left: 1, right: 1 }, 1);
  const again = addsRowsInOrder(rows, widths, 1);
  assert.notEqual(again, first);
  assert.equal(await again, await first);
});
