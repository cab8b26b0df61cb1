import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  aggregateRound,
  decodeParameters,
  decodeSharedModel,
  federationOf,
  hashSharedModel,
} from '@consilium/federation';
import { updateContext } from '../artefacts/artefact-exchange.ts';
import {
  generateMemberKeys,
  MemberKeyRing,
  MemoryArtefactStore,
  sealArtefact,
  sha256Hex,
} from '../artefacts/index.ts';
import { exportTo } from '../export-command.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import type { ExportParts } from './export-artefacts.ts';

describe('artefacts that are exported', () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-export-'));
  const store = new MemoryArtefactStore();
  let running: RunningConsortium;
  let world: SmallConsortium;
  let exports = 0;

  before(async () => {
    world = await smallConsortium({ directory, store });
    running = runTrainers(world, () => ({ store, takeoverMs: 60_000, pollMs: 60_000 }));
    await running.until(() => world.consortium.consentsOf('study').every(({ state }) => state === 'settled'));
  });
  after(async () => {
    await running.stop();
    rmSync(directory, { recursive: true });
  });

  async function exported(
    keys = MemberKeyRing.of(world.hospitals[0]!.keys),
    folder = join(directory, `out-${exports++}`),
    journal: ExportParts['journal'] = running.trainers.get('A')!.journal,
  ) {
    const parts = { mspId: 'A', ledger: world.consortium.as('A'), store, keys, journal };
    let text = '';
    const terminal = {
      out: (more: string) => {
        text += more;
      },
    };
    const status = await exportTo(folder, { parts, studyId: 'study', terminal, json: true });
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
    return {
      folder,
      status,
      files: new Map(files.map((bytes) => [sha256Hex(bytes), bytes])),
      ...JSON.parse(text),
    };
  }

  it('are what makes each aggregate again, bit for bit', async () => {
    const { status, files, left, folder, written } = await exported();
    assert.deepEqual([status, left, written.length], [0, [], 3 * 3 + 3]);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, written[0])).mode & 0o777, 0o600);
    const { consortium, study } = world;
    const plan = federationOf(study);
    for (const number of [2, 3]) {
      const { round, updates } = consortium.dossier('study', number);
      const included = updates.filter(({ datasetId }) => round.included!.includes(datasetId));
      const deltas = included.map(
        ({ datasetId, plaintextSha256 }) =>
          [datasetId, decodeParameters(files.get(plaintextSha256)!)] as const,
      );
      const [, first] = deltas[0]!;
      const base = decodeSharedModel(files.get(round.base!.parametersSha256)!, plan, first.length);
      const next = aggregateRound(base, new Map(deltas), { participants: round.participants, study });
      assert.equal(hashSharedModel(next, plan), round.aggregate!.parametersSha256);
    }
  });

  it('are none where no key opens them, and each is named', async () => {
    const { status, files, left, written } = await exported(
      MemberKeyRing.of(generateMemberKeys()),
      undefined,
      {
        studyKey: () => undefined,
      },
    );
    assert.deepEqual([status, files.size, written], [1, 0, []]);
    assert.equal(left.length, 3 * 3 + 3);
    assert.match(left[0].name, /^round-00001-update-/);
  });

  it('that are sealed to keys in the journal wait until the trainer is stopped, and say so', async () => {
    const { status, left, written } = await exported();
    assert.equal(status, 0);
    const parts = {
      mspId: 'A',
      ledger: world.consortium.as('A'),
      store,
      keys: MemberKeyRing.of(world.hospitals[0]!.keys),
      journal: undefined,
    };
    let text = '';
    const terminal = {
      out: (more: string) => {
        text += more;
      },
    };
    const folder = join(directory, 'beside');
    await exportTo(folder, { parts, studyId: 'study', terminal, json: true });
    const beside = JSON.parse(text) as { left: { name: string; why: string }[]; written: string[] };
    assert.deepEqual([left.length, beside.left.length + beside.written.length], [0, written.length]);
    for (const { name, why } of beside.left) {
      assert.match(name, /-update-/, 'aggregates are sealed to the long-lived key');
      assert.match(why, /stop it, and export again/);
    }
    assert.ok(beside.left.length >= 3, 'those of the last round at least');
  });

  it('leave out updates whose consent was withdrawn', async () => {
    const { consents } = world.consortium;
    const [key, consent] = [...consents][0]!;
    consents.set(key, { ...consent, withdrawnAt: '2026-02-01T00:00:00.000Z' });
    try {
      const { status, left } = await exported();
      assert.equal(status, 1);
      assert.equal(left.length, 3);
      for (const { name, why } of left) {
        assert.ok(name.endsWith(`update-${consent.datasetId}`), name);
        assert.match(why, /consent was withdrawn/);
      }
    } finally {
      consents.set(key, consent);
    }
  });

  it('leave out updates whose consent is withdrawn while others are written', async () => {
    const ledger = world.consortium.as('A');
    let isWithdrawn = false;
    const changing = {
      getStudy: ledger.getStudy.bind(ledger),
      getDossier: async (studyId: string, round: number) => {
        isWithdrawn ||= round === 2;
        return ledger.getDossier(studyId, round);
      },
      listConsents: async (studyId: string) =>
        (await ledger.listConsents(studyId)).map((consent) =>
          isWithdrawn && consent.owner === 'B'
            ? { ...consent, withdrawnAt: '2026-02-01T00:00:00.000Z' }
            : consent,
        ),
    };
    const { journal } = running.trainers.get('A')!;
    const keys = MemberKeyRing.of(world.hospitals[0]!.keys);
    const parts = { mspId: 'A', ledger: changing, store, keys, journal };
    const lines: string[] = [];
    const terminal = { out: (text: string) => void lines.push(text) };
    await exportTo(join(directory, 'changing'), { parts, studyId: 'study', terminal, json: true });
    const { left } = JSON.parse(lines.join('')) as { left: { name: string }[] };
    assert.deepEqual(
      left.map(({ name }) => name.slice(0, 11)),
      ['round-00002', 'round-00003'],
    );
  });

  it('are written nowhere but into the folder, whatever a gateway says that datasets and rounds are called', async () => {
    const ledger = world.consortium.as('A');
    const keys = world.hospitals[0]!.keys;
    const plaintext = Buffer.from('ssh-ed25519 of somebody else');
    for (const [i, lie] of [
      { datasetId: 'x/../../outside' },
      { datasetId: '\u001b[2J' },
      { round: '/../../outside' },
    ].entries()) {
      const dossier = await ledger.getDossier('study', 1);
      const [first] = dossier!.updates;
      const update = { ...first!, ...(lie as object), plaintextSha256: sha256Hex(plaintext) };
      const bytes = await sealArtefact({
        plaintext,
        recipients: [{ mspId: 'A', publicKey: keys.publicKey }],
        associatedData: updateContext(update),
      });
      const { cid } = await store.put(bytes);
      const artefact = { cid, sha256: sha256Hex(bytes), sizeBytes: bytes.length };
      const round = { ...dossier!.round, ...('round' in lie && (lie as object)) };
      const dishonest = {
        ...ledger,
        getStudy: ledger.getStudy.bind(ledger),
        listConsents: ledger.listConsents.bind(ledger),
        getDossier: async () => ({ ...dossier!, round, updates: [{ ...update, artefact }] }),
      };
      const folder = join(directory, `lied-${i}`, 'out');
      mkdirSync(folder, { recursive: true });
      const parts = {
        mspId: 'A',
        ledger: dishonest,
        store,
        keys: MemberKeyRing.of(keys),
        journal: undefined,
      };
      const terminal = { out: () => {} };
      await assert.rejects(exportTo(folder, { parts, studyId: 'study', terminal, json: false }), {
        code: 'TRAINER_GATEWAY_REFUSED',
      });
      assert.deepEqual(readdirSync(join(directory, `lied-${i}`)), ['out']);
      assert.deepEqual(readdirSync(folder), []);
    }
  });

  it('are refused a folder that holds something, and a study that is not there', async () => {
    const folder = join(directory, 'used');
    mkdirSync(folder);
    writeFileSync(join(folder, 'other'), '');
    await assert.rejects(exported(undefined, folder), /is not empty: name a new folder/);
    assert.deepEqual(readdirSync(folder), ['other']);
    await assert.rejects(exported(undefined, join(directory, 'no', 'parent')), /cannot be made/);
    const parts = {
      mspId: 'A',
      ledger: world.consortium.as('A'),
      store,
      keys: MemberKeyRing.of(world.hospitals[0]!.keys),
      journal: undefined,
    };
    const unknown = { parts, studyId: 'other', terminal: { out: () => {} }, json: false };
    await assert.rejects(exportTo(join(directory, 'unknown'), unknown), /other.*is no study of this ledger/);
  });
});
