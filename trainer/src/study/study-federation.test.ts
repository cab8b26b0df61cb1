import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import type { Study } from '@consilium/domain';
import { federationOf, shiftOf } from '@consilium/federation';
import { plainModel } from '@consilium/federation/testing/plain-federation';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import type { Ledger } from '../gateway/gateway-client.ts';
import { auditedHashes, type PlainMemory } from '../testing/outside-audit.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { csvOf, DICTIONARY, type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import { aStudy, datasetOf } from '../testing/study-rows.ts';

const { aggregation, training } = aStudy();
/** Hospitals in three different bands, so that weights differ. */
const DATA = { dictionary: DICTIONARY, csvOf: (seed: number) => csvOf(seed, [60, 120, 180][seed]) };
const SHARED_PARAMETERS = 5;
const INITIAL = plainModel(new Array<number>(SHARED_PARAMETERS).fill(0));
const FORGETFUL: Readonly<Record<'moments' | 'variates' | 'average', (memory: PlainMemory) => PlainMemory>> =
  {
    moments: ({ model, ...rest }) => ({
      ...rest,
      model: model.map(({ value }) => ({ value, first: 0n, second: 0n })),
    }),
    variates: (memory) => ({ ...memory, variates: new Map() }),
    average: (memory) => ({ ...memory, average: undefined }),
  };

interface World extends SmallConsortium {
  readonly store: MemoryArtefactStore;
  run(): RunningConsortium;
}

