import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clipLayersOf, type PerLayerClipping } from './clip-layers.ts';

const sizes = { 'fc1.weight': 300, 'fc1.bias': 10, 'fc2.weight': 20, 'fc2.bias': 2 };
const model = {
  parameters: Object.entries(sizes).map(([name, size]) => ({ name, size, shape: [size], offset: 0 })),
};
const layersOf = (clipping: Omit<PerLayerClipping, 'kind'>, clipNormL2 = 2) =>
  clipLayersOf(model, { clipping: { kind: 'per-layer', ...clipping }, clipNormL2 });
const boundsOf = (clipping: Omit<PerLayerClipping, 'kind'>) => {
  const found = layersOf(clipping);
  assert.ok('layers' in found, 'layers were found');
  return found.layers.map(({ clipNormL2 }) => clipNormL2);
};
const near = (actual: readonly number[], expected: readonly number[]) => {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) < 1e-12);
  });
};

test('bounds are equal, by size, or as given', () => {
  near(boundsOf({ bounds: 'uniform' }), [1, 1, 1, 1]);
  const byName = [['fc1.*'], ['fc2.weight', 'fc2.bias']];
  near(boundsOf({ bounds: 'uniform', layers: byName }), [Math.SQRT2, Math.SQRT2]);
  near(
    boundsOf({ bounds: 'by-size', layers: byName }),
    [310, 22].map((size) => 2 * Math.sqrt(size / 332)),
  );
  near(boundsOf({ bounds: [3, 4], layers: byName }), [1.2, 1.6]);
  // What no layer names is a layer of its own.
  near(boundsOf({ bounds: 'uniform', layers: [['fc1.*']] }), new Array(3).fill(2 / Math.sqrt(3)));
});

test('the squares of the bounds never sum to more than the square of the clip norm', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 4, maxLength: 4 }),
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      (bounds, clipNormL2) => {
        const found = layersOf({ bounds, layers: Object.keys(sizes).map((name) => [name]) }, clipNormL2);
        assert.ok('layers' in found);
        // No double here has a bit below 2^-120: as integers, without rounding.
        const exact = (value: number) => BigInt(value * 2 ** 120) ** 2n;
        const sum = found.layers.reduce((total, layer) => total + exact(layer.clipNormL2), 0n);
        assert.ok(sum <= exact(clipNormL2));
      },
    ),
  );
});

for (const [clipping, why] of [
  [
    { bounds: 'uniform', layers: [['conv*']] },
    /no parameter matches conv\*; there are fc1\.weight, fc1\.bias/,
  ],
  [{ bounds: 'uniform', layers: [['fc1.*'], ['fc1.bias']] }, /fc1\.bias is in two of them/],
  [
    { bounds: [1], layers: [['fc1.*']] },
    /need every parameter in a layer; fc2\.weight, fc2\.bias is in none/,
  ],
] as const) {
  test(`layers that do not fit the model are refused by name (${why.source})`, () => {
    const found = layersOf(clipping);
    assert.ok('problem' in found);
    assert.match(found.problem, why);
  });
}
