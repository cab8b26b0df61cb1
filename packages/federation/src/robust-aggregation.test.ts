import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGGREGATION_RULES, type AggregationRule, fewestUpdates } from '@consilium/domain';
import fc from 'fast-check';
import { AggregationRefusedError } from './aggregation.ts';
import { aggregationOf } from './aggregation-rules.ts';
import { integerSquareRoot, squaredDistance } from './integer-arithmetic.ts';
import { hashParameters } from './parameter-lattice.ts';

const LENGTH = 4;
const ROBUST = AGGREGATION_RULES.filter((rule) => rule !== 'fedavg');
const vector = (reach: number) =>
  fc
    .array(fc.integer({ min: -reach, max: reach }), { minLength: LENGTH, maxLength: LENGTH })
    .map((values) => Int32Array.from(values));
const updates = (reach: number, minLength = 5) =>
  fc.array(fc.record({ weight: fc.integer({ min: 1, max: 9 }), delta: vector(reach) }), {
    minLength,
    maxLength: 9,
  });
const base = new Int32Array(LENGTH);
const repeated = (value: number) => ({ weight: 1, delta: new Int32Array(LENGTH).fill(value) });

test('squared distances and square roots are exact up to the ends of int32', () => {
  fc.assert(
    fc.property(vector(2 ** 31 - 1), vector(2 ** 31 - 1), (a, b) => {
      const exact = a.reduce((sum, value, i) => sum + (BigInt(value) - BigInt(b[i]!)) ** 2n, 0n);
      assert.equal(squaredDistance(a, b), exact);
      const root = integerSquareRoot(exact);
      assert.ok(root * root <= exact && (root + 1n) * (root + 1n) > exact);
    }),
  );
  const long = new Int32Array(2 ** 19).fill(-(2 ** 31));
  const far = new Int32Array(2 ** 19).fill(2 ** 31 - 1);
  assert.equal(squaredDistance(long, far), BigInt(2 ** 19) * (2n ** 32n - 1n) ** 2n);
});

for (const rule of AGGREGATION_RULES) {
  test(`${rule}: the order of the updates changes no bit, ties included`, () => {
    const withOrder = updates(3).chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(withOrder, ([list, reordered]) => {
        const aggregate = aggregationOf(rule, { faulty: 1 });
        const hash = hashParameters(aggregate({ base, updates: list }));
        assert.equal(hashParameters(aggregate({ base, updates: reordered })), hash);
      }),
    );
  });

  test(`${rule}: equal updates give that update`, () => {
    fc.assert(
      fc.property(vector(2 ** 20), vector(2 ** 20), (start, delta) => {
        const list = Array.from({ length: 5 }, () => ({ weight: 3, delta }));
        const result = aggregationOf(rule, { faulty: 1 })({ base: start, updates: list });
        assert.deepEqual(
          result,
          start.map((value, i) => value + delta[i]!),
        );
      }),
    );
  });
}

for (const rule of ROBUST) {
  test(`${rule}: one enormous false update among six moves the result within the honest range`, () => {
    fc.assert(
      fc.property(
        updates(1000).map((list) => list.slice(0, 5)),
        fc.constantFrom(-(2 ** 28), 2 ** 28),
        (honest, lie) => {
          const result = aggregationOf(rule, { faulty: 1 })({ base, updates: [...honest, repeated(lie)] });
          result.forEach((value) => {
            assert.ok(Math.abs(value) <= 4000, `${rule} gave ${value}`);
          });
        },
      ),
    );
  });
}

test('the average, which is not robust, fails that very test', () => {
  const list = [...Array.from({ length: 5 }, () => repeated(0)), repeated(2 ** 28)];
  assert.ok(aggregationOf('fedavg')({ base, updates: list })[0]! > 2 ** 24);
});

const totalDistance = (point: Int32Array, list: readonly { readonly delta: Int32Array }[]) =>
  list.reduce((sum, { delta }) => sum + Math.sqrt(Number(squaredDistance(delta, point))), 0);

test('the geometric median is nearer to all updates than the coordinate median from which it starts', () => {
  fc.assert(
    fc.property(updates(2 ** 20), (list) => {
      const start = totalDistance(aggregationOf('median')({ base, updates: list }), list);
      const reached = totalDistance(aggregationOf('geometric-median')({ base, updates: list }), list);
      // Rounded to whole steps in each iteration.
      assert.ok(reached <= start + 2 * LENGTH * list.length, `${reached} from ${start}`);
    }),
  );
});

test('the geometric median goes on from there to where the updates are, whatever coordinates they differ in', () => {
  const along = (axis: number) => Int32Array.from({ length: LENGTH }, (_, i) => (i === axis ? 10_000 : 0));
  const list = [...[0, 1, 2, 3].map((axis) => ({ weight: 1, delta: along(axis) })), repeated(9000)];
  const start = totalDistance(aggregationOf('median')({ base, updates: list }), list);
  const reached = totalDistance(aggregationOf('geometric-median')({ base, updates: list }), list);
  assert.ok(reached < start * 0.9, `${reached} from ${start}`);
  for (const { delta } of list) assert.ok(reached < totalDistance(delta, list));
});

test('krum leaves out the update that lies alone', () => {
  const list = [0, 2, 4, 6, 1_000_000].map(repeated);
  assert.deepEqual(
    aggregationOf('multi-krum', { faulty: 1 })({ base, updates: list }),
    new Int32Array(LENGTH).fill(3),
  );
});

test('a rule refuses numbers of hospitals at which it promises nothing, and says how many it needs', () => {
  const refusal = (rule: AggregationRule, count: number, faulty: number) => () =>
    aggregationOf(rule, { faulty })({ base, updates: Array.from({ length: count }, (_, i) => repeated(i)) });
  for (const [rule, count, faulty, needs] of [
    ['median', 2, 1, /below 3/],
    ['geometric-median', 2, 1, /below 3/],
    ['trimmed-mean', 4, 2, /at least 5/],
    ['multi-krum', 4, 1, /at least 5/],
    ['nearest-neighbour-mixing', 2, 1, /at least 3/],
  ] as const) {
    assert.throws(refusal(rule, count, faulty), (error) => {
      assert.ok(error instanceof AggregationRefusedError);
      assert.match(error.message, needs);
      return true;
    });
  }
});

test('each rule works from exactly the number of updates that the ledger asks for', () => {
  for (const rule of ROBUST) {
    for (const faulty of [1, 2]) {
      const count = fewestUpdates({ rule, faulty });
      const of = (n: number) => () =>
        aggregationOf(rule, { faulty })({ base, updates: Array.from({ length: n }, (_, i) => repeated(i)) });
      assert.doesNotThrow(of(count), rule);
      assert.throws(of(count - 1), AggregationRefusedError, rule);
    }
  }
});
