// Whom artefacts are sealed to, and what an unusable key costs: its owner the artefact, and nobody else anything.
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Member } from '@consilium/domain';
import { Journal } from '../journal/journal.ts';
import { ArtefactExchange, aggregateContext } from './artefact-exchange.ts';
import { readersOfModel, readersOfUpdate } from './artefact-readers.ts';
import {
  generateMemberKeys,
  MemberKeyRing,
  type MemberKeys,
  MemoryArtefactStore,
  openArtefact,
  recipientsOf,
  sealArtefact,
} from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'artefact-exchange-'));
after(() => rmSync(root, { recursive: true }));

const MEMBERS = ['A', 'B', 'C', 'D'] as const;
const context = aggregateContext('heart');
const plaintext = Buffer.from('a model');
const plaintextBytes = plaintext.length;

function world() {
  const keys = new Map<string, MemberKeys>(MEMBERS.map((mspId) => [mspId, generateMemberKeys()]));
  const members = new Map<string, Member>();
  const register = (mspId: string, encryptionPublicKey: string) =>
    members.set(mspId, {
      schema: 2,
      mspId,
      title: mspId,
      encryptionPublicKey,
      registeredAt: '2026-01-01T00:00:00Z',
    });
  for (const [mspId, { publicKey }] of keys) register(mspId, publicKey);
  const store = new MemoryArtefactStore();
  const logged: object[] = [];
  const at = (mspId: string, ring = MemberKeyRing.of(keys.get(mspId)!)) =>
    new ArtefactExchange({
      mspId,
      keys: ring,
      store,
      journal: new Journal(mkdtempSync(join(root, 'journal-'))),
      listMembers: async () => [...members.values()],
      afterStep: () => {},
      nowMs: Date.now,
      log: { warn: (line: object) => void logged.push(line) } as never,
    });
  const publish = async (readers: readonly string[], by = at('A')) => {
    const key = { studyId: 'heart', round: 1, subject: 'x' };
    const named = await by.seal({ key, plaintext, context, readers });
    await by.deliver(key, { named, purpose: 'update' });
    return named;
  };
  const open = (mspId: string, ref: Awaited<ReturnType<typeof publish>>, exchange = at(mspId)) =>
    exchange.open(ref, { context, plaintextBytes });
  return { keys, register, store, logged, at, publish, open };
}

/** No key: of the wrong form, not canonical, of small order. */
const UNUSABLE = ['A'.repeat(43), `${'A'.repeat(42)}B`, Buffer.alloc(32, 255).toString('base64url')];

