import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { type Argument, canonicalJson } from '@consilium/domain';
import { type ArtefactRef, MemoryArtefactStore } from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import type { Ledger } from '../gateway/gateway-client.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import { aConsent, aStudy } from '../testing/study-rows.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-older-folder-'));
after(() => rmSync(directory, { recursive: true }));
let worlds = 0;

/** Remembers what came to be readable in it. */
class WatchedStore extends MemoryArtefactStore {
  readonly cids = new Set<string>();

  override async put(bytes: Uint8Array): Promise<ArtefactRef> {
    const ref = await super.put(bytes);
    this.cids.add(ref.cid);
    return ref;
  }
}

/** A hospital alone, with its folder as it was before the first round: with its keys for the study. */
async function aWorld() {
  worlds += 1;
  const store = new WatchedStore();
  const at = join(directory, `${worlds}`);
  const world = await smallConsortium({
    directory: at,
    store,
    mspIds: ['A'],
    study: { rounds: 1, quorum: { updates: 1, validators: 1 } },
  });
  await runTo(world, store, 'study:recordKeys: concluded');
  store.cids.clear();
  const [hospital] = world.hospitals;
  const older = `${at}-older`;
  const newest = `${at}-newest`;
  cpSync(hospital!.directory, older, { recursive: true });
  const keepNewest = () => cpSync(hospital!.directory, newest, { recursive: true });
  const restore = (copy: string) => {
    rmSync(hospital!.directory, { recursive: true });
    cpSync(copy, hospital!.directory, { recursive: true });
  };
  return { store, world, restore, keepNewest, older, newest };
}

interface Proposal {
  readonly name: string;
  readonly argument: unknown;
}
/** What endorsers see of scores: arguments as sent, each time they are. */
const of = (name: string, seen: readonly Proposal[]): string[] =>
  seen.filter((proposal) => proposal.name === name).map(({ argument }) => canonicalJson(argument));

/** The hospital's ledger, whose endorsers keep what they see of scores before they order it, if they do. */
function watched(
  { consortium }: SmallConsortium,
  seen: Proposal[],
  beforeOrdering: (proposal: Proposal) => void = () => {},
): Ledger {
  const ledger = consortium.as('A');
  return {
    ...ledger,
    async submit(name, argument, key) {
      if (name === 'round:commitScore' || name === 'round:recordVerdict') {
        seen.push({ name, argument });
        beforeOrdering({ name, argument });
      }
      return ledger.submit(name, argument, key);
    },
  };
}

/** A round whose candidate is to be scored, with a copy of the folder as it is then. */
async function atTheScore() {
  const parts = await aWorld();
  const { store, world, older } = parts;
  await runTo(world, store, 'round:close: on the ledger');
  const beforeTheScore = `${older}-score`;
  cpSync(world.hospitals[0]!.directory, beforeTheScore, { recursive: true });
  return { ...parts, beforeTheScore };
}

/** Runs trainers until one comes to a step; there it can go no further, and is stopped. */
async function runTo(world: SmallConsortium, store: MemoryArtefactStore, last: string): Promise<void> {
  const reached = Promise.withResolvers<void>();
  const running = runTrainers(world, () => ({
    store,
    afterStep(step) {
      if (step !== last) return;
      reached.resolve();
      throw new Error('the machine is lost here');
    },
  }));
  await reached.promise;
  await running.stop();
}

const isSettled = ({ consortium }: SmallConsortium) =>
  consortium.consentsOf('study').every(({ state }) => state === 'settled');
const errorOf = (running: RunningConsortium, studyId = 'study') =>
  running.trainers
    .get('A')!
    .service.board.list()
    .find((job) => job.studyId === studyId)?.error;
const updatesIn = (store: WatchedStore, { consortium }: SmallConsortium) => {
  const { updates, round } = consortium.dossier('study', 1);
  const named = new Set(updates.map(({ artefact }) => artefact.cid));
  const others = [...store.cids].filter((cid) => !named.has(cid) && cid !== round.aggregate?.artefact.cid);
  return { named: [...named].filter((cid) => store.cids.has(cid)).length, others: others.length };
};

