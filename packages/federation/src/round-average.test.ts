import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aggregateFedAvg } from './fed-avg.ts';
import { hashParameters, ParameterFormatError, parameterBytes } from './parameter-lattice.ts';
import { averagedParameters, initialAverage, takeIntoAverage } from './round-average.ts';
import { type FederationPlan, initialModel, nextModel, outcomeOf, type SharedModel } from './shared-model.ts';
import {
  decodeSharedModel,
  encodeSharedModel,
  hashSharedModel,
  mostSharedModelBytes,
} from './shared-model-bytes.ts';
import { FIXED, LENGTH, modelsOf, planOf, SCAFFOLD, SITES, ZERO } from './testing/federated-runs.ts';

const PLAIN: FederationPlan = { aggregation: aggregateFedAvg };
const PLAN: FederationPlan = { ...PLAIN, averaging: { decay: 0.9 } };
const decays = fc.oneof(
  fc.constantFrom(0, 0.5, 0.9, 0.9999),
  fc.double({ min: 0, max: 0.9999, noNaN: true }),
);
const lattice = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

/** By how much the rule in doubles and the integers differ at most, in steps of the lattice, over all rounds. */
function furthestFromDoubles(decay: number, models: readonly Int32Array[]): number {
  let doubles = Float64Array.from(models[0]!);
  let average = initialAverage(models[0]!.length);
  let furthest = 0;
  models.forEach((model, r) => {
    average = takeIntoAverage({ decay }, average, model);
    // The average of r + 1 rounds is the sum of (1 - d) d^(r - s) times model s, over 1 - d^(r + 1).
    const weight = (1 - decay) / (1 - decay ** (r + 1));
    doubles = doubles.map((before, i) => before + weight * (model[i]! - before));
    averagedParameters(average).forEach((value, i) => {
      furthest = Math.max(furthest, Math.abs(value - doubles[i]!));
    });
  });
  return furthest;
}

test('it is the exponential moving average in doubles, to half a step of the lattice', () => {
  const models = fc.array(
    fc.tuple(lattice, lattice).map((values) => Int32Array.from(values)),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(decays, models, (decay, list) => {
      // Values of 2^31 leave a double of 53 bits, and a weight of 40, some digits less than a step.
      assert.ok(furthestFromDoubles(decay, list) < 0.5 + 0.1);
    }),
    { numRuns: 60 },
  );
});

test('a thousand rounds do not lead it away from that rule', () => {
  for (const decay of [0.5, 0.99, 0.9999]) {
    const models = Array.from({ length: 1000 }, (_, r) =>
      Int32Array.of((r * 7919) % 1_000_003, r % 2 === 0 ? 2 ** 20 : -(2 ** 20), 12_345),
    );
    assert.ok(furthestFromDoubles(decay, models) < 0.5 + 0.01);
  }
});

test('it stays within the models that it is of, at the ends of the lattice too', () => {
  const ends = [-(2 ** 31), 2 ** 31 - 1];
  for (const decay of [0, 0.3, 0.9999]) {
    let average = initialAverage(2);
    for (let r = 0; r < 50; r++) {
      average = takeIntoAverage({ decay }, average, Int32Array.of(ends[r % 2]!, ends[0]!));
      const [swinging, still] = averagedParameters(average);
      assert.ok(swinging! >= ends[0]! && swinging! <= ends[1]!);
      assert.equal(still, ends[0]);
    }
  }
});

test('rounds go on from the models, the initial one has no part in the average, and that is handed over', () => {
  const start = Int32Array.of(1_000_000, -5, 77);
  const before = initialModel(start, PLAN);
  assert.deepEqual(outcomeOf(before), start, 'before the first round there is only the graph’s own');
  const averaged = modelsOf(PLAN, FIXED);
  const plain = modelsOf(PLAIN, FIXED);
  assert.deepEqual(
    averaged.map(({ parameters }) => parameters),
    plain.map(({ parameters }) => parameters),
  );
  assert.deepEqual(outcomeOf(averaged[0]!), plain[0]!.parameters);
  assert.notDeepEqual(outcomeOf(averaged[2]!), plain[2]!.parameters);
  assert.deepEqual(outcomeOf(plain[2]!), plain[2]!.parameters, 'without averaging it is the last model');
  const last = modelsOf({ ...PLAIN, averaging: { decay: 0 } }, FIXED);
  assert.deepEqual(
    last.map(outcomeOf),
    plain.map(({ parameters }) => parameters),
  );
});

