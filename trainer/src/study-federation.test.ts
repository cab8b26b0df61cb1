import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import { type PlainModel, plainModel } from './aggregate/testing/plain-federation.ts';
import { MemoryArtefactStore } from './artefact/index.ts';
import { federationOf } from './study-federation.ts';
import { auditedHashes } from './testing/outside-audit.ts';
import { type RunningConsortium, runTrainers } from './testing/running-consortium.ts';
import { csvOf, DICTIONARY, type SmallConsortium, smallConsortium } from './testing/small-consortium.ts';
import { aStudy, datasetOf } from './testing/study-rows.ts';

const { aggregation } = aStudy();
/** Hospitals in three different bands, so that weights differ. */
const DATA = { dictionary: DICTIONARY, csvOf: (seed: number) => csvOf(seed, [60, 120, 180][seed]) };
const SHARED_PARAMETERS = 5;
const INITIAL = plainModel(new Array<number>(SHARED_PARAMETERS).fill(0));
const forgetful = (model: PlainModel): PlainModel =>
  model.map(({ value }) => ({ value, first: 0n, second: 0n }));

interface World extends SmallConsortium {
  readonly store: MemoryArtefactStore;
  run(): RunningConsortium;
}

async function worldOf(t: TestContext, serverOptimizer: object): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-trainer-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const store = new MemoryArtefactStore();
  const study = { aggregation: { ...aggregation, serverOptimizer } } as { aggregation: typeof aggregation };
  const world = await smallConsortium({ directory, store, study, data: DATA });
  return {
    ...world,
    store,
    run: () => runTrainers(world, () => ({ store, takeoverMs: 60_000, pollMs: 60_000 })),
  };
}

const settled = ({ consortium }: World) =>
  consortium.consentsOf('study').every(({ state }) => state === 'settled');

/** Every member attested, in every round, what an auditor comes to from the published updates alone. */
async function assertRecomputed(world: World): Promise<void> {
  const { consortium, study, store, hospitals } = world;
  const plan = federationOf(study).serverOptimizer!;
  const audit = { store, hospital: hospitals[0]!, initial: INITIAL, plan };
  const hashes = await auditedHashes(world, audit);
  const forgotten = await auditedHashes(world, { ...audit, remember: forgetful });
  for (let number = 1; number <= study.rounds; number++) {
    const { round, attestations } = consortium.dossier('study', number);
    const attested = new Set(attestations.map(({ parametersSha256 }) => parametersSha256));
    assert.equal(attestations.length, round.validators.length);
    assert.deepEqual([...attested], [hashes.get(number)], `round ${number}`);
    assert.equal(round.aggregate?.parametersSha256, hashes.get(number));
    assert.equal(forgotten.get(number) === hashes.get(number), number === 1, 'momentum counts');
  }
}

test('the ledger’s words become the engine’s numbers', () => {
  assert.equal(federationOf({ aggregation }).serverOptimizer, undefined);
  const words = { kind: 'fedyogi', learningRate: '0.1', momentum: '0.9', secondMomentum: '0.99' } as const;
  const { serverOptimizer } = federationOf({
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

describe('a study on the ledger with a server optimiser', { timeout: 120_000 }, () => {
  it('is recomputed by all, also after they stopped in the middle of a round, at the charges of any study', async (t) => {
    const world = await worldOf(t, {
      kind: 'fedadam',
      learningRate: '0.5',
      momentum: '0.9',
      secondMomentum: '0.99',
      adaptivity: '0.01',
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

  it('takes in a hospital that was not there when the momentum began', async (t) => {
    const world = await worldOf(t, {
      kind: 'fedadagrad',
      learningRate: '0.1',
      momentum: '0.5',
      adaptivity: '0.001',
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
  });
});
