// What a hospital that leaves may delete, and when: never what it owes, and never by mistake.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { InputError } from '@consilium/command-line';
import { organisationDirOf } from './hospital-layout.ts';
import {
  deleteKeys,
  type LedgerRecord,
  leavingOf,
  type PeerAnswer,
  recordedLedger,
  recordLedger,
} from './leave.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-leave-'));
after(() => rmSync(root, { recursive: true }));
let clinic: Clinic;
before(async () => {
  [clinic] = (await initialisedClinics(root, 4)) as [Clinic];
  const { directory } = clinic.layout;
  mkdirSync(join(directory, 'clinic1/trainer'), { recursive: true });
  mkdirSync(join(directory, 'fabric/peer'), { recursive: true });
  writeFileSync(join(directory, 'clinic1/trainer/salt'), 'of the commitment');
  writeFileSync(join(directory, 'clinic1/keys.json'), '{}');
});

const LEFT: LedgerRecord = {
  leftAt: '2026-05-01T12:00:00.000Z',
  openConsents: [],
  askedAt: '2026-05-02T12:00:00.000Z',
};
const peers = (...answers: readonly PeerAnswer['answer'][]): PeerAnswer[] =>
  answers.map((answer, at) => ({ mspId: `Clinic${at + 2}MSP`, answer }));
const REFUSED = peers('refuses', 'refuses', 'refuses');

function owed(known: Partial<Parameters<typeof leavingOf>[2]>): readonly string[] {
  const { hospital, layout } = clinic;
  return leavingOf(hospital, layout, { record: LEFT, peers: REFUSED, isRunning: false, ...known }).owed;
}

test('nothing is owed once the ledger let it go, every consent is settled and the others refuse it', () => {
  assert.deepEqual(owed({}), []);
  assert.deepEqual(owed({ peers: peers('refuses', 'refuses', 'away') }), []);
});

test('each thing that is owed is said with what to do', () => {
  const cases: readonly (readonly [Parameters<typeof owed>[0], RegExp])[] = [
    [{ record: undefined }, /not known: run `hospital leave` while the gateway runs/],
    [{ record: { ...LEFT, leftAt: null } }, /its operator leaves by POST \/v1\/members\/leave/],
    [{ record: { ...LEFT, openConsents: ['heart in s1'] } }, /not settled: heart in s1/],
    [{ peers: peers('refuses', 'refuses', 'answers') }, /what Clinic4MSP still answers: .*remove-orderer/],
    [{ peers: peers('refuses', 'away', 'away') }, /only 1 of 3 other peers refuse/],
    [{ peers: peers('away', 'away', 'away') }, /only 0 of 3/],
    [{ isRunning: true }, /its processes run: `hospital down`/],
  ];
  for (const [known, says] of cases) {
    const [first, ...more] = owed(known);
    assert.match(first ?? '', says);
    assert.deepEqual(more, []);
  }
});

test('what the gateway says of the ledger is kept, with every page of open consents', async () => {
  const { hospital, layout } = clinic;
  const asked: string[] = [];
  const pages: Readonly<Record<string, unknown>> = {
    '/members/Clinic1MSP': { mspId: 'Clinic1MSP', left: { leftAt: LEFT.leftAt } },
    '/members/Clinic1MSP/open-consents': { items: [{ studyId: 's1', datasetId: 'd1' }], bookmark: 'next' },
    '/members/Clinic1MSP/open-consents?bookmark=next': { items: [{ studyId: 's2', datasetId: 'd1' }] },
  };
  const ask = async (path: string) => {
    asked.push(path);
    return pages[path] ?? assert.fail(path);
  };
  const now = new Date('2026-05-02T12:00:00Z');
  const record = await recordLedger(hospital, layout, { ask, now });
  assert.deepEqual(record, { ...LEFT, openConsents: ['d1 in s1', 'd1 in s2'] });
  assert.deepEqual(recordedLedger(layout), record);
  assert.equal(asked.length, 3);
});

test('keys are deleted for the own MSP id alone, and not while something is owed', () => {
  const { hospital, layout } = clinic;
  const { directory } = layout;
  const nodes = join(organisationDirOf(directory, 'Clinic1MSP'), 'nodes');
  const free = leavingOf(hospital, layout, { record: LEFT, peers: REFUSED, isRunning: false });
  const bound = leavingOf(hospital, layout, { record: undefined, peers: REFUSED, isRunning: false });
  assert.throws(() => deleteKeys(hospital, free, 'Clinic2MSP'), InputError);
  assert.throws(() => deleteKeys(hospital, bound, 'Clinic1MSP'), /owed/);
  assert.ok(existsSync(nodes));
  const former = ['replaced/orderer-1/key.pem', 'revoked/trainer-1/keystore/key.pem', 'compose/gateway.env'];
  for (const name of [...former, 'revoked/trainer-1/signcerts/cert.pem', 'revoked/identity.pem']) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), 'former');
  }
  const all = leavingOf(hospital, layout, { record: LEFT, peers: REFUSED, isRunning: false });
  deleteKeys(hospital, all, 'Clinic1MSP');
  for (const gone of [
    nodes,
    layout.exchangeKey,
    ...[...former, 'clinic1/keys.json'].map((name) => join(directory, name)),
  ])
    assert.ok(!existsSync(gone), gone);
  assert.ok(existsSync(join(directory, 'revoked/identity.pem')));
  for (const kept of ['clinic1/trainer/salt', 'fabric/peer', 'ca'])
    assert.ok(existsSync(join(directory, kept)), kept);
});