for (const [name, plan] of [
  ['the average of rounds', PLAN],
  ['the average beside a server optimiser', { ...planOf('fedadam'), averaging: { decay: 0.9 } }],
  ['the average beside control variates', { ...SCAFFOLD, averaging: { decay: 0.9 } }],
] as const) {
  const hashesOf = (between?: (model: SharedModel) => SharedModel) =>
    modelsOf(plan, FIXED, between).map((model) => hashSharedModel(model, plan));
  const honest = hashesOf();

  test(`${name}: whoever forgets it attests another hash from the second round on`, () => {
    const forgotten = hashesOf((model) => ({ ...model, average: initialAverage(LENGTH) }));
    assert.equal(forgotten[0], honest[0]);
    assert.notEqual(forgotten[1], honest[1]);
    assert.notEqual(forgotten[2], honest[2]);
  });

  test(`${name}: whoever goes on training from it attests another hash from the second round on`, () => {
    let round = 0;
    const mistaken = hashesOf((model) => {
      round++;
      return round === 3 ? { ...model, parameters: outcomeOf(model) } : model;
    });
    assert.deepEqual(mistaken.slice(0, 2), honest.slice(0, 2));
    assert.notEqual(mistaken[2], honest[2]);
  });

  test(`${name}: whoever counts its rounds wrongly, or changes a value below the lattice, attests another hash`, () => {
    const model = modelsOf(plan, FIXED)[1]!;
    const { weight, values } = model.average!;
    const nudged = { ...model, average: { weight, values: values.map((value) => value + 1n) } };
    const counted = { ...model, average: { weight: weight + (1n << 40n), values } };
    for (const changed of [nudged, counted]) {
      assert.equal(hashParameters(changed.parameters), hashParameters(model.parameters));
      assert.notEqual(hashSharedModel(changed, plan), hashSharedModel(model, plan));
    }
  });
}

test('what comes before the average has the bytes of a study without one', () => {
  for (const plan of [PLAIN, planOf('fedyogi'), SCAFFOLD]) {
    const averaging = { ...plan, averaging: { decay: 0.75 } };
    const without = Buffer.from(encodeSharedModel(modelsOf(plan, FIXED)[2]!, plan));
    const bytes = Buffer.from(encodeSharedModel(modelsOf(averaging, FIXED)[2]!, averaging));
    assert.ok(bytes.subarray(0, without.length).equals(without));
    assert.equal(bytes.length - without.length, 16 + 8 * LENGTH);
    assert.throws(() => decodeSharedModel(bytes, plan, LENGTH), ParameterFormatError);
    assert.throws(() => decodeSharedModel(without, averaging, LENGTH), ParameterFormatError);
  }
});

test('an average of another length or header, of less than a model, or off the lattice is refused', () => {
  const bytes = encodeSharedModel(modelsOf(PLAN, FIXED)[2]!, PLAN);
  assert.equal(bytes.length, mostSharedModelBytes(PLAN, { parameterCount: LENGTH, sites: SITES.length }));
  const start = parameterBytes(LENGTH);
  const refused = (changed: Uint8Array, count = LENGTH) =>
    assert.throws(() => decodeSharedModel(changed, PLAN, count), ParameterFormatError);
  refused(bytes.subarray(0, -1));
  refused(Uint8Array.of(...bytes, 0));
  refused(bytes, LENGTH + 1);
  for (let at = 0; at < 8; at++) refused(bytes.with(start + at, bytes[start + at]! ^ 1));
  const weightless = bytes.slice();
  weightless.fill(0, start + 8, start + 16);
  refused(weightless);
  refused(weightless.with(start + 8, 1));
  refused(bytes.with(start + 16 + 7, 0x7f));
  refused(bytes.with(start + 16 + 7, 0x80));
  const initial = encodeSharedModel(initialModel(ZERO, PLAN), PLAN);
  assert.deepEqual(decodeSharedModel(initial, PLAN, LENGTH), initialModel(ZERO, PLAN));
});

test('two known rounds have known bytes', () => {
  const plan: FederationPlan = { ...PLAIN, averaging: { decay: 0.5 } };
  const sites = [{ site: 'one', weight: 1 }];
  let model = initialModel(Int32Array.of(7), plan);
  for (const delta of [-100, 3]) {
    const updates = [{ site: 'one', delta: Int32Array.of(delta) }];
    model = nextModel(plan, { before: model, sites, updates });
  }
  // Models -93 and -90, weight 1.5, average -91 = -93 + 3 / 1.5.
  assert.equal(
    Buffer.from(encodeSharedModel(model, plan)).toString('hex'),
    [
      '434e535001140000',
      '01000000',
      'a6ffffff',
      '434e534101000000',
      '0000000080010000',
      '0000a5ffffffffff',
    ].join(''),
  );
  assert.deepEqual(outcomeOf(model), Int32Array.of(-91));
});
