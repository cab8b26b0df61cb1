// The ledger names an artefact before IPFS has it, and nobody keeps what nobody attested.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { Argument, RoundDossier, Study } from '@consilium/domain';
import { ArtefactError } from '../artefacts/index.ts';
import { Journal } from '../journal/journal.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import { UnreliableStore } from '../testing/unreliable-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-commit-'));
after(() => rmSync(directory, { recursive: true }));
let worlds = 0;

const aWorld = async ({
  study = { rounds: 1 },
  mspIds,
}: {
  study?: Partial<Study>;
  mspIds?: string[];
} = {}) => {
  worlds += 1;
  const store = new UnreliableStore();
  const world = await smallConsortium({
    directory: join(directory, `${worlds}`),
    store,
    study,
    ...(mspIds && { mspIds }),
  });
  return { store, world };
};
const isSettled = ({ consortium }: SmallConsortium) =>
  consortium.consentsOf('study').every(({ state }) => state === 'settled');

describe('committing, then publishing', () => {
  let running: RunningConsortium | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  it('delivers nothing when the consent is withdrawn before the round takes no more updates', async () => {
    const { store, world } = await aWorld();
    const { consortium } = world;
    running = runTrainers(world, ({ mspId }) => ({
      store,
      afterStep: (step) => {
        if (mspId === 'C' && step === 'round:recordUpdate: on the ledger') {
          consortium.setConsent('study', 'c-data', 'withdrawn');
        }
      },
    }));
    await running.until(() => isSettled(world));
    const { updates, round, verdicts } = consortium.dossier('study', 1);
    assert.equal(updates.length, 3, 'its charge stays');
    assert.deepEqual(
      [round.updates, round.included],
      [
        ['a-data', 'b-data'],
        ['a-data', 'b-data'],
      ],
    );
    const judged = verdicts.map(({ mspId, decisions }) => [mspId, decisions.length]);
    assert.deepEqual(judged.sort(), [
      ['A', 2],
      ['B', 2],
    ]);
    assert.equal(running.trainers.get('C')!.journal.artefactUsage().count, 0);
  });

  it('puts nothing into IPFS that the ledger does not name, and no update while others may send theirs', async () => {
    const { store, world } = await aWorld({ study: { rounds: 2 } });
    const { consortium } = world;
    const seen: string[] = [];
    store.afterPut = ({ cid }) => {
      for (const { round, updates } of consortium.rounds.values()) {
        if (updates.some(({ artefact }) => artefact.cid === cid)) seen.push(`update while ${round.state}`);
        else if (round.aggregate?.artefact.cid === cid) seen.push('aggregate');
        else continue;
        return;
      }
      seen.push('something that the ledger does not name');
    };
    running = runTrainers(world, () => ({ store }));
    await running.until(() => isSettled(world));
    assert.deepEqual(new Set(seen), new Set(['update while validating', 'aggregate']));
    assert.equal(seen.length, 2 * (3 + 1));
    await running.until(() => store.pinned.length > 0);
  });

  it('pins no artefact that a finaliser names beside the attested hash, and goes on', async () => {
    const { store, world } = await aWorld({ study: { rounds: 2 } });
    const { consortium } = world;
    const foreign = await store.put(new Uint8Array(5_000_000));
    running = runTrainers(world, ({ mspId }) => {
      if (mspId !== 'A') return { store, patienceMs: 100 };
      const ledger = consortium.as(mspId);
      const submit: typeof ledger.submit = async (name, argument, key) => {
        if (name !== 'round:finalize') return ledger.submit(name, argument, key);
        const { aggregate, ...rest } = argument as Argument<'round:finalize'>;
        const lie = { ...aggregate, artefact: foreign };
        return ledger.submit('round:finalize', { ...rest, aggregate: lie }, key);
      };
      return { store, ledger: { ...ledger, submit }, patienceMs: 100 };
    });
    await running.until(() => isSettled(world));
    const [first, second] = [1, 2].map((round) => consortium.dossier('study', round).round);
    assert.equal(first?.aggregate?.artefact.cid, foreign.cid);
    assert.equal(second?.state, 'finalized', 'an aggregate of a member that tells the truth');
    const { cid } = second!.aggregate!.artefact;
    await running.until(() => store.pinned.includes(cid));
    assert.ok(!store.pinned.includes(foreign.cid));
  });

  it('is held up by nobody who names the bytes that it sealed under a CID that they do not have', async () => {
    const { store, world } = await aWorld({ study: { rounds: 2 } });
    const { consortium } = world;
    const foreign = await store.put(new Uint8Array(1000));
    running = runTrainers(world, ({ mspId }) => {
      if (mspId !== 'A') return { store };
      const ledger = consortium.as(mspId);
      // As of a member that sees the proposal of A at its peer, and is faster.
      const submit: typeof ledger.submit = async (name, argument, key) => {
        if (name !== 'round:finalize') return ledger.submit(name, argument, key);
        const { aggregate, ...rest } = argument as Argument<'round:finalize'>;
        const { artefact, ...hash } = aggregate;
        const lie = { ...hash, artefact: { ...artefact, cid: foreign.cid } };
        return ledger.submit('round:finalize', { ...rest, aggregate: lie }, key);
      };
      return { store, ledger: { ...ledger, submit } };
    });
    await running.until(() => isSettled(world));
    const [first, second] = [1, 2].map((round) => consortium.dossier('study', round));
    assert.equal(first?.round.aggregate?.artefact.cid, foreign.cid);
    assert.ok(second?.attestations.some(({ mspId }) => mspId === 'A'));
    assert.equal(second?.updates.length, 3);
  });

  it('settles while its node has no room for an aggregate, which follows when there is some', async () => {
    const { store, world } = await aWorld({
      study: { rounds: 1, quorum: { updates: 1, validators: 1 } },
      mspIds: ['A'],
    });
    const put = store.put.bind(store);
    let puts = 0;
    let isFull = true;
    store.put = async (bytes) => {
      puts += 1;
      if (puts > 1 && isFull) throw new ArtefactError('ARTEFACT_STORAGE_FULL');
      return put(bytes);
    };
    running = runTrainers(world, () => ({ store }));
    await running.until(() => isSettled(world));
    const { aggregate } = world.consortium.dossier('study', 1).round;
    await assert.rejects(store.get(aggregate!.artefact));
    const { journal } = running.trainers.get('A')!;
    isFull = false;
    await running.until(() => journal.undelivered('study').length === 0);
    assert.equal((await store.get(aggregate!.artefact)).length, aggregate!.artefact.sizeBytes);
  });

  it('goes on with a round whose artefact the version before has put into IPFS already', async () => {
    const { store, world } = await aWorld({
      study: { rounds: 1, quorum: { updates: 1, validators: 1 } },
      mspIds: ['A'],
    });
    const sealed = Promise.withResolvers<void>();
    running = runTrainers(world, () => ({
      store,
      afterStep(step) {
        if (step !== 'update: sealed and written down') return;
        sealed.resolve();
        throw new Error('the trainer is upgraded here');
      },
    }));
    await sealed.promise;
    await running.stop();
    const key = { studyId: 'study', round: 1, subject: 'a-data' };
    {
      using journal = new Journal(world.hospitals[0]!.directory);
      const { cid } = await store.put(journal.sealed(key)!.ciphertext);
      journal.recordPut(key, cid);
    }
    const puts: string[] = [];
    store.afterPut = ({ cid }) => void puts.push(cid);
    running = runTrainers(world, () => ({ store }));
    await running.until(() => isSettled(world));
    const { round, updates } = world.consortium.dossier('study', 1);
    assert.equal(round.state, 'finalized');
    assert.deepEqual(puts, [round.aggregate?.artefact.cid], 'the update was there');
    assert.notEqual(updates[0]?.artefact.cid, puts[0]);
  });
});

