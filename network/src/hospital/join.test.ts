// A fourth clinic joins three that have a channel, and one leaves them: what each takes up of the changed
// consortium.yaml and of a mailbox that others write to. Without Fabric.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { InputError } from '@consilium/command-line';
import type { AgreedConsortium } from './agreed-consortium.ts';
import { agreedDefinitions } from './channel-definition.ts';
import { administratorOf } from './definition.ts';
import { found } from './founding.ts';
import { organisationDirOf } from './hospital-layout.ts';
import { assertFounded } from './hospital-plan.ts';
import { joinChannel } from './join.ts';
import { definitionFile, genesisFile, sealedKeyFile } from './mailbox.ts';
import { signFile } from './signed-file.ts';
import { ensureExchangeKey, newSwarmKey, sealTo, swarmKeyFile } from './swarm-key.ts';
import { takeUp } from './take-up.ts';
import { agreeOn, type Clinic, initialisedClinics, reopen } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-join-'));
const mailbox = join(root, 'mailbox');
after(() => rmSync(root, { recursive: true }));
let clinics: [Clinic, Clinic, Clinic, Clinic];
let genesis: string;
let whole: AgreedConsortium;
before(async () => {
  clinics = (await initialisedClinics(root, 4)) as typeof clinics;
  const { consortium } = clinics[0].hospital;
  agreeOn(root, { ...consortium, organisations: consortium.organisations.slice(0, 3) });
  const [first, second, third] = clinics;
  [genesis] = [first, second, third].map((one) => {
    const { hospital, layout } = reopen(one);
    return found(hospital, layout);
  }) as [string];
  whole = { ...consortium, genesis };
  agreeOn(root, whole);
});

const takeUpAt = (clinic: Clinic) => {
  const { hospital, layout } = reopen(clinic);
  return takeUp(hospital, layout);
};
const joinAt = (clinic: Clinic) => {
  const { hospital, layout } = reopen(clinic);
  return joinChannel(hospital, layout);
};
const keyOf = ({ layout }: Clinic) => readFileSync(swarmKeyFile(layout.ipfsRepo), 'utf8');

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  return assert.fail('was not refused');
}

/** With another text in a file of the mailbox, which is put back. */
function withFile(file: string, content: string | Buffer, work: () => unknown): string {
  const kept = existsSync(file) ? readFileSync(file) : undefined;
  writeFileSync(file, content);
  try {
    return refusal(work);
  } finally {
    if (kept === undefined) rmSync(file);
    else writeFileSync(file, kept);
  }
}

test('before a member has taken up the file, a newcomer reads what is missing, and no member starts', () => {
  const { hospital, layout } = reopen(clinics[0]);
  assert.match(
    refusal(() => assertFounded(hospital, layout)),
    /names Clinic4MSP, who are not known here yet: run `hospital agree`/,
  );
  assert.match(
    refusal(() => joinAt(clinics[3])),
    /no genesis-from-….block is in .*: a member runs `hospital agree`/,
  );
  const four = reopen(clinics[3]);
  assert.match(
    refusal(() => assertFounded(four.hospital, four.layout)),
    /run `hospital join`/,
  );
  assert.match(
    refusal(() => found(four.hospital, four.layout)),
    /founded already, run `hospital join`/,
  );
});

test('a newcomer whose definition is missing or of other roots is not taken up, and nothing is changed', () => {
  const file = definitionFile(mailbox, 'Clinic4MSP');
  const taken = join(clinics[0].layout.directory, 'definitions');
  assert.match(
    withFile(file, readFileSync(definitionFile(mailbox, 'Clinic3MSP')), () => takeUpAt(clinics[0])),
    /not believed as a definition of Clinic4MSP: its root is not the one/,
  );
  assert.ok(!existsSync(definitionFile(taken, 'Clinic4MSP')));
  assert.ok(!existsSync(genesisFile(mailbox, 'Clinic1MSP')));
});

test('a member that takes up the file says what is new, and gives the newcomer the first block and the key', () => {
  const said = takeUpAt(clinics[0]);
  assert.deepEqual(said.newcomers, ['Clinic4MSP']);
  assert.deepEqual(said.forgotten, []);
  assert.deepEqual(
    said.changes?.map(({ text }) => text),
    [`genesis was nothing, and is ${genesis}`, 'Clinic4MSP (Clinic 4, clinic4.consilium.test) is new'],
  );
  const secret = keyOf(clinics[0]).trim().split('\n').at(-1)!;
  const sealed = readFileSync(sealedKeyFile(mailbox, 'Clinic4MSP', 'Clinic1MSP'), 'utf8');
  assert.ok(!sealed.includes(secret));
  const again = takeUpAt(clinics[0]);
  assert.deepEqual([again.newcomers, again.changes], [[], []]);
});

