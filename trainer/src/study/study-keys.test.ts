// Keys for one dataset's updates in one study: made and recorded before the first is sealed, and destroyed when the
// dataset's consent is withdrawn, whatever happens to the trainer in between.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { StudyKey } from '@consilium/domain';
import { eraseUpdates, listOwedErasures } from '../actions/erase-updates.ts';
import { updateContext } from '../artefacts/artefact-exchange.ts';
import {
  generateMemberKeys,
  MemoryArtefactStore,
  openArtefact,
  rawPrivateKey,
  recipientsOf,
} from '../artefacts/index.ts';
import { TrainerError } from '../errors.ts';
import { GatewayProblem, type Ledger } from '../gateway/gateway-client.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import { recordStudyKeys } from './study-keys.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-keys-of-studies-'));
after(() => rmSync(root, { recursive: true }));
let worlds = 0;

type Parts = Parameters<typeof runTrainers>[1];
const STUDY = 'study';
const IDS = ['A', 'B', 'C'];
const ofC = { studyId: STUDY, datasetId: 'c-data' };

describe('keys for a study', () => {
  let running: RunningConsortium | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  /** A study that starts once the trainers had time to record their keys. */
  async function proposed(): Promise<SmallConsortium & { readonly store: MemoryArtefactStore }> {
    const store = new MemoryArtefactStore();
    const directory = join(root, String(worlds++));
    return {
      ...(await smallConsortium({ directory, store, study: { rounds: 2, state: 'proposed' } })),
      store,
    };
  }
  async function start(world: SmallConsortium, partsOf: Parts, keysAt = 9): Promise<RunningConsortium> {
    const { consortium } = world;
    running = runTrainers(world, partsOf);
    await running.until(() => consortium.keys.rows.length === keysAt);
    const study = consortium.studies.get(STUDY)!;
    consortium.studies.set(STUDY, { ...study, state: 'running' });
    for (const { service } of running.trainers.values()) service.wakeAll();
    return running;
  }
  /** Withdraws the consent of C when the first round has its attestation by A. */
  const withdrawing = ({ consortium }: SmallConsortium) => {
    let isWithdrawn = false;
    return (step: string) => {
      if (step !== 'round:attest: on the ledger' || isWithdrawn) return;
      isWithdrawn = true;
      consortium.setConsent(STUDY, 'c-data', 'withdrawn');
    };
  };
  const updateOfC = ({ consortium }: SmallConsortium) =>
    consortium.dossier(STUDY, 1).updates.find(({ datasetId }) => datasetId === 'c-data')!;
  const destroyed = ({ consortium }: SmallConsortium) =>
    Object.fromEntries(
      consortium.erasures.map(({ mspId, artefacts }) => [
        mspId,
        artefacts.map(({ keysDestroyed }) => keysDestroyed),
      ]),
    );
  const isOver = ({ consortium }: SmallConsortium) =>
    consortium.erasures.length === 3 && consortium.studies.get(STUDY)?.state === 'completed';
  const holds = (directory: string, bytes: Uint8Array) =>
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .some(({ name }) => readFileSync(join(directory, name)).includes(Buffer.from(bytes)));

  it('are recorded before the first update, which is sealed to them, and to no key that opens more', async () => {
    const world = await proposed();
    const { consortium, store } = world;
    const { until } = await start(world, () => ({ store }));
    assert.equal(consortium.rounds.size, 0);
    await until(() => consortium.studies.get(STUDY)?.state === 'completed');
    const sent = consortium.recorded.filter(({ name }) => name === 'study:recordKeys');
    assert.deepEqual(sent.map(({ mspId }) => mspId).sort(), IDS, 'one transaction of each member');
    for (const round of [1, 2]) {
      for (const update of consortium.dossier(STUDY, round).updates) {
        assert.deepEqual(update.sealedToMemberKeys, []);
        const own = consortium.keys.ofDataset(STUDY, update.datasetId);
        const keys = new Map(own.map(({ mspId, encryptionPublicKey }) => [mspId, encryptionPublicKey]));
        const recipients = recipientsOf(await store.get(update.artefact));
        assert.deepEqual(
          recipients.map(({ mspId, publicKey }) => [mspId, publicKey]),
          IDS.map((mspId) => [mspId, keys.get(mspId)]),
        );
      }
    }
  });

  it('are destroyed after a withdrawal by all, by who withdraws too, and nothing of them opens an update', async () => {
    const world = await proposed();
    const { consortium, store, hospitals } = world;
    const afterStep = withdrawing(world);
    const privateKeys = new Map<string, Uint8Array>();
    const { trainers, until } = await start(world, ({ mspId }) => ({
      store,
      afterStep: (step) => {
        if (step === 'round:attest: on the ledger') {
          const { journal } = running!.trainers.get(mspId)!;
          const key = journal.studyKey(ofC);
          if (key !== undefined) privateKeys.set(mspId, rawPrivateKey(key.privateKey));
        }
        if (mspId === 'A') afterStep(step);
      },
    }));
    let bytes: Uint8Array | undefined;
    await until(() => {
      const update = consortium.rounds.get(`${STUDY}/1`)?.updates.find((one) => one.datasetId === 'c-data');
      if (update !== undefined) {
        store.get(update.artefact).then(
          (found) => {
            bytes ??= found;
          },
          () => undefined,
        );
      }
      return isOver(world);
    });
    assert.deepEqual(destroyed(world), { A: [true], B: [true], C: [true] });
    const update = updateOfC(world);
    // Its owner puts the very bytes again.
    assert.ok(bytes !== undefined);
    await store.put(bytes);
    for (const [mspId, { context, journal }] of trainers) {
      const { exchange } = context;
      const opening = { context: updateContext(update), plaintextBytes: bytes.length };
      await assert.rejects(exchange.open(update.artefact, opening), /which this trainer does not have/);
      assert.equal(journal.studyKey(ofC), undefined);
      assert.ok(journal.studyKey({ ...ofC, datasetId: 'b-data' }) !== undefined, 'other keys stay');
      const { directory, keys } = hospitals.find((hospital) => hospital.mspId === mspId)!;
      assert.equal(holds(directory, privateKeys.get(mspId)!), false, 'no byte of it is in the folder');
      const associatedData = updateContext(update);
      await assert.rejects(openArtefact({ bytes, mspId, keys: [keys], associatedData }), /does not have/);
    }
  });

  it('are not waited for: a hospital without any reads with its long-lived key, and says so at the erasure', async () => {
    const world = await proposed();
    const { consortium, store } = world;
    const lagging: Ledger = {
      ...consortium.as('B'),
      submit: async (name, argument, key) => {
        if (name === 'study:recordKeys') {
          throw new GatewayProblem({
            status: 400,
            code: 'INVALID_ARGUMENT',
            detail: 'there is no transaction',
          });
        }
        return consortium.as('B').submit(name, argument, key);
      },
    };
    const afterStep = withdrawing(world);
    const { until } = await start(
      world,
      ({ mspId }) => ({
        store,
        ...(mspId === 'A' && { afterStep }),
        ...(mspId === 'B' && { ledger: lagging }),
      }),
      6,
    );
    await until(() => isOver(world));
    assert.deepEqual(updateOfC(world).sealedToMemberKeys, ['B']);
    assert.deepEqual(destroyed(world), { A: [true], B: [false], C: [true] });
  });

  it('are nowhere where the ledger is of the version before: the study goes on, and nobody claims too much', async () => {
    const world = await proposed();
    const { consortium, store } = world;
    consortium.keys.areUnknown = true;
    const afterStep = withdrawing(world);
    const { until } = await start(world, ({ mspId }) => ({ store, ...(mspId === 'A' && { afterStep }) }), 0);
    await until(() => isOver(world));
    assert.equal('sealedToMemberKeys' in updateOfC(world), false);
    assert.deepEqual(destroyed(world), { A: [false], B: [false], C: [false] });
  });

  it('that came between the sealing of an update and its sending are not what it is sealed to, and nobody says so', async () => {
    const world = await proposed();
    const { consortium, store } = world;
    consortium.keys.areUnknown = true;
    const withdraw = withdrawing(world);
    let isSealed = false;
    const { trainers, until } = await start(
      world,
      ({ mspId }) => ({
        store,
        afterStep: (step) => {
          if (mspId === 'A') withdraw(step);
          if (mspId !== 'C' || step !== 'update: sealed and written down') return;
          isSealed = true;
          throw new TrainerError('TRAINER_IPFS_UNREACHABLE', 'stopped here');
        },
        ...(mspId === 'C' && {
          ledger: {
            ...consortium.as('C'),
            listStudyKeys: async (studyId, datasetId) => {
              if (isSealed && consortium.keys.rows.length < 9)
                throw new TrainerError('TRAINER_GATEWAY_UNREACHABLE');
              return consortium.as('C').listStudyKeys(studyId, datasetId);
            },
          },
        }),
      }),
      0,
    );
    await until(() => isSealed);
    consortium.keys.areUnknown = false;
    const state = { study: consortium.studies.get(STUDY)!, consents: consortium.consentsOf(STUDY) };
    for (const { context } of trainers.values()) await recordStudyKeys(context, state);
    await until(() => isOver(world));
    assert.equal(consortium.keys.rows.length, 9);
    assert.deepEqual(updateOfC(world).sealedToMemberKeys, IDS);
    assert.deepEqual(destroyed(world), { A: [false], B: [false], C: [false] });
  });

  it('a sender that says it sealed to them and did not makes nobody attest what is not so', async () => {
    const world = await proposed();
    const { consortium, store } = world;
    consortium.keys.areUnknown = true;
    const { trainers, until } = await start(world, () => ({ store }), 0);
    await until(() => consortium.studies.get(STUDY)?.state === 'completed');
    consortium.keys.areUnknown = false;
    const { context, journal } = trainers.get('B')!;
    journal.keepStudyKey(ofC, generateMemberKeys());
    const dossier = consortium.dossier(STUDY, 1);
    const updates = dossier.updates.map((update) => ({ ...update, sealedToMemberKeys: [] }));
    consortium.rounds.set(`${STUDY}/1`, { ...dossier, updates });
    const consent = consortium.consents.get(`${STUDY}/c-data`)!;
    consortium.consents.set(`${STUDY}/c-data`, { ...consent, withdrawnAt: new Date().toISOString() });
    const owed = await listOwedErasures(context, STUDY);
    assert.deepEqual(await eraseUpdates(context, STUDY, owed), []);
    const erasure = consortium.erasures.find(({ mspId }) => mspId === 'B');
    assert.deepEqual(
      erasure?.artefacts.map(({ round, keysDestroyed }) => [round, keysDestroyed]),
      [
        [1, false],
        [2, false],
      ],
    );
  });

  it('a crash between any two steps of the erasure ends in the same word', async () => {
    const left = new Map(
      ['erasure: unpinned', 'erasure: done', 'study:attestErasure: written down'].map((step) => [step, 2]),
    );
    const world = await proposed();
    const { store } = world;
    const withdraw = withdrawing(world);
    const { until } = await start(world, ({ mspId }) => ({
      store,
      afterStep: (step) => {
        if (mspId === 'A') withdraw(step);
        const crashes = left.get(step) ?? 0;
        if (mspId !== 'B' || crashes === 0) return;
        left.set(step, crashes - 1);
        throw new TrainerError('TRAINER_IPFS_UNREACHABLE', 'stopped here');
      },
    }));
    await until(() => isOver(world));
    assert.deepEqual([...left.values()], [0, 0, 0], 'it stopped twice at each step');
    assert.deepEqual(destroyed(world), { A: [true], B: [true], C: [true] });
  });

  it('that a copy of the folder from before the erasure holds are destroyed again when it is started', async () => {
    const world = await proposed();
    const { store, hospitals } = world;
    const withdraw = withdrawing(world);
    const { directory } = hospitals.find(({ mspId }) => mspId === 'B')!;
    const copy = `${directory}-copy`;
    const { until, stop } = await start(world, ({ mspId }) => ({
      store,
      afterStep: (step) => {
        if (mspId === 'A') withdraw(step);
        if (mspId === 'B' && step === 'erasure: unpinned') cpSync(directory, copy, { recursive: true });
      },
    }));
    await until(() => isOver(world));
    await stop();
    running = undefined;
    rmSync(directory, { recursive: true });
    cpSync(copy, directory, { recursive: true });
    running = runTrainers(world, ({ mspId }) => ({
      store,
      // The consent of B itself is unsettled in no study by now; a folder that lacks releases would be barred.
      ...(mspId === 'B' && { pollMs: 20 }),
    }));
    const { journal } = running.trainers.get('B')!;
    const key = rawPrivateKey(journal.studyKey(ofC)!.privateKey);
    assert.ok(holds(directory, key), 'the copy has it');
    await running.until(() => journal.studyKey(ofC) === undefined);
    assert.equal(holds(directory, key), false);
  });

  it('that cannot be destroyed hold up no study, and are on the board until they are gone', async () => {
    const world = await proposed();
    const { store, hospitals, consortium } = world;
    // Nothing is owed of a dataset that was withdrawn before anything was sealed for it.
    const broken = { isBroken: true };
    running = runTrainers(world, () => ({ store, maxPollMs: 20 }));
    await running.until(() => consortium.keys.rows.length === 9);
    const { journal, service } = running.trainers.get('B')!;
    const destroy = journal.destroyStudyKey.bind(journal);
    let tried = 0;
    journal.destroyStudyKey = (of) => {
      tried += 1;
      if (broken.isBroken) throw new TrainerError('TRAINER_JOURNAL_FAILED', 'the key is still in the file');
      destroy(of);
    };
    consortium.setConsent(STUDY, 'c-data', 'withdrawn');
    const study = consortium.studies.get(STUDY)!;
    consortium.studies.set(STUDY, { ...study, state: 'running' });
    for (const one of running.trainers.values()) one.service.wakeAll();
    await running.until(() => consortium.studies.get(STUDY)?.state === 'completed');
    assert.equal(consortium.dossier(STUDY, 2).round.state, 'finalized', 'the study went on');
    await running.until(() => service.board.list()[0]?.stage === 'erasing');
    const [job] = service.board.list();
    assert.deepEqual(
      job!.keptKeys!.map(({ datasetId, code, detail }) => [datasetId, code, detail]),
      [['c-data', 'TRAINER_JOURNAL_FAILED', 'the key is still in the file']],
    );
    const before = tried;
    await running.until(() => tried > before);
    broken.isBroken = false;
    await running.until(() => service.board.list().length === 0 && journal.studyKey(ofC) === undefined);
    assert.ok(hospitals.length === 3);
  });

  it('that the ledger has and the folder lacks show an older copy, which draws nothing', async () => {
    const world = await proposed();
    const { consortium, store } = world;
    const before = generateMemberKeys();
    const other: StudyKey = {
      schema: 1,
      ...ofC,
      encryptionPublicKey: before.publicKey,
      keyProof: 'x',
      mspId: 'B',
      recordedAt: new Date().toISOString(),
    };
    consortium.keys.rows.push(other);
    running = runTrainers(world, () => ({ store }));
    const { journal } = running.trainers.get('B')!;
    await running.until(() => journal.barredBecause(STUDY) !== undefined);
    assert.match(journal.barredBecause(STUDY)!, /a key of this hospital for updates of c-data .*older copy/);
    assert.deepEqual(
      consortium.keys.rows.filter(({ mspId }) => mspId === 'B'),
      [other],
    );
  });

  it('an answer that was lost is no reason to make or record others', async () => {
    const world = await proposed();
    const { consortium, store } = world;
    let lost = 0;
    const forgetful: Ledger = {
      ...consortium.as('B'),
      submit: async (name, argument, key) => {
        // The gateway forgets keys of requests too: only the ledger's refusal is left.
        const outcome = await consortium.as('B').submit(name, argument, `${key} ${lost}`);
        if (name === 'study:recordKeys' && lost++ === 0) throw new TrainerError('TRAINER_OUTCOME_UNKNOWN');
        return outcome;
      },
    };
    const { until, trainers } = await start(world, ({ mspId }) => ({
      store,
      ...(mspId === 'B' && { ledger: forgetful }),
    }));
    await until(() => consortium.studies.get(STUDY)?.state === 'completed');
    const { journal } = trainers.get('B')!;
    assert.equal(lost, 1);
    assert.ok(journal.studyKeys(STUDY).every(({ isRecorded }) => isRecorded));
    assert.deepEqual(updateOfC(world).sealedToMemberKeys, []);
  });

  it('for datasets that an amendment adds follow, and those before stay', async () => {
    const world = await proposed();
    const { consortium, store, study } = world;
    consortium.studies.set(STUDY, { ...study, datasets: ['a-data', 'b-data'] });
    running = runTrainers(world, () => ({ store }));
    await running.until(() => consortium.keys.rows.length === 6);
    const before = consortium.keys.rows.map(({ encryptionPublicKey }) => encryptionPublicKey);
    consortium.studies.set(STUDY, { ...study, state: 'paused' });
    for (const { service } of running.trainers.values()) service.wakeAll();
    await running.until(() => consortium.keys.rows.length === 9);
    assert.deepEqual(
      consortium.keys.rows.slice(0, 6).map(({ encryptionPublicKey }) => encryptionPublicKey),
      before,
    );
    assert.deepEqual(
      consortium.keys.rows.slice(6).map(({ datasetId }) => datasetId),
      ['c-data', 'c-data', 'c-data'],
    );
  });
});
