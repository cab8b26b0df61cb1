import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aggregateFedAvg } from './fed-avg.ts';
import { hashParameters, ParameterFormatError, parameterBytes } from './parameter-lattice.ts';
import { SERVER_OPTIMIZERS } from './server-optimizer.ts';
import { type FederationPlan, initialModel, nextModel, type SharedModel } from './shared-model.ts';
import {
  decodeSharedModel,
  encodeSharedModel,
  hashSharedModel,
  mostSharedModelBytes,
} from './shared-model-bytes.ts';
import {
  FIXED,
  LENGTH,
  modelsOf,
  planOf,
  type Run,
  roundOf,
  SCAFFOLD,
  SITES,
  ZERO,
} from './testing/federated-runs.ts';
import {
  type PlainAverage,
  type PlainVariates,
  plainAverage,
  plainBytes,
  plainModel,
  plainRound,
  plainVariates,
} from './testing/plain-federation.ts';

const PLANS: readonly [string, FederationPlan][] = [
  ['the plain average', { aggregation: aggregateFedAvg }],
  ...SERVER_OPTIMIZERS.map((kind): [string, FederationPlan] => [kind, planOf(kind)]),
  ['control variates', SCAFFOLD],
  ['control variates of bounded length, and fedyogi', { ...planOf('fedyogi'), control: { maxNormL2: 60 } }],
  ['an average over rounds', { aggregation: aggregateFedAvg, averaging: { decay: 0.9 } }],
  [
    'fedadam, control variates and an average',
    { ...planOf('fedadam'), control: {}, averaging: { decay: 0.7 } },
  ],
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

const runs = fc.record({ weights, rounds });

for (const [name, plan] of PLANS) {
  test(`${name}: another implementation, written from the description, comes to the same bits`, () => {
    fc.assert(
      fc.property(runs, (run) => {
        const { serverOptimizer, control, averaging } = plan;
        let plain = plainModel(ZERO);
        let variates: PlainVariates = new Map();
        let average: PlainAverage | undefined;
        for (const [round, model] of modelsOf(plan, run).entries()) {
          const sites = SITES.map((site, i) => {
            const delta = run.rounds[round]![i];
            return { site, weight: run.weights[i]!, ...(delta && { delta }) };
          });
          plain = plainRound(
            plain,
            sites.flatMap(({ weight, delta }) => (delta ? [{ weight, delta }] : [])),
            serverOptimizer,
          );
          variates = plainVariates(variates, sites, control?.maxNormL2);
          if (averaging) average = plainAverage(average, plain, averaging.decay);
          const expected = plainBytes(plain, {
            ...(serverOptimizer && { kind: serverOptimizer.kind }),
            ...(control && { variates }),
            ...(average && { average }),
          });
          assert.equal(Buffer.from(encodeSharedModel(model, plan)).toString('hex'), expected.toString('hex'));
        }
      }),
      { numRuns: 40 },
    );
  });

  test(`${name}: whoever starts again from the bytes of a round goes on as without a restart`, () => {
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

for (const kind of SERVER_OPTIMIZERS) {
  const plan = planOf(kind);
  const honest = modelsOf(plan, FIXED).map((model) => hashSharedModel(model, plan));
  const hashesOf = (run: Run, between?: (model: SharedModel) => SharedModel) =>
    modelsOf(plan, run, between).map((model) => hashSharedModel(model, plan));

  test(`${kind}: whoever forgets the momentum attests another hash from the second round on`, () => {
    const forgotten = hashesOf(FIXED, ({ parameters }) => initialModel(parameters, plan));
    assert.equal(forgotten[0], honest[0]);
    assert.notEqual(forgotten[1], honest[1]);
    assert.notEqual(forgotten[2], honest[2]);
  });

  test(`${kind}: whoever goes on from the momentum of an older round attests another hash`, () => {
    const [first] = modelsOf(plan, FIXED);
    let round = 0;
    const stale = hashesOf(FIXED, (model) => {
      round++;
      return round === 3 ? { ...model, moments: first!.moments! } : model;
    });
    assert.deepEqual(stale.slice(0, 2), honest.slice(0, 2));
    assert.notEqual(stale[2], honest[2]);
  });

  test(`${kind}: whoever takes hospitals in another order than their weights attests another hash`, () => {
    const mixed = hashesOf({ ...FIXED, weights: [299, 74, 624] });
    assert.notEqual(mixed[0], honest[0]);
  });

  test(`${kind}: a momentum that was tampered with is in the hash, though the parameters are the same`, () => {
    const model = modelsOf(plan, FIXED)[0]!;
    const moments = { ...model.moments!, first: model.moments!.first.map((value) => value + 1n) };
    assert.equal(hashParameters(model.parameters), hashParameters({ ...model, moments }.parameters));
    assert.notEqual(hashSharedModel({ ...model, moments }, plan), hashSharedModel(model, plan));
  });

  test(`${kind}: bytes of another length, header or plan are refused`, () => {
    const bytes = encodeSharedModel(modelsOf(plan, FIXED)[2]!, plan);
    assert.equal(bytes.length, mostSharedModelBytes(plan, { parameterCount: LENGTH, sites: SITES.length }));
    const refused = (changed: Uint8Array, count = LENGTH, of: FederationPlan = plan) =>
      assert.throws(() => decodeSharedModel(changed, of, count), ParameterFormatError);
    refused(bytes.subarray(1));
    refused(Uint8Array.of(...bytes, 0));
    refused(bytes, LENGTH + 1);
    refused(bytes, LENGTH, { aggregation: aggregateFedAvg });
    refused(bytes, LENGTH, planOf(kind === 'fedavgm' ? 'fedadam' : 'fedavgm'));
    for (let at = 0; at < 8; at++) {
      const start = parameterBytes(LENGTH);
      refused(bytes.with(start + at, bytes[start + at]! ^ 1));
    }
  });
}

test('names of sites that no model has are refused, since nothing could write them again', () => {
  const bytes = encodeSharedModel(modelsOf(SCAFFOLD, FIXED)[2]!, SCAFFOLD);
  const name = parameterBytes(LENGTH) + 12 + 1;
  const decoded = decodeSharedModel(bytes, SCAFFOLD, LENGTH);
  assert.deepEqual(encodeSharedModel(decoded, SCAFFOLD), bytes);
  for (const character of [0x01, 0x20]) {
    const spoilt = bytes.with(name, character);
    assert.throws(() => decodeSharedModel(spoilt, SCAFFOLD, LENGTH), ParameterFormatError);
  }
  const last = Buffer.from(bytes).lastIndexOf(SITES.toSorted().at(-1)!);
  for (const character of [0x7f, 0xe4]) {
    const spoilt = bytes.with(last, character);
    assert.throws(() => decodeSharedModel(spoilt, SCAFFOLD, LENGTH), ParameterFormatError);
  }
});

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