describe('what was put and is named by nobody', () => {
  let running: RunningConsortium | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  /** A study of two members, in which A stops once its update is sealed, and the version before puts it then. */
  async function leftBehind({ isWrittenDown }: { readonly isWrittenDown: boolean }) {
    const { store, world } = await aWorld({
      study: { rounds: 2, quorum: { updates: 1, validators: 1 } },
      mspIds: ['A', 'B'],
    });
    const sealed = Promise.withResolvers<void>();
    running = runTrainers(world, ({ mspId }) => ({
      store,
      afterStep(step) {
        if (mspId !== 'A' || step !== 'update: sealed and written down') return;
        sealed.resolve();
        throw new Error('the trainer is stopped here');
      },
    }));
    await sealed.promise;
    await running.stop();
    const key = { studyId: 'study', round: 1, subject: 'a-data' };
    using journal = new Journal(world.hospitals[0]!.directory);
    const { cid } = await store.put(journal.sealed(key)!.ciphertext);
    if (isWrittenDown) {
      journal.recordPut(key, cid);
      journal.countArtefact({ cid, sizeBytes: 1 }, 'update');
    }
    assert.ok(store.isPinned(cid));
    // Its round goes on without it: it is never recorded.
    world.consortium.setConsent('study', 'a-data', 'withdrawn');
    return { store, world, cid, key };
  }

  for (const { title, state, staleAnswers } of [
    { title: 'asked for beside a study that is aborted', state: 'aborted', staleAnswers: 1 },
    { title: 'that a peer gives which is behind', state: 'completed', staleAnswers: 3 },
  ] as const) {
    it(`is nothing that only an older answer does not name, ${title}`, async () => {
      const { store, world } = await aWorld({
        study: { rounds: 2, quorum: { updates: 1, validators: 1 } },
        mspIds: ['A'],
      });
      const { consortium } = world;
      const ledger = consortium.as('A');
      const stale: RoundDossier[] = [];
      const submit: typeof ledger.submit = async (name, argument, key) => {
        const isEnd = name === 'round:finalize';
        const before = isEnd ? Array(staleAnswers).fill(consortium.dossier('study', 1)) : [];
        const outcome = await ledger.submit(name, argument, key);
        stale.push(...before);
        if (isEnd) consortium.studies.set('study', { ...consortium.studies.get('study')!, state });
        return outcome;
      };
      const getDossier: typeof ledger.getDossier = async (...of) => stale.shift() ?? ledger.getDossier(...of);
      running = runTrainers(world, () => ({
        store,
        ledger: { ...ledger, submit, getDossier },
        maxPollMs: 20,
      }));
      await running.until(() => isSettled(world));
      const { journal } = running.trainers.get('A')!;
      const isConcluded = () =>
        [journal.inconclusive('study'), journal.undelivered('study')].flat().length === 0;
      await running.until(isConcluded);
      const { artefact } = consortium.dossier('study', 1).round.aggregate!;
      assert.ok(store.isPinned(artefact.cid));
      assert.equal((await store.get(artefact)).length, artefact.sizeBytes);
    });
  }

  for (const { title, isWrittenDown } of [
    { title: 'unpins what was put and never recorded, once its round is over', isWrittenDown: true },
    { title: 'unpins it too where a crash came before its CID was written down', isWrittenDown: false },
  ]) {
    it(title, async () => {
      const { store, world, cid, key } = await leftBehind({ isWrittenDown });
      let isAway = true;
      const unpin = store.unpin.bind(store);
      store.unpin = async (one) => {
        if (isAway && one === cid) throw new ArtefactError('ARTEFACT_STORE_UNREACHABLE');
        return unpin(one);
      };
      running = runTrainers(world, () => ({ store, maxPollMs: 20 }));
      await running.until(() => world.consortium.studies.get('study')?.state === 'completed');
      const { updates, round } = world.consortium.dossier('study', 1);
      assert.deepEqual([updates.map(({ datasetId }) => datasetId), round.state], [['b-data'], 'finalized']);
      assert.ok(store.isPinned(cid), 'a node that is away holds up nothing');
      isAway = false;
      await running.until(() => !store.isPinned(cid));
      const { journal } = running.trainers.get('A')!;
      await running.until(() => journal.inconclusive('study').length === 0);
      assert.equal(journal.cidOf(key), undefined);
      assert.ok(
        updates.every(({ artefact }) => store.isPinned(artefact.cid)),
        'and nothing else',
      );
      assert.ok(store.isPinned(round.aggregate!.artefact.cid));
    });
  }
});
