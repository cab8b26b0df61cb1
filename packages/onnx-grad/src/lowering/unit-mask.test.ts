import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { UnitMask } from './unit-mask.ts';

const LIMIT = 2 ** 100;

/** What the mask makes of units' weights of 3, and of factors of two values each. */
async function masked(squares: readonly number[], factors: readonly number[], isGradual: boolean) {
  const units = squares.length;
  const writer = new GraphWriter();
  const mask = new UnitMask(writer, { units, squares: 'squares', largestSquare: LIMIT, isGradual });
  writer.emitAs('weights', 'Identity', [mask.weights(writer.doubleColumn(units, 3))]);
  writer.emitAs('factors', 'Identity', [mask.factor('own', { width: 2 })]);
  const bytes = writer.finish({
    name: 'mask',
    inputs: [
      valueInfo('squares', { elementType: 'double', shape: [units, 1] }),
      valueInfo('own', { elementType: 'float', shape: [units, 2] }),
    ],
    outputs: [
      valueInfo('weights', { elementType: 'double', shape: [units, 1] }),
      valueInfo('factors', { elementType: 'float', shape: [units, 2] }),
    ],
  });
  const session = await openSession(bytes, { threads: 1 });
  const outputs = await session.run({
    squares: { type: 'float64', shape: [units, 1], data: Float64Array.from(squares) },
    own: { type: 'float32', shape: [units, 2], data: Float32Array.from(factors) },
  });
  await session.close();
  return { weights: [...outputs.weights!.data], factors: [...outputs.factors!.data] };
}

const { NaN: nan, POSITIVE_INFINITY: infinite } = Number;

test('a unit beyond the limit, or with NaN, has weight 0 and has the factors of the last unit', async () => {
  const squares = [1, nan, infinite, LIMIT * (1 + 2 ** -52), LIMIT, 0];
  const own = [1, 2, nan, 4, infinite, 6, 7, -infinite, 9, 10, 0.5, 0.25];
  const { weights, factors } = await masked(squares, own, false);
  assert.deepEqual(weights, [3, 0, 0, 0, 3, 3]);
  assert.deepEqual(factors, [1, 2, 0.5, 0.25, 0.5, 0.25, 0.5, 0.25, 9, 10, 0.5, 0.25]);
});

test('a gradual mask leaves weights alone up to half of the limit, and lets them fall to 0 at it', async () => {
  const shares = [0, 2 ** -60, 0.25, 0.5, 0.75, 0.875, 1, nan];
  const squares = shares.map((share) => share * LIMIT);
  const { weights } = await masked(squares, new Array<number>(16).fill(1), true);
  assert.deepEqual(weights, [3, 3, 3, 3, 1.5, 0.75, 0, 0]);
});

test('rounding of a unit’s squares changes its weight by at most twice as much, also at the limit', async () => {
  const moved = 2 ** -40;
  for (const share of [0.5, 0.6, 0.9, 1 - moved, 1, 1 + moved]) {
    const squares = [share * LIMIT, share * (1 + moved) * LIMIT, share * (1 - moved) * LIMIT, 0];
    const { weights } = await masked(squares, new Array<number>(8).fill(1), true);
    const [own, more, less] = weights as [number, number, number];
    for (const other of [more, less]) assert.ok(Math.abs(other - own) <= 2.1 * moved * share * 3, `${share}`);
  }
  // A mask that is not gradual decides by rounding there.
  const { weights } = await masked([LIMIT, LIMIT * (1 + moved), 0], new Array<number>(6).fill(1), false);
  assert.deepEqual(weights, [3, 0, 3]);
});
