// Walks every line of a round, fails or is killed there, and looks at what follows: the table says what must.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { MemoryArtefactStore } from './artefact/index.ts';
import { trainRound } from './dp-sgd/index.ts';
import type { ReleaseKey } from './journal.ts';
import { RETRIES, type ReleaseStage, STEPS_OF_A_ROUND } from './retries.ts';
import { type RunningTrainer, runTrainers } from './testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from './testing/small-consortium.ts';
import type { TrainerContext } from './trainer-context.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-retries-'));
after(() => rmSync(directory, { recursive: true }));
const KEY: ReleaseKey = { studyId: 'study', round: 1, datasetId: 'a-data', pool: 'training' };
const TRAINING = [KEY, { ...KEY, pool: 'held-out' }] as const;
let worlds = 0;

interface Lived {
  readonly world: SmallConsortium;
  readonly trainer: RunningTrainer;
  readonly steps: readonly string[];
  /** How many patients each training was of. */
  readonly drawn: readonly number[];
  readonly outcomes: readonly (string | undefined)[];
}

/** One hospital's study of one round, from its first step to its last. */
async function live(hooks: {
  readonly afterStep?: (step: string, lived: { readonly stop: () => Promise<void> }) => void;
  readonly trainRound?: TrainerContext['graphs']['trainRound'];
}): Promise<Lived> {
  worlds += 1;
  const store = new MemoryArtefactStore();
  const world = await smallConsortium({
    directory: join(directory, `${worlds}`),
    store,
    mspIds: ['A'],
    study: { rounds: 1, quorum: { updates: 1, validators: 1 } },
  });
  const steps: string[] = [];
  const drawn: number[] = [];
  const train = hooks.trainRound ?? trainRound;
  const running = runTrainers(world, () => ({
    store,
    graphs: {
      trainRound(input, options) {
        drawn.push(input.units.rowOffsets.length - 1);
        return train(input, options);
      },
    },
    afterStep(step) {
      steps.push(step);
      hooks.afterStep?.(step, running);
    },
  }));
  const trainer = running.trainers.get('A')!;
  await running.until(() => world.consortium.consentsOf('study').every(({ state }) => state === 'settled'));
  const outcomes = TRAINING.map((key) => trainer.journal.drawOutcome(key));
  await running.stop();
  return { world, trainer, steps, drawn, outcomes };
}

const OUTCOME = { draw: 'patients', same: 'patients', nobody: 'nobody' } as const;
const expected = (stages: readonly [ReleaseStage, ReleaseStage]) =>
  stages.map((stage) => OUTCOME[RETRIES[stage].fails]);

describe('what follows a failure', { timeout: 240_000 }, () => {
  it('is in the table for every step that a round takes, in the order it takes them', async () => {
    const { steps, outcomes } = await live({});
    const ofRound = steps.filter((step) => !/^(model:|study:)/.test(step));
    assert.deepEqual(ofRound, Object.keys(STEPS_OF_A_ROUND));
    assert.deepEqual(outcomes, ['patients', 'patients']);
  });

  for (const [step, stages] of Object.entries(STEPS_OF_A_ROUND)) {
    const follows = stages.map((stage) => RETRIES[stage].fails).join(' and ');
    it(`after "${step}" is ${follows}, and the round goes on with one release per charge`, async () => {
      let failures = 0;
      const { world, outcomes, drawn } = await live({
        afterStep(taken) {
          if (taken !== step || failures > 0) return;
          failures += 1;
          throw new Error('something broke here');
        },
      });
      assert.equal(failures, 1);
      assert.deepEqual(outcomes, expected(stages));
      assert.ok(drawn.filter((patients) => patients > 0).length <= 1, 'patients are drawn once');
      const { round, updates } = world.consortium.dossier('study', 1);
      assert.deepEqual([round.state, updates.length], ['finalized', 1]);
      assert.deepEqual(
        world.consortium.charges.map(({ pool }) => pool),
        ['training', 'held-out'],
      );
    });
  }

  it('is an update of nobody where training fails whenever a patient is in it, after one draw', async () => {
    const { world, drawn, outcomes } = await live({
      trainRound(input, options) {
        if (input.units.rowOffsets.length > 1) throw new Error('Integer division by zero');
        return trainRound(input, options);
      },
    });
    assert.deepEqual([drawn.length, drawn[1]], [2, 0]);
    assert.ok(drawn[0]! > 0);
    assert.equal(outcomes[0], 'nobody');
    assert.equal(
      world.consortium.dossier('study', 1).updates.length,
      1,
      'recorded and charged like any other',
    );
  });

  it('is another draw where the operator stops the trainer in good order while it trains', async () => {
    const store = new MemoryArtefactStore();
    const world = await smallConsortium({
      directory: join(directory, 'stopped'),
      store,
      mspIds: ['A'],
      study: { rounds: 1, quorum: { updates: 1, validators: 1 } },
    });
    const begun = Promise.withResolvers<void>();
    const first = runTrainers(world, () => ({
      store,
      graphs: {
        trainRound(_, options) {
          begun.resolve();
          return new Promise((_resolve, reject) => {
            options?.signal?.addEventListener('abort', () => reject(new Error('stopped')));
          });
        },
      },
    }));
    await first.until(() => first.trainers.get('A')!.journal.drawOutcome(KEY) === 'begun');
    await begun.promise;
    await first.stop();
    const second = runTrainers(world, () => ({ store }));
    const { journal } = second.trainers.get('A')!;
    await second.until(() => world.consortium.consentsOf('study').every(({ state }) => state === 'settled'));
    assert.equal(journal.drawOutcome(KEY), 'patients');
    await second.stop();
  });
});
