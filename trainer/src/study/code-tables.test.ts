// A graph whose table has no row for the last code of a dictionary is refused before anybody is drawn or charged.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Dictionary } from '@consilium/domain';
import { embeddingModel } from '@consilium/onnx-grad/testing/embedding-models';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { ContainedGraphEngine } from '../containment/contained-graph-engine.ts';
import { Journal } from '../journal/journal.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { DICTIONARY, type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import { modelForDraw } from './drawn-model.ts';

/** One input of codes 0 to 3, of which 3 is for what is not known, and three others. */
const dictionary: Dictionary = {
  ...DICTIONARY,
  features: [
    { name: 'ward', kind: 'code', categories: ['a', 'b', 'c'] },
    { name: 'clinic', kind: 'code', categories: ['x', 'y'] },
    { name: 'smoker', kind: 'binary' },
  ],
};
const csvOf = (seed: number): string =>
  [
    'id,ward,clinic,smoker,ill',
    ...Array.from(
      { length: 60 },
      (_, i) => `p${i},${'abc'[(i + seed) % 3]},${'xy'[i % 2]},${i % 2},${i % 2}`,
    ),
  ].join('\n');
const ROWS = { fits: 4, lacks: 3 } as const;

async function world(t: TestContext): Promise<SmallConsortium & { readonly store: MemoryArtefactStore }> {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-codes-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const store = new MemoryArtefactStore();
  const study = { rounds: 1, quorum: { updates: 1, validators: 1 } };
  const small = await smallConsortium({
    ...{ directory, store, study, mspIds: ['A'] },
    data: { dictionary, csvOf },
  });
  const [consent] = small.consortium.consentsOf(small.study.studyId);
  small.consortium.studies.clear();
  small.consortium.consents.clear();
  for (const [studyId, rows] of Object.entries(ROWS)) {
    const graph = await store.put(embeddingModel({ features: 4, rows }));
    const model = { graph, inputs: 4, parameters: rows + 3, localParameters: [] };
    small.consortium.studies.set(studyId, { ...small.study, studyId, model });
    small.consortium.consents.set(`${studyId}/${consent!.datasetId}`, { ...consent!, studyId });
  }
  return { ...small, store };
}

test('a table without a row for what is not known is refused by name, before a draw and a charge', async (t) => {
  const { store, ...small } = await world(t);
  const { consortium } = small;
  const stopping = new AbortController();
  const graphs = new ContainedGraphEngine({ signal: stopping.signal });
  const running = runTrainers(small, () => ({ store, graphs, maxPauseMs: 1000 }));
  const refusal = () =>
    running.trainers
      .get('A')!
      .service.board.list()
      .find(({ studyId }) => studyId === 'lacks')?.error;
  try {
    await running.until(() => consortium.models.has('fits') && refusal()?.code === 'TRAINER_MODEL_INVALID');
    assert.match(refusal()!.detail, /input ward has codes from 0 to 3, .* give the embedding 4 rows/);
    assert.ok(!consortium.charges.some(({ studyId }) => studyId === 'lacks'));
  } finally {
    await running.stop();
    stopping.abort();
  }
  using journal = new Journal(small.hospitals[0]!.directory);
  assert.deepEqual([...new Set(journal.releases().map(({ studyId }) => studyId))], ['fits']);
  assert.deepEqual(
    ['fits', 'lacks'].map((id) => journal.hasDrawn(id, small.hospitals[0]!.datasetId)),
    [true, false],
  );
});

test('a study that was begun before goes on as it was: its graph is tried before the first draw alone', async () => {
  const asked: unknown[] = [];
  const context = (drawn: boolean) =>
    ({
      journal: { hasDrawn: () => drawn },
      ledger: { getDataset: async () => ({ dictionary }) },
      models: { of: async (_: unknown, codes: unknown) => void asked.push(codes) },
    }) as never;
  const of = { study: { studyId: 's', model: {} as never }, datasetId: 'd' };
  await modelForDraw(context(true), of);
  await modelForDraw(context(false), of);
  const codes = [
    { name: 'ward', at: 0, last: 3 },
    { name: 'clinic', at: 1, last: 2 },
  ];
  assert.deepEqual(asked, [undefined, codes]);
});
