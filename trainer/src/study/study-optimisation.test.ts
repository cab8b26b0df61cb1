import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { smallConsortium } from '../testing/small-consortium.ts';
import { aStudy } from '../testing/study-rows.ts';
import { optimisationOfStudy, stateBefore } from './study-optimisation.ts';

const { training } = aStudy();
const ADAPTIVE = {
  kind: 'adaptive',
  targetQuantile: '0.5',
  rate: '0.2',
  countNoiseMultiplier: '5',
  minimumClipNormL2: '0.1',
  maximumClipNormL2: '10',
} as const;

test('the ledger’s words become the engine’s numbers, and the schedule runs over all rounds', () => {
  assert.deepEqual(optimisationOfStudy({ training, rounds: 3 }), { studySteps: 6 });
  const words = {
    ...training,
    optimizer: { kind: 'adam', momentum: '0.9', secondMomentum: '0.99', floor: '0.001' },
    schedule: { kind: 'step', warmUpSteps: 1, everySteps: 2, factor: '0.5' },
    weightDecay: '0.01',
    clipping: ADAPTIVE,
    driftCorrection: { kind: 'fedprox', proximal: '0.05' },
  } as const;
  assert.deepEqual(optimisationOfStudy({ training: words, rounds: 3 }), {
    studySteps: 6,
    optimizer: { kind: 'adam', momentum: 0.9, secondMomentum: 0.99, floor: 0.001 },
    schedule: { kind: 'step', warmUpSteps: 1, everySteps: 2, factor: 0.5 },
    weightDecay: 0.01,
    clipping: {
      kind: 'adaptive',
      targetQuantile: 0.5,
      rate: 0.2,
      countNoiseMultiplier: 5,
      minimumClipNormL2: 0.1,
      maximumClipNormL2: 10,
    },
    driftCorrection: { kind: 'fedprox', proximal: 0.05 },
  });
  assert.deepEqual(stateBefore({ training }, 1), { steps: 0 });
  assert.deepEqual(stateBefore({ training }, 3), { steps: 4 });
});

describe('a study on the ledger that says how its parameters move', () => {
  it('is trained by every member and completed, at the charges of its events', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'consilium-trainer-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const store = new MemoryArtefactStore();
    const study = {
      rounds: 2,
      training: {
        ...training,
        optimizer: { kind: 'adam', momentum: '0.9', secondMomentum: '0.99' },
        schedule: { kind: 'cosine', warmUpSteps: 2, finalFraction: '0.1' },
        weightDecay: '0.001',
        clipping: ADAPTIVE,
        driftCorrection: { kind: 'fedprox', proximal: '0.5' },
      },
    } as const;
    const world = await smallConsortium({ directory, store, study });
    const { consortium } = world;
    const running = runTrainers(world, () => ({ store, takeoverMs: 60_000, pollMs: 60_000 }));
    await running.until(() => consortium.consentsOf('study').every(({ state }) => state === 'settled'));
    await running.stop();
    assert.equal(consortium.studies.get('study')?.state, 'completed');
    const charged = consortium.charges.filter(({ pool }) => pool === 'training');
    assert.equal(charged.length, 2 * 3);
  });
});
