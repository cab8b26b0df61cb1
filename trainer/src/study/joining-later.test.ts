// Who takes part in a round can read what it starts from, also where it joined since, or had no usable key then.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Argument } from '@consilium/domain';
import { type ArtefactRef, computeCid, MemoryArtefactStore, recipientsOf } from '../artefacts/index.ts';
import type { TrainerParts } from '../assemble-trainer.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { smallConsortium } from '../testing/small-consortium.ts';
import { datasetOf } from '../testing/study-rows.ts';

const mspIds = ['A', 'B', 'C', 'D'];
const quorum = { updates: 3, validators: 3 };

async function world(
  before: (small: Awaited<ReturnType<typeof smallConsortium>>) => void,
  after: () => void,
  partsOf: (
    small: Awaited<ReturnType<typeof smallConsortium>>,
    mspId: string,
  ) => Partial<TrainerParts> = () => ({}),
) {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-joining-'));
  const store = new MemoryArtefactStore();
  const small = await smallConsortium({ directory, store, mspIds, study: { rounds: 2, quorum } });
  before(small);
  const { consortium, study } = small;
  let isDone = false;
  const stop = consortium.onEvent(() => {
    if (isDone || consortium.rounds.get(`${study.studyId}/1`)?.round.state !== 'finalized') return;
    isDone = true;
    after();
  });
  const running = runTrainers(small, ({ mspId }) => ({
    store,
    takeoverMs: 300,
    pollMs: 200,
    ...partsOf(small, mspId),
  }));
  try {
    await running.until(() => consortium.models.has(study.studyId));
    const [first, second] = [1, 2].map((round) => consortium.dossier(study.studyId, round));
    const readers = async (ref: ArtefactRef) => {
      const bytes = await store.get(ref).catch(() => undefined);
      return bytes && recipientsOf(bytes).map(({ mspId }) => mspId);
    };
    return {
      first: first!,
      second: second!,
      sealedTo: await readers(second!.round.base!.artefact),
      firstSealedTo: await readers(first!.round.aggregate!.artefact),
    };
  } finally {
    stop();
    await running.stop();
    rmSync(directory, { recursive: true });
  }
}

it('a hospital that joins between two rounds trains and judges in the next', async () => {
  const late = datasetOf('D');
  let join = () => {};
  const { first, second, sealedTo, firstSealedTo } = await world(
    ({ consortium, study }) => {
      const key = `${study.studyId}/${late}`;
      const consent = consortium.consents.get(key)!;
      consortium.consents.delete(key);
      join = () => consortium.consents.set(key, consent);
    },
    () => join(),
  );
  assert.deepEqual(firstSealedTo, ['A', 'B', 'C']);
  assert.deepEqual(sealedTo, mspIds);
  assert.equal(second.round.base?.parametersSha256, first.round.aggregate?.parametersSha256);
  assert.ok(second.updates.some(({ datasetId }) => datasetId === late));
  assert.ok(second.verdicts.some(({ mspId, accepted }) => mspId === 'D' && accepted));
});

it('a hospital without a usable key stops nobody, and is back once it has one', async () => {
  let rotate = () => {};
  const { first, second, sealedTo, firstSealedTo } = await world(
    ({ consortium }) => {
      const member = consortium.members.get('D')!;
      consortium.members.set('D', { ...member, encryptionPublicKey: 'A'.repeat(43) });
      rotate = () =>
        consortium.members.set('D', { ...member, keyNumber: 2, keySince: '9999-01-01T00:00:00Z' });
    },
    () => rotate(),
  );
  assert.deepEqual(firstSealedTo, ['A', 'B', 'C']);
  assert.deepEqual(
    first.round.included?.length,
    4,
    'its update counts: it sealed that itself, to the others',
  );
  assert.deepEqual(sealedTo, mspIds);
  assert.ok(second.updates.some(({ datasetId }) => datasetId === datasetOf('D')));
});

it('a hospital that joins can read the base although whoever finalised it named an artefact that is nowhere', async () => {
  const late = datasetOf('D');
  let join = () => {};
  const nowhere = await computeCid(new Uint8Array(7));
  const { second, sealedTo, firstSealedTo } = await world(
    ({ consortium, study }) => {
      const key = `${study.studyId}/${late}`;
      const consent = consortium.consents.get(key)!;
      consortium.consents.delete(key);
      join = () => consortium.consents.set(key, consent);
    },
    () => join(),
    ({ consortium }, mspId) => {
      const ledger = consortium.as(mspId);
      const submit: typeof ledger.submit = async (name, argument, key) => {
        if (name !== 'round:finalize') return ledger.submit(name, argument, key);
        const { aggregate, ...rest } = argument as Argument<'round:finalize'>;
        const lie = { ...aggregate, artefact: { ...aggregate.artefact, cid: nowhere } };
        return ledger.submit('round:finalize', { ...rest, aggregate: lie }, key);
      };
      return { ledger: { ...ledger, submit } };
    },
  );
  assert.equal(firstSealedTo, undefined);
  assert.deepEqual(sealedTo, mspIds);
  assert.ok(second.updates.some(({ datasetId }) => datasetId === late));
});
