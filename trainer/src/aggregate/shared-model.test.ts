import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aggregateFedAvg } from './fed-avg.ts';
import { hashParameters, ParameterFormatError } from './parameter-lattice.ts';
import { SERVER_OPTIMIZERS, type ServerOptimizerPlan } from './server-optimizer.ts';
import { type FederationPlan, initialModel, nextModel, type SharedModel } from './shared-model.ts';
import {
  decodeSharedModel,
  encodeSharedModel,
  hashSharedModel,
  sharedModelBytes,
} from './shared-model-bytes.ts';
import { plainModel, plainRound } from './testing/plain-federation.ts';

const LENGTH = 3;
const SITES = ['north', 'east', 'south'];
const ZERO = new Int32Array(LENGTH);

const planOf = (kind: ServerOptimizerPlan['kind']) => ({
  aggregation: aggregateFedAvg,
  serverOptimizer: { kind, learningRate: 0.1, momentum: 0.9, secondMomentum: 0.99, adaptivity: 0.001 },
});
const PLANS: readonly [string, FederationPlan][] = [
  ['the plain average', { aggregation: aggregateFedAvg }],
  ...SERVER_OPTIMIZERS.map((kind): [string, FederationPlan] => [kind, planOf(kind)]),
];

const vector = fc
  .array(fc.integer({ min: -(2 ** 26), max: 2 ** 26 }), { minLength: LENGTH, maxLength: LENGTH })
  .map((values) => Int32Array.from(values));
const weights = fc.array(fc.integer({ min: 1, max: 999 }), {
  minLength: SITES.length,
  maxLength: SITES.length,
});
/** Updates of each round by site; a site that misses a round is null. */
const rounds = fc
  .array(fc.array(fc.option(vector), { minLength: SITES.length, maxLength: SITES.length }), {
    minLength: 2,
    maxLength: 5,
  })
  .filter((list) => list.every((round) => round.some((delta) => delta !== null)));

interface Run {
  readonly weights: readonly number[];
  readonly rounds: readonly (readonly (Int32Array | null)[])[];
}

function roundOf({ weights: list, rounds: deltas }: Run, round: number) {
  return {
    sites: SITES.map((site, i) => ({ site, weight: list[i]! })),
    updates: SITES.flatMap((site, i) => {
      const delta = deltas[round]![i];
      return delta ? [{ site, delta }] : [];
    }),
  };
}

/** The models after each round. `between` stands for what happens from one round to the next. */
function modelsOf(plan: FederationPlan, run: Run, between = (model: SharedModel): SharedModel => model) {
  const models: SharedModel[] = [];
  let before = initialModel(ZERO, plan);
  for (const round of run.rounds.keys()) {
    before = nextModel(plan, { before: between(before), ...roundOf(run, round) });
    models.push(before);
  }
  return models;
}

const runs = fc.record({ weights, rounds });

for (const [name, plan] of PLANS) {
  test(`${name}: another implementation, written from the description, comes to the same bits`, () => {
    fc.assert(
      fc.property(runs, (run) => {
        let plain = plainModel(ZERO);
        for (const [round, model] of modelsOf(plan, run).entries()) {
          const updates = run.rounds[round]!.flatMap((delta, i) =>
            delta ? [{ weight: run.weights[i]!, delta }] : [],
          );
          plain = plainRound(plain, updates, plan.serverOptimizer);
          assert.deepEqual(
            [...model.parameters].map(BigInt),
            plain.map(({ value }) => value),
          );
          if (model.moments === undefined) continue;
          assert.deepEqual(
            model.moments.first,
            plain.map(({ first }) => first),
          );
          assert.deepEqual(
            model.moments.second,
            plain.map(({ second }) => second),
          );
        }
      }),
      { numRuns: 40 },
    );
  });

  test(`${name}: whoever starts again from the bytes of a round goes on as if nothing had happened`, () => {
    fc.assert(
      fc.property(runs, (run) => {
        const through = (model: SharedModel) =>
          decodeSharedModel(encodeSharedModel(model, plan), plan, LENGTH);
        const hashes = (models: readonly SharedModel[]) =>
          models.map((model) => hashSharedModel(model, plan));
        assert.deepEqual(hashes(modelsOf(plan, run, through)), hashes(modelsOf(plan, run)));
      }),
      { numRuns: 40 },
    );
  });

  test(`${name}: the order in which hospitals and updates are given changes no bit`, () => {
    fc.assert(
      fc.property(runs, (run) => {
        const { sites, updates } = roundOf(run, 0);
        const before = initialModel(ZERO, plan);
        const turned = { sites: sites.toReversed(), updates: updates.toReversed() };
        assert.equal(
          hashSharedModel(nextModel(plan, { before, ...turned }), plan),
          hashSharedModel(nextModel(plan, { before, sites, updates }), plan),
        );
      }),
      { numRuns: 20 },
    );
  });
}

