// Members whose studies carry graphs that are meant to stop the trainers which consent.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { HOSTILE_GRAPHS, WITH_COSTLY_SIDE_OUTPUT } from '@consilium/onnx-grad/testing/hostile-graphs';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { ContainedGraphEngine } from '../containment/contained-graph-engine.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';

const MEMORY_BYTES = 600 * 2 ** 20;
/** Of 32 bytes a weight and more, while it is trained: beyond what the process has. */
const GREEDY = () =>
  buildForwardModel({
    kind: 'multilayer-perceptron',
    features: 4,
    hidden: [2048, 4096],
    localIntercept: false,
  });

async function propose(
  { consortium, study }: SmallConsortium,
  store: MemoryArtefactStore,
  { studyId, graph, parameters }: { studyId: string; graph: Uint8Array; parameters: number },
): Promise<void> {
  const model = { graph: await store.put(graph), inputs: 4, parameters, localParameters: [] };
  consortium.studies.set(studyId, { ...study, studyId, model });
  for (const consent of consortium.consentsOf(study.studyId)) {
    consortium.consents.set(`${studyId}/${consent.datasetId}`, { ...consent, studyId });
  }
}

it('studies with hostile graphs are refused by name, and the others go on', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-hostile-'));
  const store = new MemoryArtefactStore();
  const study = { rounds: 1, quorum: { updates: 1, validators: 1 } };
  const world = await smallConsortium({ directory, store, study, mspIds: ['A'] });
  const { consortium } = world;
  const hostile = [
    ['names', 'two initialisers of one name, as of scikit-learn'],
    ['loop', 'a loop beside the logit'],
    ['constants', 'a hundred constants of 2^24 numbers'],
  ] as const;
  for (const [studyId, what] of hostile) {
    await propose(world, store, { studyId, graph: HOSTILE_GRAPHS[what]![0](), parameters: 4 });
  }
  const greedy = GREEDY();
  const { parameterCount: parameters } = readForwardModel(greedy);
  await propose(world, store, { studyId: 'greedy', graph: greedy, parameters });
  await propose(world, store, { studyId: 'side', graph: WITH_COSTLY_SIDE_OUTPUT(), parameters: 4 });
  const stopping = new AbortController();
  const graphs = new ContainedGraphEngine({ memoryBytes: MEMORY_BYTES, signal: stopping.signal });
  const running = runTrainers(world, () => ({ store, graphs, maxPauseMs: 1000 }));
  const errors = () =>
    new Map(
      running.trainers
        .get('A')!
        .service.board.list()
        .map(({ studyId, error }) => [studyId, error]),
    );
  const isSettled = (studyId: string) =>
    consortium.consentsOf(studyId).every(({ state }) => state === 'settled');
  const refused = [...hostile.map(([studyId]) => studyId), 'greedy'];
  try {
    await running.until(
      () =>
        isSettled('study') &&
        isSettled('side') &&
        refused.every((studyId) => errors().get(studyId)?.code.startsWith('TRAINER_MODEL_')),
    );
    const told = errors();
    for (const [studyId, what] of hostile) {
      const { code, detail } = told.get(studyId)!;
      assert.equal(code, 'TRAINER_MODEL_INVALID');
      assert.match(detail, HOSTILE_GRAPHS[what]![1]);
    }
    const { code, detail } = told.get('greedy')!;
    assert.equal(code, 'TRAINER_MODEL_TOO_EXPENSIVE');
    assert.match(detail, /memory.*: take a smaller model/);
    assert.ok(consortium.models.has('study') && consortium.models.has('side'));
    assert.ok(!consortium.charges.some(({ studyId }) => refused.includes(studyId)));
  } finally {
    await running.stop();
    stopping.abort();
    rmSync(directory, { recursive: true });
  }
});
