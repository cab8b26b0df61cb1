import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addRdp,
  isZeroRdp,
  LEDGER_ORDERS,
  subtractRdp,
  timesRdp,
  UNBOUNDED_RDP,
  zeroRdp,
} from './rdp-vector.ts';

const vector = fc.array(fc.bigInt({ min: 0n, max: 10n ** 20n }), {
  minLength: LEDGER_ORDERS.length,
  maxLength: LEDGER_ORDERS.length,
});
const texts = (values: bigint[]) => values.map(String);

test('orders are distinct integers from 2 upwards, in order', () => {
  assert.deepEqual(
    [...LEDGER_ORDERS],
    [...new Set(LEDGER_ORDERS)].sort((a, b) => a - b),
  );
  assert.ok(LEDGER_ORDERS.every((order) => Number.isInteger(order) && order >= 2));
});

test('what is added can be taken away again, exactly', () => {
  fc.assert(
    fc.property(vector, vector, (a, b) => {
      assert.deepEqual(subtractRdp(addRdp(texts(a), texts(b)), texts(b)), texts(a));
    }),
  );
});

test('n times a cost is the cost added n times', () => {
  fc.assert(
    fc.property(vector, fc.integer({ min: 0, max: 20 }), (a, n) => {
      let sum = zeroRdp();
      for (let i = 0; i < n; i++) sum = addRdp(sum, texts(a));
      assert.deepEqual(timesRdp(texts(a), n), sum);
    }),
  );
});

test('an unbounded order absorbs what is added to it and taken from it', () => {
  const unbounded = LEDGER_ORDERS.map(() => UNBOUNDED_RDP.toString());
  const one = LEDGER_ORDERS.map(() => '1');
  assert.deepEqual(addRdp(unbounded, one), unbounded);
  assert.deepEqual(subtractRdp(unbounded, one), unbounded);
  assert.deepEqual(timesRdp(unbounded, 1000), unbounded);
});

test('taking more than there is, counting by fractions and mixing lengths are mistakes', () => {
  const one = LEDGER_ORDERS.map(() => '1');
  assert.throws(() => subtractRdp(zeroRdp(), one), RangeError);
  assert.throws(() => timesRdp(one, 0.5), RangeError);
  assert.throws(() => timesRdp(one, -1), RangeError);
  assert.throws(() => addRdp(one, ['1']), RangeError);
});

test('only a cost of zero at every order is zero', () => {
  assert.equal(isZeroRdp(zeroRdp()), true);
  assert.equal(isZeroRdp(['0', '1']), false);
});