describe('sealing', () => {
  it('is for the readers only: another member of the consortium cannot open it', async () => {
    const { publish, open, store } = world();
    const ref = await publish(['A', 'C']);
    assert.deepEqual(
      recipientsOf(await store.get(ref)).map(({ mspId }) => mspId),
      ['A', 'C'],
    );
    assert.deepEqual(Buffer.from(await open('C', ref)), plaintext);
    await assert.rejects(open('B', ref), { code: 'TRAINER_ARTEFACT_NOT_DECRYPTABLE' });
  });

  it('puts nothing into IPFS that the ledger names under another CID than its own', async () => {
    const { at, store } = world();
    const sender = at('A');
    const key = { studyId: 'heart', round: 1, subject: 'x' };
    const named = await sender.seal({ key, plaintext, context, readers: ['A', 'B'] });
    const { cid } = await store.put(new Uint8Array(10));
    const delivering = sender.deliver(key, { named: { ...named, cid }, purpose: 'update' });
    await assert.rejects(delivering, { code: 'TRAINER_ARTEFACT_HASH_MISMATCH' });
    assert.equal(store.isPinned(named.cid), false);
    await sender.deliver(key, { named, purpose: 'update' });
    assert.equal(store.isPinned(named.cid), true);
  });

  for (const key of UNUSABLE) {
    it(`leaves out whose key is ${key.slice(0, 3)}…${key.slice(-1)}, says so, and tells its owner`, async () => {
      const { publish, open, register, logged } = world();
      register('B', key);
      const ref = await publish(['A', 'B', 'C']);
      assert.deepEqual(Buffer.from(await open('C', ref)), plaintext);
      assert.match(JSON.stringify(logged), /"mspId":"B","problem":"its key must/);
      await assert.rejects(open('B', ref), {
        code: 'TRAINER_ARTEFACT_NOT_DECRYPTABLE',
        message:
          /nothing is sealed to B, whose key must .*consilium-trainer key rotate.*\/v1\/members\/rotate-key/,
      });
    });
  }

  it('is refused where nobody has a usable key', async () => {
    const { publish, register } = world();
    register('B', UNUSABLE[0]!);
    await assert.rejects(publish(['B']), { code: 'TRAINER_MEMBER_KEY_INVALID' });
  });

  it('is to the key in force, and what was sealed to an earlier one opens as well', async () => {
    const { publish, open, register, keys, at, store } = world();
    const before = await publish(['B']);
    const next = generateMemberKeys();
    register('B', next.publicKey);
    const after = await publish(['B']);
    assert.equal(recipientsOf(await store.get(before))[0]!.publicKey, keys.get('B')!.publicKey);
    assert.equal(recipientsOf(await store.get(after))[0]!.publicKey, next.publicKey);
    const both = at('B', MemberKeyRing.of(keys.get('B')!, next));
    for (const ref of [before, after]) assert.deepEqual(Buffer.from(await open('B', ref, both)), plaintext);
    await assert.rejects(open('B', after), {
      message: /does not have the private half of the key that B registered: restore it/,
    });
  });

  it('says who is missing among those with a key, whatever the bytes are', async () => {
    const { publish, register, at, store } = world();
    const ref = await publish(['A', 'C']);
    register('D', UNUSABLE[0]!);
    const mspIds = ['A', 'B', 'C', 'D'];
    assert.deepEqual(await at('A').missingReaders(ref, { readers: ['A', 'C'], plaintextBytes }), []);
    assert.deepEqual(await at('A').missingReaders(ref, { readers: mspIds, plaintextBytes }), ['B']);
    const rubbish = await store.put(Buffer.from('no artefact'));
    assert.deepEqual(await at('A').missingReaders(rubbish, { readers: ['A', 'B'], plaintextBytes }), [
      'A',
      'B',
    ]);
    const huge = await store.put(new Uint8Array(10_000_000));
    await assert.rejects(at('A').missingReaders(huge, { readers: ['A'], plaintextBytes }), {
      code: 'TRAINER_ARTEFACT_MALFORMED',
    });
  });
});

/** As the previous version sealed it for a key of this test's, which is used nowhere else. */
const OLD_KEY = {
  d: 'iKIrv3_4OmzotZnOd3K_Z2L2yPlQugxNi-76IMbsKUg',
  x: 'XPE6QAQ43sNT98BMpPQwnyRdvEBGUXCZhOzGpX64PXk',
};
const FROM_BEFORE = [
  'Q05TQQEAAAHgeyJjaXBoZXIiOiJBRVMtMjU2LUdDTSIsImNvbnRlbnRUeXBlIjoiYXBwbGljYXRpb24vb2N0ZXQtc3RyZWFtIiwi',
  'Y29udGV4dFNoYTI1NiI6IjA2YWNkNDU3ZjkxODA0ZWJlZDBiNTFiYzE2YWUwZWZlODVhN2EwNWM0Mjc4YzM5ZWY2MDBjNjM5NTll',
  'ZDNiMzYiLCJrZXlDb21taXRtZW50IjoiYzE2MWQ2ZWIyMTQ3YmE5ZWUyMzUwMDE5ODQzOGU3NjI1Yzg3YmRjOGU0Mzc4OGZkMzIw',
  'MzliMDhiZDJhY2MyOCIsIm5vbmNlIjoiMFNub21CY1pROUVLOWpkMCIsInJlY2lwaWVudHMiOlt7ImVuY2Fwc3VsYXRlZEtleSI6',
  'IjdSSGxQZ3VmWGNELVdOa0VobnVGSm52OUFEWXJYM2tJcUppd2FkSWNuVjgiLCJtc3BJZCI6IkEiLCJ3cmFwcGVkS2V5IjoiZ241',
  'RUtKMHhvcG9XNWN5RnpWWkttOENWZjNKZTRtMWxKdmtaWTNyN0dwSUd1cGl5MUM5TktEUHlSbXdnWXRHZSJ9XSwid3JhcHBpbmci',
  'OiJIUEtFLVgyNTUxOS1IS0RGLVNIQTI1Ni1BRVMtMjU2LUdDTSJ9qNS7V5Yoku8CY9RPA5NR7kmj/7O+NSmPRi8s',
];

describe('an artefact of the previous version', () => {
  it('opens with whichever key it was sealed to, although it does not say which', async () => {
    const [next, other] = [generateMemberKeys(), generateMemberKeys()];
    const key = { kty: 'OKP', crv: 'X25519', d: OLD_KEY.d, x: OLD_KEY.x };
    const old = { publicKey: OLD_KEY.x, privateKey: createPrivateKey({ key, format: 'jwk' }) };
    const associatedData = { purpose: 'aggregate' };
    const bytes = Buffer.from(FROM_BEFORE.join(''), 'base64');
    const open = (...keys: MemberKeys[]) => openArtefact({ bytes, mspId: 'A', keys, associatedData });
    assert.equal(Buffer.from((await open(next, old)).plaintext).toString(), 'from before');
    await assert.rejects(open(next, other), { code: 'ARTEFACT_NOT_A_RECIPIENT' });
    assert.equal(recipientsOf(bytes)[0]!.publicKey, undefined);
  });

  it('is recognised: neither version takes the other’s header', async () => {
    const { publicKey } = generateMemberKeys();
    const bytes = Buffer.from(
      await sealArtefact({ plaintext, recipients: [{ mspId: 'A', publicKey }], associatedData: {} }),
    );
    assert.equal(bytes[4], 2);
    bytes[4] = 1;
    assert.throws(() => recipientsOf(bytes), { code: 'ARTEFACT_TAMPERED' });
  });
});

describe('readers', () => {
  const participants = [
    { datasetId: 'b', mspId: 'B', weight: 1 },
    { datasetId: 'a', mspId: 'A', weight: 1 },
    { datasetId: 'a2', mspId: 'A', weight: 1 },
  ];
  it('of an update are the members that take part in its round', () => {
    assert.deepEqual(readersOfUpdate({ participants }), ['A', 'B']);
  });
  it('of a model are those that recomputed it, those that consent now, and the requester', () => {
    const consents = [
      { owner: 'C', state: 'granted' },
      { owner: 'D', state: 'withdrawn' },
    ] as const;
    assert.deepEqual(readersOfModel({ study: { requester: 'Z' }, consents, participants }), [
      'A',
      'B',
      'C',
      'Z',
    ]);
  });
});