describe('a trainer whose folder is an older copy', () => {
  let running: RunningConsortium | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  for (const lastStep of ['update: sealed and written down', 'round:recordUpdate: written down']) {
    it(`lets exactly one release be read, where its update is on no ledger (${lastStep})`, async () => {
      const { store, world, restore, older } = await aWorld();
      await runTo(world, store, lastStep);
      restore(older);
      running = runTrainers(world, () => ({ store }));
      await running.until(() => isSettled(world));
      assert.deepEqual(updatesIn(store, world), { named: 1, others: 0 });
      assert.equal(world.consortium.charges.filter(({ pool }) => pool === 'training').length, 1);
    });
  }

  it('draws nothing, says so and what to do, where the ledger has its update; the newest copy goes on', async () => {
    const { store, world, restore, keepNewest, older, newest } = await aWorld();
    await runTo(world, store, 'round:recordUpdate: on the ledger');
    keepNewest();
    restore(older);
    running = runTrainers(world, () => ({ store }));
    await running.until(() => errorOf(running!)?.code === 'TRAINER_FOLDER_OLDER');
    assert.match(
      errorOf(running)?.detail ?? '',
      /update of a-data in round 1.*older copy.*restore the newest/,
    );
    assert.deepEqual(running.trainers.get('A')!.journal.releases(), []);
    await running.stop();
    assert.deepEqual(updatesIn(store, world), { named: 0, others: 0 });

    restore(newest);
    running = runTrainers(world, () => ({ store }));
    await running.until(() => isSettled(world));
    assert.deepEqual(updatesIn(store, world), { named: 1, others: 0 });
    assert.equal(world.consortium.dossier('study', 1).round.state, 'finalized');
  });

  it('draws nothing where the ledger has a score that it lacks', async () => {
    const { store, world, restore, beforeTheScore } = await atTheScore();
    await runTo(world, store, 'round:recordVerdict: on the ledger');
    restore(beforeTheScore);
    running = runTrainers(world, () => ({ store }));
    await running.until(() => errorOf(running!)?.code === 'TRAINER_FOLDER_OLDER');
    assert.match(errorOf(running)?.detail ?? '', /a score of a-data in round 1/);
  });

  it('draws nothing where the ledger names a score that it lacks, before any verdict', async () => {
    const { store, world, restore, beforeTheScore } = await atTheScore();
    await runTo(world, store, 'round:commitScore: on the ledger');
    restore(beforeTheScore);
    running = runTrainers(world, () => ({ store }));
    await running.until(() => errorOf(running!)?.code === 'TRAINER_FOLDER_OLDER');
    assert.match(errorOf(running)?.detail ?? '', /a score of a-data in round 1/);
    assert.deepEqual(world.consortium.dossier('study', 1).verdicts, []);
  });

  it('shows one score, where endorsers have seen what was never ordered', async () => {
    const { store, world, restore, beforeTheScore } = await atTheScore();
    const seen: Proposal[] = [];
    const lost = Promise.withResolvers<void>();
    running = runTrainers(world, () => ({
      store,
      ledger: watched(world, seen, () => {
        lost.resolve();
        throw new TrainerError('TRAINER_OUTCOME_UNKNOWN');
      }),
    }));
    await lost.promise;
    await running.stop();
    restore(beforeTheScore);
    running = runTrainers(world, () => ({ store, ledger: watched(world, seen) }));
    await running.until(() => isSettled(world));
    assert.equal(new Set(of('round:recordVerdict', seen)).size, 1, 'one score was shown');
    assert.equal(new Set(of('round:commitScore', seen)).size, 2, 'of the two that were drawn');
    const { scoreCommitments } = world.consortium.dossier('study', 1);
    const { journal } = running.trainers.get('A')!;
    const drawn = journal.release({ studyId: 'study', round: 1, datasetId: 'a-data', pool: 'held-out' });
    assert.equal(scoreCommitments?.[0]?.scoreSha256, drawn?.payloadSha256);
  });

  it('shows no score, where what endorsers kept is ordered in place of what it draws', async () => {
    const { store, world, restore, beforeTheScore } = await atTheScore();
    const seen: Proposal[] = [];
    const lost = Promise.withResolvers<void>();
    running = runTrainers(world, () => ({
      store,
      ledger: watched(world, seen, () => {
        lost.resolve();
        throw new TrainerError('TRAINER_OUTCOME_UNKNOWN');
      }),
    }));
    await lost.promise;
    await running.stop();
    const kept = seen.find(({ name }) => name === 'round:commitScore');
    restore(beforeTheScore);
    running = runTrainers(world, () => ({
      store,
      ledger: watched(world, seen, ({ name }) => {
        if (name !== 'round:commitScore' || kept === undefined) return;
        const argument = kept.argument as Argument<'round:commitScore'>;
        world.consortium.submit('A', { name, argument, key: 'kept' });
      }),
    }));
    await running.until(() => /RELEASE_DIFFERS|FOLDER_OLDER/.test(errorOf(running!)?.code ?? ''));
    assert.deepEqual(of('round:recordVerdict', seen), []);
    assert.equal(new Set(of('round:commitScore', seen)).size, 2);
  });

  it('stops every other study that had a consent then, although the ledger lacks nothing of it', async () => {
    const { store, world, restore, older } = await aWorld();
    await runTo(world, store, 'round:recordUpdate: on the ledger');
    const { consortium, study } = world;
    consortium.studies.set('other', { ...study, studyId: 'other' });
    consortium.consents.set('other/a-data', { ...aConsent('A'), studyId: 'other' });
    restore(older);
    running = runTrainers(world, () => ({ store }));
    await running.until(() => errorOf(running!, 'other')?.code === 'TRAINER_FOLDER_OLDER');
    assert.deepEqual(running.trainers.get('A')!.journal.releases(), []);
    assert.equal(consortium.rounds.has('other/1'), false, 'it does not even lead');
  });

  it('goes on once the consents of that time are settled, in studies consented to since', async () => {
    const { store, world, restore, older } = await aWorld();
    await runTo(world, store, 'round:recordUpdate: on the ledger');
    const { consortium, study } = world;
    restore(older);
    running = runTrainers(world, () => ({ store, pollMs: 20 }));
    await running.until(() => errorOf(running!)?.code === 'TRAINER_FOLDER_OLDER');
    consortium.setConsent('study', 'a-data', 'withdrawn');
    consortium.studies.set('study', { ...aStudy(study), state: 'aborted' });
    await running.until(() => isSettled(world));
    consortium.studies.set('new', { ...study, studyId: 'new' });
    consortium.consents.set('new/a-data', { ...aConsent('A'), studyId: 'new' });
    await running.until(() => consortium.consentsOf('new').every(({ state }) => state === 'settled'));
    assert.equal(consortium.dossier('new', 1).round.state, 'finalized');
    assert.deepEqual(updatesIn(store, world).named, 0);
  });
});
