import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { askAs } from '../testing/asserted-request.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';

describe('a whole study of three trainers', () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-trainer-'));
  let running: RunningConsortium;
  let world: SmallConsortium;

  before(async () => {
    const store = new MemoryArtefactStore();
    world = await smallConsortium({ directory, store });
    running = runTrainers(world, () => ({ store, takeoverMs: 60_000, pollMs: 60_000 }));
    await running.until(() => world.consortium.consentsOf('study').every(({ state }) => state === 'settled'));
  });

  after(async () => {
    await running.stop();
    rmSync(directory, { recursive: true });
  });

  it('completes every round and publishes the model', () => {
    const { consortium, study } = world;
    const states = [1, 2, 3].map((round) => consortium.dossier(study.studyId, round).round.state);
    assert.deepEqual(states, ['finalized', 'finalized', 'finalized']);
    assert.equal(consortium.studies.get(study.studyId)?.state, 'completed');
    assert.equal(consortium.models.get(study.studyId)?.round, 3);
  });

  it('takes turns in leading', () => {
    const opened = world.consortium.recorded.filter(({ name }) => name === 'round:open');
    assert.deepEqual(
      opened.map(({ mspId }) => mspId),
      ['A', 'B', 'C'],
    );
  });

  it('charges each pool of each dataset exactly once a round', () => {
    const charges = world.consortium.charges.map((c) => `${c.round}/${c.datasetId}/${c.pool}`);
    assert.equal(charges.length, 3 * 3 * 2);
    assert.equal(new Set(charges).size, charges.length);
  });

  it('journals one release per charge, marks it as charged and drops its bytes at the end', () => {
    for (const { journal } of running.trainers.values()) {
      const releases = journal.releases();
      assert.equal(releases.length, 3 * 2);
      assert.ok(releases.every(({ charge }) => charge === 'charged'));
      assert.ok(releases.every(({ payload }) => payload.length === 0));
    }
  });

  it('has every member recompute the same aggregate', () => {
    const { consortium, study } = world;
    for (const round of [1, 2, 3]) {
      const { round: row, attestations } = consortium.dossier(study.studyId, round);
      assert.equal(attestations.length, 3);
      const hashes = new Set(attestations.map((a) => a.parametersSha256));
      assert.deepEqual([...hashes], [row.aggregate?.parametersSha256]);
    }
  });

  it('answers predictions before training, after a round, and with the final model', async () => {
    const { http } = running.trainers.get('A')!;
    const answers: number[][] = [];
    for (const round of ['initial', 1, 'final']) {
      const response = await askAs(http, 'researcher', {
        method: 'POST',
        url: '/local/predictions',
        payload: { studyId: 'study', round, rows: [{ age: 80, smoker: 1 }, { age: 25 }] },
      });
      assert.equal(response.statusCode, 200, response.body);
      answers.push(response.json<{ probabilities: number[] }>().probabilities);
    }
    assert.deepEqual(answers[0], [0.5, 0.5], 'a logistic regression starts at 0');
    assert.notDeepEqual(answers[1], answers[0]);
    assert.notDeepEqual(answers[2], answers[1]);
  });

  it('gives the final model as the same bytes at every hospital, and with local parameters as different ones', async () => {
    const shared = new Set<unknown>();
    const own = new Set<unknown>();
    for (const [mspId, { http }] of running.trainers) {
      const ask = (url: string) => askAs(http, 'auditor', { url, mspId });
      const plain = await ask('/local/models/study/onnx?local=false');
      assert.equal(plain.statusCode, 200, plain.body);
      shared.add(plain.headers['x-onnx-sha256']);
      own.add((await ask('/local/models/study/onnx')).headers['x-onnx-sha256']);
    }
    assert.equal(shared.size, 1);
    assert.equal(own.size, 3);
  });

  it('refuses by name, also to its own hospital, a model that is retired, and those after its rounds', async (t) => {
    const { models } = world.consortium;
    const model = models.get('study')!;
    t.after(() => models.set('study', model));
    models.set('study', {
      ...model,
      withdrawn: [{ datasetId: 'data-b', withdrawnAt: '2026-03-02T09:00:00Z' }],
      retiredAt: '2026-03-02T09:00:00Z',
    });
    const { http } = running.trainers.get('A')!;
    const predict = (round: string | number) =>
      askAs(http, 'researcher', {
        method: 'POST',
        url: '/local/predictions',
        payload: { studyId: 'study', round, rows: [{ age: 80, smoker: 1 }] },
      });
    const refused = [
      await predict('final'),
      // The last round's parameters are the model's.
      await predict(model.round),
      await predict(1),
      ...(await Promise.all(
        ['', '?local=false'].map((query) =>
          askAs(http, 'auditor', { url: `/local/models/study/onnx${query}`, mspId: 'A' }),
        ),
      )),
    ];
    for (const { statusCode, body } of refused) {
      assert.equal(statusCode, 409, body);
      const { code, detail } = JSON.parse(body);
      assert.equal(code, 'TRAINER_MODEL_RETIRED');
      assert.match(
        detail,
        /study is retired since 2026-03-02T09:00:00Z: the consent of data-b was withdrawn/,
      );
    }
    assert.equal((await predict('initial')).statusCode, 200, 'no patient is in it');
  });

  it('has nothing left to do', async () => {
    const { http } = running.trainers.get('B')!;
    const ask = async (url: string) => (await askAs(http, 'operator', { url, mspId: 'B' })).json();
    assert.deepEqual(await ask('/local/jobs'), []);
    const usage = await ask('/local/artefacts/usage');
    assert.equal(usage.count, 3 + 1, 'three updates, and the aggregate of the round it led');
  });
});

describe('a study whose rule is robust', () => {
  it('ends with the same recomputed aggregates at every member', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'consilium-trainer-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const store = new MemoryArtefactStore();
    const study = {
      rounds: 1,
      aggregation: { rule: 'geometric-median', maxUpdateNormL2: '100' },
    } as const;
    const world = await smallConsortium({ directory, store, study });
    const { consortium } = world;
    const running = runTrainers(world, () => ({ store, takeoverMs: 60_000, pollMs: 60_000 }));
    await running.until(() => consortium.consentsOf('study').every(({ state }) => state === 'settled'));
    await running.stop();
    const attested = consortium.dossier('study', 1).attestations.map((a) => a.parametersSha256);
    assert.equal(new Set(attested).size, 1);
    assert.equal(consortium.studies.get('study')?.state, 'completed');
  });
});
