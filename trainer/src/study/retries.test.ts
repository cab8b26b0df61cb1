// Walks every line of a round, fails or is killed there, and looks at what follows: the table says what must.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RoundResult } from '@consilium/dp-sgd';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { type GraphEngine, graphEngineInProcess } from '../containment/graph-engine.ts';
import type { ReleaseKey } from '../journal/journal-records.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import { aConsent } from '../testing/study-rows.ts';
import { RETRIES, STEPS_OF_A_ROUND } from './retries.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-retries-'));
after(() => rmSync(directory, { recursive: true }));
const ONE = { rounds: 1, quorum: { updates: 1, validators: 1 } };
const STEPS = Object.keys(STEPS_OF_A_ROUND);
const keysOf = (round: number): readonly [ReleaseKey, ReleaseKey] => {
  const training: ReleaseKey = { studyId: 'study', round, datasetId: 'a-data', pool: 'training' };
  return [training, { ...training, pool: 'held-out' }];
};
const isSettled = ({ consortium }: SmallConsortium) =>
  consortium.consentsOf('study').every(({ state }) => state === 'settled');
let worlds = 0;

/** Moves nothing, in no time. */
const stillRound: GraphEngine['trainRound'] = async (input, { onDrawing } = {}) => {
  const { parameters, localPatterns, plan } = input;
  await onDrawing?.();
  return {
    sharedDelta: new Float64Array(parameters.length - localPatterns.length),
    localParameters: new Float64Array(localPatterns.length),
    steps: plan.steps,
    state: { steps: plan.steps },
    noise: {} as RoundResult['noise'],
  };
};

/** One hospital's study, from its first step to its last; how many patients each training was of. */
async function live(hooks: {
  readonly rounds?: number;
  readonly afterStep?: (step: string, world: SmallConsortium) => void;
  readonly trainRound?: GraphEngine['trainRound'];
}) {
  worlds += 1;
  const store = new MemoryArtefactStore();
  const { rounds = 1, trainRound = stillRound } = hooks;
  const world = await smallConsortium({
    directory: join(directory, `${worlds}`),
    store,
    mspIds: ['A'],
    study: { ...ONE, rounds },
  });
  world.consortium.consents.set('study/a-data', { ...aConsent('A'), rounds });
  const steps: string[] = [];
  const drawn: number[] = [];
  const running = runTrainers(world, () => ({
    store,
    graphs: {
      ...graphEngineInProcess,
      trainRound(input, options) {
        drawn.push(input.units.rowOffsets.length - 1);
        return trainRound(input, options);
      },
    },
    afterStep(step) {
      steps.push(step);
      hooks.afterStep?.(step, world);
    },
  }));
  const { journal } = running.trainers.get('A')!;
  await running.until(() => isSettled(world));
  const outcomes = Array.from({ length: rounds }, (_, index) =>
    keysOf(index + 1).map((key) => journal.drawOutcome(key)),
  );
  await running.stop();
  return { world, steps, drawn, outcomes };
}

const OUTCOME = { draw: 'patients', same: 'patients', nobody: 'nobody' } as const;