test('a first block with another digest is not joined, nor one that is none, and nothing is kept of it', () => {
  const given = genesisFile(mailbox, 'Clinic1MSP');
  const says = (content: Buffer) => withFile(given, content, () => joinAt(clinics[3]));
  const block = readFileSync(given);
  const changed = Buffer.from(block);
  changed[block.length - 40]! ^= 1;
  assert.match(says(changed), /has the digest|is no first block/);
  assert.match(says(Buffer.from('none')), /is no first block/);
  assert.ok(!existsSync(clinics[3].layout.fabric.genesisBlock));
  assert.ok(!existsSync(swarmKeyFile(clinics[3].layout.ipfsRepo)));
});

test('keys of the swarm that differ are not taken, and both senders are named', () => {
  const three = clinics[2].layout;
  const exchangeKey = ensureExchangeKey(clinics[3].layout.exchangeKey);
  const sealed = sealTo({ mspId: 'Clinic4MSP', exchangeKey }, newSwarmKey());
  const own = signFile('swarm key', sealed, administratorOf(three));
  assert.match(
    withFile(sealedKeyFile(mailbox, 'Clinic4MSP', 'Clinic3MSP'), own, () => joinAt(clinics[3])),
    /Clinic1MSP and Clinic3MSP sealed different keys/,
  );
  assert.match(
    withFile(sealedKeyFile(mailbox, 'Clinic4MSP', 'Clinic2MSP'), own, () => joinAt(clinics[3])),
    /not certified by that root/,
  );
});

test('the newcomer joins: the same first block, the same key, and a definition of each', () => {
  takeUpAt(clinics[1]);
  writeFileSync(genesisFile(mailbox, 'Clinic1MSP'), 'another block that somebody put there');
  const said = joinAt(clinics[3]);
  assert.equal(said.genesisSha256, genesis);
  assert.deepEqual(said.swarmKeyFrom, ['Clinic1MSP', 'Clinic2MSP']);
  assert.equal(keyOf(clinics[3]), keyOf(clinics[0]));
  const { hospital, layout } = reopen(clinics[3]);
  assert.equal(agreedDefinitions(hospital, layout).length, 4);
  assert.deepEqual(joinAt(clinics[3]), said);
  assert.match(
    refusal(() => assertFounded(hospital, layout)),
    /build the agreed version/,
  );
});

test('a member that puts something else than a file into the mailbox keeps nobody from joining', () => {
  const [given, sound] = ['Clinic1MSP', 'Clinic2MSP'].map((mspId) => genesisFile(mailbox, mspId)) as [
    string,
    string,
  ];
  rmSync(clinics[3].layout.fabric.genesisBlock);
  rmSync(given);
  mkdirSync(given);
  assert.match(
    withFile(sound, 'none', () => joinAt(clinics[3])),
    /Clinic1MSP.block cannot be read: it is no regular file[\s\S]*Clinic2MSP.block is no first block/,
  );
  assert.equal(joinAt(clinics[3]).genesisSha256, genesis);
  rmSync(given, { recursive: true });
});

test('what no file can change is refused with what to do, and the file before stays the one that is taken up', () => {
  const [one] = clinics;
  const { organisations } = whole;
  const other = { identity: 'a'.repeat(64), tls: 'b'.repeat(64) };
  const cases: readonly (readonly [Partial<AgreedConsortium>, RegExp])[] = [
    [{ channel: 'other' }, /channel was consortium, and is other: it is another channel/],
    [{ genesis: '0'.repeat(64) }, /this host has a channel with the genesis/],
    [{ ordering: { kind: 'raft' } }, /ordering\.kind was bft, and is raft: a channel keeps its ordering/],
    [
      { organisations: organisations.map((each, at) => (at === 1 ? { ...each, roots: other } : each)) },
      /Clinic2MSP: roots\.identity was .*let the one leave and the other join/,
    ],
  ];
  for (const [patch, says] of cases) {
    agreeOn(root, { ...whole, ...patch });
    assert.match(
      refusal(() => takeUpAt(one)),
      says,
    );
  }
  agreeOn(root, whole);
  assert.deepEqual(takeUpAt(one).changes, []);
});

test('an organisation that left is forgotten by the others, and comes back as a newcomer', () => {
  const { directory } = clinics[0].layout;
  agreeOn(root, { ...whole, organisations: whole.organisations.filter((_, at) => at !== 2) });
  const said = takeUpAt(clinics[0]);
  assert.deepEqual(said.forgotten, ['Clinic3MSP']);
  assert.deepEqual(
    said.changes?.map(({ text }) => text),
    ['Clinic3MSP is gone'],
  );
  assert.ok(!existsSync(organisationDirOf(directory, 'Clinic3MSP')));
  assert.ok(existsSync(organisationDirOf(directory, 'Clinic1MSP')));
  agreeOn(root, whole);
  assert.deepEqual(takeUpAt(clinics[0]).newcomers, ['Clinic3MSP']);
});