const fixed: Run = {
  weights: [74, 299, 624],
  rounds: [
    [Int32Array.of(5000, -70_000, 3), Int32Array.of(1, 2, 3), Int32Array.of(-4000, 9, 1_000_000)],
    [Int32Array.of(300, 8000, -12), null, Int32Array.of(77, -12_345, 6789)],
    [Int32Array.of(-5, 4, -3), Int32Array.of(900, 900, 900), Int32Array.of(123_456, 1, 2)],
  ],
};

for (const kind of SERVER_OPTIMIZERS) {
  const plan = planOf(kind);
  const honest = modelsOf(plan, fixed).map((model) => hashSharedModel(model, plan));
  const hashesOf = (run: Run, between?: (model: SharedModel) => SharedModel) =>
    modelsOf(plan, run, between).map((model) => hashSharedModel(model, plan));

  test(`${kind}: whoever forgets the momentum attests another hash from the second round on`, () => {
    const forgotten = hashesOf(fixed, ({ parameters }) => initialModel(parameters, plan));
    assert.equal(forgotten[0], honest[0]);
    assert.notEqual(forgotten[1], honest[1]);
    assert.notEqual(forgotten[2], honest[2]);
  });

  test(`${kind}: whoever goes on from the momentum of an older round attests another hash`, () => {
    const [first] = modelsOf(plan, fixed);
    let round = 0;
    const stale = hashesOf(fixed, (model) => {
      round++;
      return round === 3 ? { ...model, moments: first!.moments! } : model;
    });
    assert.deepEqual(stale.slice(0, 2), honest.slice(0, 2));
    assert.notEqual(stale[2], honest[2]);
  });

  test(`${kind}: whoever takes hospitals in another order than their weights attests another hash`, () => {
    const mixed = hashesOf({ ...fixed, weights: [299, 74, 624] });
    assert.notEqual(mixed[0], honest[0]);
  });

  test(`${kind}: a momentum that was tampered with is in the hash, though the parameters are the same`, () => {
    const model = modelsOf(plan, fixed)[0]!;
    const moments = { ...model.moments!, first: model.moments!.first.map((value) => value + 1n) };
    assert.equal(hashParameters(model.parameters), hashParameters({ ...model, moments }.parameters));
    assert.notEqual(hashSharedModel({ ...model, moments }, plan), hashSharedModel(model, plan));
  });

  test(`${kind}: bytes of another length, header or plan are refused`, () => {
    const bytes = encodeSharedModel(modelsOf(plan, fixed)[2]!, plan);
    assert.equal(bytes.length, sharedModelBytes(plan, LENGTH));
    const refused = (changed: Uint8Array, count = LENGTH, of: FederationPlan = plan) =>
      assert.throws(() => decodeSharedModel(changed, of, count), ParameterFormatError);
    refused(bytes.subarray(1));
    refused(Uint8Array.of(...bytes, 0));
    refused(bytes, LENGTH + 1);
    refused(bytes, LENGTH, { aggregation: aggregateFedAvg });
    refused(bytes, LENGTH, planOf(kind === 'fedavgm' ? 'fedadam' : 'fedavgm'));
    for (let at = 0; at < 8; at++) {
      const start = bytes.length - sharedModelBytes(plan, LENGTH) + 12 + 4 * LENGTH;
      refused(bytes.with(start + at, bytes[start + at]! ^ 1));
    }
  });
}

test('a known round of fedavgm has known bytes', () => {
  const plan = planOf('fedavgm');
  const model = nextModel(plan, {
    before: initialModel(Int32Array.of(7), plan),
    sites: [{ site: 'one', weight: 1 }],
    updates: [{ site: 'one', delta: Int32Array.of(-100) }],
  });
  assert.equal(
    Buffer.from(encodeSharedModel(model, plan)).toString('hex'),
    // 7 - 0.1 · 100, and a first moment of -100 · 2^16.
    ['434e535001140000', '01000000', 'fdffffff', '434e534d01010000', '00009cffffffffff'].join(''),
  );
});
