import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ControlVariates, controlShift, meanVariate } from './control-variates.ts';
import { ParameterFormatError, parameterBytes } from './parameter-lattice.ts';
import { type FederationPlan, initialModel, nextModel, type SharedModel } from './shared-model.ts';
import {
  decodeSharedModel,
  encodeSharedModel,
  hashSharedModel,
  mostSharedModelBytes,
} from './shared-model-bytes.ts';
import { FIXED, LENGTH, modelsOf, type Run, SCAFFOLD, ZERO } from './testing/federated-runs.ts';

const scaffoldHashes = (run: Run, between?: (model: SharedModel, round: number) => SharedModel) => {
  let round = 0;
  return modelsOf(SCAFFOLD, run, (model) => between?.(model, ++round) ?? model).map((model) =>
    hashSharedModel(model, SCAFFOLD),
  );
};
const changed = (variates: ControlVariates, site: string, value: Int32Array | undefined) => {
  const next = new Map(variates);
  if (value === undefined) next.delete(site);
  else next.set(site, value);
  return next;
};

for (const [title, between] of [
  ['forgets the control variates', (model: SharedModel) => ({ ...model, variates: new Map() })],
  [
    'mixes two hospitals’ variates up',
    (model: SharedModel) => ({
      ...model,
      variates: changed(
        changed(model.variates!, 'north', model.variates!.get('south')),
        'south',
        model.variates!.get('north'),
      ),
    }),
  ],
  [
    'forgets the variate of a hospital that misses the round',
    (model: SharedModel) => ({ ...model, variates: changed(model.variates!, 'east', undefined) }),
  ],
] as const) {
  test(`whoever ${title} attests another hash`, () => {
    const honest = scaffoldHashes(FIXED);
    // The second round is the one that east misses.
    const wrong = scaffoldHashes(FIXED, (model, round) => (round === 2 ? between(model) : model));
    assert.equal(wrong[0], honest[0]);
    assert.notEqual(wrong[1], honest[1]);
  });
}

test('control variates average to their mean, whoever missed, joined or left', () => {
  const deltas = [Int32Array.of(800, -40, 7), Int32Array.of(-5, 60, 900), Int32Array.of(1000, 1, -1)];
  const sitesOf = (...names: string[]) => names.map((site) => ({ site, weight: 100 }));
  const update = (site: string, i: number) => ({ site, delta: deltas[i]! });
  let before = initialModel(ZERO, SCAFFOLD);
  const go = (sites: ReturnType<typeof sitesOf>, updates: ReturnType<typeof update>[]) => {
    before = nextModel(SCAFFOLD, { before, sites, updates });
    return before.variates!;
  };
  const first = go(sitesOf('a', 'b', 'c'), [update('a', 0), update('b', 1)]);
  assert.deepEqual(
    [...first],
    [
      ['a', deltas[0]!.map((value) => -value)],
      ['b', deltas[1]!.map((value) => -value)],
    ],
  );
  assert.deepEqual(meanVariate(first, sitesOf('a', 'b', 'c'), LENGTH), Int32Array.of(-265, -7, -302));
  const second = go(sitesOf('a', 'b', 'c'), [update('c', 2)]);
  assert.deepEqual(second.get('a'), first.get('a'), 'who misses a round keeps its variate');
  assert.deepEqual(second.get('c'), Int32Array.of(265 - 1000, 7 - 1, 302 + 1));
  const third = go(sitesOf('a', 'd'), [update('a', 0)]);
  assert.deepEqual([...third.keys()], ['a'], 'who left has none any more, and who joined none yet');
  assert.deepEqual(
    controlShift(third, { site: 'd', sites: sitesOf('a', 'd'), parameterCount: LENGTH, reach: 2 }),
    Float64Array.from(meanVariate(third, sitesOf('a', 'd'), LENGTH), (value) => value / 2 ** 21),
  );
});

test('a hospital whose variate grows too long has it reset', () => {
  const plan: FederationPlan = { ...SCAFFOLD, control: { maxNormL2: 1 } };
  const sites = [
    { site: 'a', weight: 1 },
    { site: 'b', weight: 1 },
  ];
  const push = { site: 'a', delta: Int32Array.of(-(2 ** 20), 0, 0) };
  const models: SharedModel[] = [initialModel(ZERO, plan)];
  for (let round = 0; round < 2; round++) {
    models.push(nextModel(plan, { before: models.at(-1)!, sites, updates: [push] }));
  }
  assert.deepEqual(models[1]!.variates!.get('a'), Int32Array.of(2 ** 20, 0, 0));
  // 2^20 - 2^19 + 2^20 is longer than 1.
  assert.equal(models[2]!.variates!.has('a'), false);
  const far = { site: 'a', delta: Int32Array.of(-(2 ** 31), 0, 0) };
  const out = nextModel(SCAFFOLD, { before: initialModel(ZERO, SCAFFOLD), sites, updates: [far] });
  assert.equal(out.variates!.has('a'), false, 'it leaves the lattice');
});

test('variates in another order, cut short or with more behind are refused', () => {
  const model = modelsOf(SCAFFOLD, FIXED)[2]!;
  const bytes = encodeSharedModel(model, SCAFFOLD);
  assert.ok(bytes.length < mostSharedModelBytes(SCAFFOLD, { parameterCount: LENGTH, sites: 3 }));
  const start = parameterBytes(LENGTH);
  const entry = 1 + 'east'.length + 4 * LENGTH;
  const swapped = Buffer.concat([
    bytes.subarray(0, start + 12),
    bytes.subarray(start + 12 + entry),
    bytes.subarray(start + 12, start + 12 + entry),
  ]);
  const refused = [swapped, bytes.subarray(0, -1), Uint8Array.of(...bytes, 0), bytes.with(start + 8, 4)];
  for (const wrong of [...refused, ...[0, 1, 2, 3, 4, 5, 6, 7].map((at) => bytes.with(start + at, 9))]) {
    assert.throws(() => decodeSharedModel(wrong, SCAFFOLD, LENGTH), ParameterFormatError);
  }
});
