// Which model is which in a study that averages: what is trained from, what is scored, and what is handed over.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  decodeSharedModel,
  dequantizeParameters,
  federationOf,
  outcomeOf,
  type SharedModel,
} from '@consilium/federation';
import { aggregateContext } from '../artefacts/artefact-exchange.ts';
import { MemoryArtefactStore, openArtefact, sha256Hex } from '../artefacts/index.ts';
import type { GraphEngine } from '../containment/graph-engine.ts';
import { askAs } from '../testing/asserted-request.ts';
import { graphEngineOnThisThread } from '../testing/graph-engine-on-this-thread.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import { datasetOf } from '../testing/study-rows.ts';
import { decodeLocal, StudyModel } from './study-model.ts';

const DECAY = 0.75;
const STUDY = 'study';
const ROUNDS = [1, 2, 3];
const MEMBERS = ['A', 'B', 'C'];

/** What a hospital's graph was run with, in the order of the rounds. */
interface Seen {
  readonly trained: number[][];
  readonly scored: number[][];
}

/** An engine that writes down the parameters that it is given. */
function watched(seen: Seen): GraphEngine {
  const engine = graphEngineOnThisThread;
  return {
    ...engine,
    trainRound(input, options) {
      seen.trained.push(Array.from(input.parameters));
      return engine.trainRound(input, options);
    },
    outputs(graph, run) {
      seen.scored.push(Array.from(run.values));
      return engine.outputs(graph, run);
    },
  };
}

describe('a study that hands over the average of its rounds', () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-trainer-'));
  const store = new MemoryArtefactStore();
  const seen = new Map(MEMBERS.map((mspId): [string, Seen] => [mspId, { trained: [], scored: [] }]));
  let world: SmallConsortium;
  let running: RunningConsortium;
  let model: StudyModel;
  /** What members attested after each round, from 1. */
  const models: SharedModel[] = [];

  before(async () => {
    const study = { averaging: { decay: String(DECAY) } };
    world = await smallConsortium({ directory, store, study });
    const { consortium, hospitals } = world;
    running = runTrainers(world, ({ mspId }) => ({
      store,
      graphs: watched(seen.get(mspId)!),
      takeoverMs: 60_000,
      pollMs: 60_000,
    }));
    await running.until(() => consortium.consentsOf(STUDY).every(({ state }) => state === 'settled'));
    model = await StudyModel.read(await store.get(world.study.model.graph), world.study.model);
    const [{ mspId, keys }] = hospitals as [(typeof hospitals)[number]];
    for (const number of ROUNDS) {
      const { aggregate } = consortium.dossier(STUDY, number).round;
      const { plaintext } = await openArtefact({
        bytes: await store.get(aggregate!.artefact),
        mspId,
        keys: [keys],
        associatedData: aggregateContext(STUDY),
      });
      assert.equal(sha256Hex(plaintext), aggregate!.parametersSha256);
      models.push(decodeSharedModel(plaintext, federationOf(world.study), model.initial.shared.length));
    }
  });

  after(async () => {
    await running.stop();
    rmSync(directory, { recursive: true });
  });

  const localAfter = (mspId: string, round: number) =>
    decodeLocal(
      running.trainers
        .get(mspId)!
        .journal.localParameters({ studyId: STUDY, datasetId: datasetOf(mspId), round })!,
    );

  /** Σ_s d^(r - s) θ_s / Σ_s d^(r - s) of a hospital's own parameters. */
  const localAverage = (mspId: string, round: number) => {
    const weights = ROUNDS.slice(0, round).map((s) => DECAY ** (round - s));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return localAfter(mspId, round).map((_, i) =>
      weights.reduce((sum, weight, s) => sum + (weight / total) * localAfter(mspId, s + 1)[i]!, 0),
    );
  };

  function assertNear(actual: readonly number[] | undefined, expected: Float64Array): void {
    assert.equal(actual?.length, expected.length);
    expected.forEach((value, i) => {
      assert.ok(Math.abs(actual![i]! - value) < 1e-12, `value ${i}: ${actual![i]}, not ${value}`);
    });
  }

  it('has an average that is not its last model', () => {
    assert.deepEqual(outcomeOf(models[0]!), models[0]!.parameters);
    assert.notDeepEqual(outcomeOf(models[2]!), models[2]!.parameters);
  });

  it('trains each round from the model of the round before, not from the average', () => {
    for (const mspId of MEMBERS) {
      for (const round of [2, 3]) {
        const shared = dequantizeParameters(models[round - 2]!.parameters);
        const expected = model.join({ shared, local: localAfter(mspId, round - 1) });
        assertNear(seen.get(mspId)!.trained[round - 1], expected);
      }
    }
  });

  it('scores in each round what it would hand over after it', () => {
    for (const mspId of MEMBERS) {
      for (const round of ROUNDS) {
        const shared = dequantizeParameters(outcomeOf(models[round - 1]!));
        assertNear(
          seen.get(mspId)!.scored[round - 1],
          model.join({ shared, local: localAverage(mspId, round) }),
        );
      }
    }
  });

  it('gives the average as the final model, the same bytes at every hospital', async () => {
    const shared = dequantizeParameters(outcomeOf(models[2]!));
    const expected = sha256Hex(await model.onnx({ shared, local: model.initial.local }));
    for (const [mspId, { http }] of running.trainers) {
      const answer = await askAs(http, 'auditor', { url: `/local/models/${STUDY}/onnx?local=false`, mspId });
      assert.equal(answer.headers['x-onnx-sha256'], expected);
    }
  });

  it('predicts with the graph’s own, with the average up to a round, and with the final one', async () => {
    const { http } = running.trainers.get('A')!;
    const { scored } = seen.get('A')!;
    const predict = async (round: number | string) => {
      const payload = { studyId: STUDY, round, rows: [{ age: 80, smoker: 1 }] };
      const answer = await askAs(http, 'researcher', { method: 'POST', url: '/local/predictions', payload });
      assert.equal(answer.statusCode, 200, answer.body);
      return answer.json();
    };
    await predict('initial');
    assertNear(scored.at(-1), model.join(model.initial));
    for (const round of [2, 3]) {
      await predict(round);
      assertNear(
        scored.at(-1),
        model.join({
          shared: dequantizeParameters(outcomeOf(models[round - 1]!)),
          local: localAverage('A', round),
        }),
      );
    }
    const last = scored.at(-1);
    await predict('final');
    assert.deepEqual(scored.at(-1), last);
  });
});