describe('what follows a failure', () => {
  it('is in the table for every step that a round takes, in the order it takes them', async () => {
    const { steps, outcomes } = await live({});
    assert.deepEqual(
      steps.filter((step) => !/^(model:|study)/.test(step)),
      STEPS,
    );
    assert.deepEqual(outcomes, [['patients', 'patients']]);
  });

  it('is what the table says after each step, and each round goes on with one release per charge', async () => {
    let failures = 0;
    // Round n fails once, after step n.
    const { world, outcomes, drawn } = await live({
      rounds: STEPS.length,
      afterStep(taken, { consortium }) {
        const round = consortium.rounds.size + (taken === 'round:open: written down' ? 1 : 0);
        if (taken !== STEPS[failures] || round !== failures + 1) return;
        failures += 1;
        throw new Error('something broke here');
      },
    });
    assert.equal(failures, STEPS.length);
    const expected = Object.values(STEPS_OF_A_ROUND).map((stages) =>
      stages.map((stage) => OUTCOME[RETRIES[stage].fails]),
    );
    assert.deepEqual(
      outcomes.map((outcome, index) => [STEPS[index], ...outcome]),
      expected.map((outcome, index) => [STEPS[index], ...outcome]),
    );
    assert.ok(
      drawn.filter((patients) => patients > 0).length <= STEPS.length,
      'patients are drawn once a round',
    );
    for (const { round, updates } of world.consortium.rounds.values()) {
      assert.deepEqual([round.state, updates.length], ['finalized', 1]);
    }
    const charges = world.consortium.charges.map(({ round, pool }) => `${round}/${pool}`);
    assert.equal(new Set(charges).size, 2 * STEPS.length);
    assert.equal(charges.length, 2 * STEPS.length);
  });

  it('is an update of nobody where training fails whenever a patient is in it, after one draw', async () => {
    const { world, drawn, outcomes } = await live({
      async trainRound(input, options) {
        const { rowOffsets } = input.units;
        const result = await stillRound(input, options);
        if (rowOffsets.length > 1) throw new Error('Integer division by zero');
        return result;
      },
    });
    assert.deepEqual([drawn.length, drawn[1]], [2, 0]);
    assert.ok(drawn[0]! > 0);
    assert.equal(outcomes[0]?.[0], 'nobody');
    assert.equal(
      world.consortium.dossier('study', 1).updates.length,
      1,
      'recorded and charged like any other',
    );
  });

  it('is an update of nobody by the deadline or never, so that no other study waits for longer', async () => {
    const deadlines: (number | undefined)[] = [];
    const { world } = await live({
      async trainRound(input, options) {
        deadlines.push(options?.deadlineMs);
        const result = await stillRound(input, options);
        if (input.units.rowOffsets.length > 1) throw new Error("it was not done by the round's deadline");
        return result;
      },
    });
    const deadlineMs = Date.parse(world.consortium.dossier('study', 1).round.deadline);
    assert.equal(deadlines.length, 2);
    assert.ok(deadlines.every((ms) => ms === deadlines[0] && ms !== undefined && ms <= deadlineMs));
  });

  it('is a score of nobody where scoring fails, with the verdict that follows from it', async () => {
    const { world, outcomes } = await live({
      afterStep(step) {
        if (step === 'score: begun') throw new Error('Integer division by zero');
      },
    });
    assert.deepEqual(outcomes, [['patients', 'nobody']]);
    const [verdict] = world.consortium.dossier('study', 1).verdicts;
    assert.equal(verdict?.scores.length, 1, 'one that has none would say that something failed');
    assert.equal(verdict?.accepted, true, 'the minimum of 0 is reached by any score');
  });

  it('is another draw where the operator stops the trainer in good order while it trains', async () => {
    const store = new MemoryArtefactStore();
    const at = join(directory, 'stopped');
    const world = await smallConsortium({ directory: at, store, mspIds: ['A'], study: ONE });
    const [key] = keysOf(1);
    const begun = Promise.withResolvers<void>();
    const first = runTrainers(world, () => ({
      store,
      graphs: {
        ...graphEngineInProcess,
        async trainRound(_, options) {
          await options?.onDrawing?.();
          begun.resolve();
          return new Promise((_resolve, reject) => {
            options?.signal?.addEventListener('abort', () => reject(new Error('stopped')));
          });
        },
      },
    }));
    await begun.promise;
    assert.equal(first.trainers.get('A')!.journal.drawOutcome(key), 'begun');
    await first.stop();
    const second = runTrainers(world, () => ({ store }));
    const { journal } = second.trainers.get('A')!;
    await second.until(() => isSettled(world));
    assert.equal(journal.drawOutcome(key), 'patients');
    await second.stop();
  });
});