async function worldOf(
  t: TestContext,
  words: {
    readonly serverOptimizer?: object;
    readonly driftCorrection?: object;
    readonly averaging?: Study['averaging'];
  },
): Promise<World> {
  const { serverOptimizer, driftCorrection, averaging } = words;
  const directory = mkdtempSync(join(tmpdir(), 'consilium-trainer-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const store = new MemoryArtefactStore();
  const study = {
    aggregation: { ...aggregation, ...(serverOptimizer && { serverOptimizer }) },
    training: { ...training, ...(driftCorrection && { driftCorrection }) },
    ...(averaging && { averaging }),
  } as Pick<Study, 'aggregation' | 'training' | 'averaging'>;
  const world = await smallConsortium({ directory, store, study, data: DATA });
  // The auditor has a member's key and nothing of its journal: updates are sealed to the long-lived keys.
  world.consortium.keys.areUnknown = true;
  return {
    ...world,
    store,
    run: () => runTrainers(world, () => ({ store, takeoverMs: 60_000, pollMs: 500 })),
  };
}

const settled = ({ consortium }: World) =>
  consortium.consentsOf('study').every(({ state }) => state === 'settled');

/** Every member attested, in every round, what an auditor comes to from the published updates alone. */
async function assertRecomputed(world: World): Promise<void> {
  const { consortium, study, store, hospitals } = world;
  const plan = federationOf(study);
  const audit = { store, hospital: hospitals[0]!, initial: INITIAL, plan };
  const hashes = await auditedHashes(world, audit);
  const wrong: Map<number, string>[] = [];
  const forget = async (what: keyof typeof FORGETFUL) =>
    wrong.push(await auditedHashes(world, { ...audit, remember: FORGETFUL[what] }));
  if (plan.serverOptimizer) await forget('moments');
  if (plan.control) await forget('variates');
  if (plan.averaging) await forget('average');
  assert.ok(wrong.length > 0, 'some rule remembers something');
  for (let number = 1; number <= study.rounds; number++) {
    const { round, attestations } = consortium.dossier('study', number);
    const attested = new Set(attestations.map(({ parametersSha256 }) => parametersSha256));
    assert.equal(attestations.length, round.validators.length);
    assert.deepEqual([...attested], [hashes.get(number)], `round ${number}`);
    assert.equal(round.aggregate?.parametersSha256, hashes.get(number));
    for (const forgotten of wrong) {
      assert.equal(forgotten.get(number) === hashes.get(number), number === 1, 'what is remembered counts');
    }
  }
}

test('the ledger’s words become the engine’s numbers', () => {
  assert.equal(federationOf({ aggregation, training }).serverOptimizer, undefined);
  const words = { kind: 'fedyogi', learningRate: '0.1', momentum: '0.9', secondMomentum: '0.99' } as const;
  const { serverOptimizer } = federationOf({
    training,
    aggregation: { ...aggregation, serverOptimizer: { ...words, adaptivity: '0.001' } },
  });
  assert.deepEqual(serverOptimizer, {
    kind: 'fedyogi',
    learningRate: 0.1,
    momentum: 0.9,
    secondMomentum: 0.99,
    adaptivity: 0.001,
  });
});

test('a study averages by the decay that it says, and not at all where it says none', () => {
  assert.equal('averaging' in federationOf({ aggregation, training }), false);
  const averaging = { decay: '0.75' };
  assert.deepEqual(federationOf({ aggregation, training, averaging }).averaging, { decay: 0.75 });
});

test('a dataset’s steps are corrected by its own variate and the mean of those who take part', () => {
  const driftCorrection = { kind: 'scaffold' } as const;
  const study = { training: { ...training, learningRate: '0.25', driftCorrection } };
  const participants = ['A', 'B', 'C'].map((mspId, i) => ({
    datasetId: datasetOf(mspId),
    mspId,
    weight: 1 + i,
  }));
  const variates = new Map([
    ['a-data', Int32Array.of(6 * 2 ** 20, 0)],
    ['c-data', Int32Array.of(2 ** 20, -(2 ** 20))],
    ['gone-data', Int32Array.of(2 ** 30, 2 ** 30)],
  ]);
  const base = { parameters: Int32Array.of(0, 0), variates };
  const of = (datasetId: string) => shiftOf(study, { base, round: { participants }, datasetId }).controlShift;
  // u is (6 + 3 · 1) / 6 and -3 / 6, and a round reaches 2 · 0.25.
  assert.deepEqual(of('a-data'), Float64Array.of((1.5 - 6) * 2, -0.5 * 2));
  assert.deepEqual(of('b-data'), Float64Array.of(1.5 * 2, -0.5 * 2));
  assert.deepEqual(of('c-data'), Float64Array.of((1.5 - 1) * 2, (-0.5 + 1) * 2));
  assert.deepEqual(
    shiftOf(
      { training },
      { base: { parameters: base.parameters }, round: { participants }, datasetId: 'a-data' },
    ),
    {},
  );
});

describe('a study on the ledger with a server optimiser', () => {
  it('is recomputed by all, also after they stopped in the middle of a round, at the charges of any study', async (t) => {
    const world = await worldOf(t, {
      serverOptimizer: {
        kind: 'fedadam',
        learningRate: '0.5',
        momentum: '0.9',
        secondMomentum: '0.99',
        adaptivity: '0.01',
      },
    });
    const { consortium } = world;
    const first = world.run();
    await first.until(() => (consortium.rounds.get('study/2')?.updates.length ?? 0) > 0);
    await first.stop();
    const second = world.run();
    await second.until(() => settled(world));
    await second.stop();
    assert.equal(consortium.models.get('study')?.round, 3);
    await assertRecomputed(world);
    const charges = consortium.charges.map((c) => `${c.round}/${c.datasetId}/${c.pool}`);
    assert.equal(charges.length, 3 * 3 * 2);
    assert.equal(new Set(charges).size, charges.length);
    const weights = consortium.dossier('study', 1).round.participants.map(({ weight }) => weight);
    assert.equal(new Set(weights).size, 3);
  });

  it('takes in a hospital that was not there when moments and control variates began', async (t) => {
    const world = await worldOf(t, {
      serverOptimizer: { kind: 'fedadagrad', learningRate: '0.1', momentum: '0.5', adaptivity: '0.001' },
      driftCorrection: { kind: 'scaffold' },
    });
    const { consortium } = world;
    const late = `study/${datasetOf('C')}`;
    const consent = consortium.consents.get(late)!;
    consortium.consents.delete(late);
    consortium.onEvent(({ name }) => {
      if (name === 'round:finalize') consortium.consents.set(late, consortium.consents.get(late) ?? consent);
    });
    const running = world.run();
    await running.until(() => consortium.studies.get('study')?.state === 'completed' && settled(world));
    await running.stop();
    const validators = [1, 2, 3].map((round) => consortium.dossier('study', round).round.validators.length);
    assert.deepEqual(validators, [2, 3, 3]);
    await assertRecomputed(world);
    const charges = consortium.charges.map((c) => `${c.round}/${c.datasetId}/${c.pool}`);
    assert.equal(new Set(charges).size, charges.length);
    assert.equal(charges.length, (2 + 3 + 3) * 2);
  });
});

describe('a study on the ledger that averages its models', () => {
  it('is recomputed by all, after they stopped and by who joined later too, at the charges of any study', async (t) => {
    const world = await worldOf(t, { averaging: { decay: '0.75' } });
    const { consortium } = world;
    const late = `study/${datasetOf('C')}`;
    const consent = consortium.consents.get(late)!;
    consortium.consents.delete(late);
    consortium.onEvent(({ name }) => {
      if (name === 'round:finalize') consortium.consents.set(late, consortium.consents.get(late) ?? consent);
    });
    const first = world.run();
    await first.until(() => (consortium.rounds.get('study/2')?.updates.length ?? 0) > 0);
    await first.stop();
    const second = world.run();
    await second.until(() => consortium.studies.get('study')?.state === 'completed' && settled(world));
    await second.stop();
    const validators = [1, 2, 3].map((round) => consortium.dossier('study', round).round.validators.length);
    assert.deepEqual(validators, [2, 3, 3]);
    await assertRecomputed(world);
    const charges = consortium.charges.map((c) => `${c.round}/${c.datasetId}/${c.pool}`);
    assert.equal(new Set(charges).size, charges.length);
    assert.equal(charges.length, (2 + 3 + 3) * 2);
  });

  it('does not count the attestation of a member that forgets the average', async (t) => {
    const world = await worldOf(t, { averaging: { decay: '0.75' } });
    const { consortium, store, study } = world;
    const honest = consortium.as('C');
    // With a decay of 0 the average is the last model: what was before it is forgotten.
    const forgetful: Ledger = {
      ...honest,
      getStudy: async (studyId) => ({ ...(await honest.getStudy(studyId))!, averaging: { decay: '0' } }),
    };
    const running = runTrainers(world, ({ mspId }) => ({
      store,
      takeoverMs: 60_000,
      pollMs: 500,
      ...(mspId === 'C' && { ledger: forgetful }),
    }));
    const dossier = (round: number) => consortium.rounds.get(`study/${round}`);
    await running.until(() => dossier(2)?.round.state === 'finalized');
    await running.stop();
    const hashes = await auditedHashes(
      { consortium, study: { ...study, rounds: 2 } },
      { store, hospital: world.hospitals[0]!, initial: INITIAL, plan: federationOf(study) },
    );
    const agreeing = (round: number) =>
      dossier(round)!
        .verdicts.filter(({ candidateSha256 }) => candidateSha256 === hashes.get(round))
        .map(({ mspId }) => mspId)
        .toSorted();
    assert.deepEqual(agreeing(1), ['A', 'B', 'C'], 'after one round there is nothing to forget');
    assert.deepEqual(agreeing(2), ['A', 'B']);
    const { round, attestations } = dossier(2)!;
    assert.equal(round.aggregate?.parametersSha256, hashes.get(2));
    for (const { mspId, parametersSha256 } of attestations) {
      assert.equal(parametersSha256 === hashes.get(2), mspId !== 'C', `of ${mspId}`);
    }
  });
});
