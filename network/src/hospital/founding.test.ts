// Founding without Fabric: what each hospital computes, and what it does not believe of a mailbox that others write to.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { InputError } from '@consilium/command-line';
import { administratorOf, readDefinition, readDefinitions } from './definition.ts';
import { found } from './founding.ts';
import { assertFounded } from './hospital-plan.ts';
import { definitionFile, sealedKeyFile } from './mailbox.ts';
import { signFile } from './signed-file.ts';
import { ensureExchangeKey, newSwarmKey, sealTo, swarmKeyFile, unseal } from './swarm-key.ts';
import { agreeOn, type Clinic, examplePeerId, initialisedClinics, reopen } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-apart-'));
const mailbox = join(root, 'mailbox');
after(() => rmSync(root, { recursive: true }));
let clinics: Clinic[] = [];
before(async () => {
  clinics = await initialisedClinics(root, 3);
});

const foundAt = ({ hospital, layout }: Clinic) => found(hospital, layout);
const definitionOf = (at: number) => definitionFile(mailbox, `Clinic${at}MSP`);

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  return assert.fail('was not refused');
}

/** What a file of the mailbox says after it was changed; it is put back. */
function withChanged(file: string, change: (text: string) => string, work: () => unknown): string {
  const kept = readFileSync(file, 'utf8');
  const changed = change(kept);
  assert.notEqual(changed, kept);
  writeFileSync(file, changed);
  try {
    return refusal(work);
  } finally {
    writeFileSync(file, kept);
  }
}

const [organisation, takeUp] = [
  (at: number) => clinics[0]!.hospital.consortium.organisations[at - 1]!,
  (at: number) => () => readDefinition(organisation(at), definitionOf(at), new Date()),
];

test('a definition whose signer has expired founds nothing, and goes on to be read where it was taken up', () => {
  const { consortium } = clinics[0]!.hospital;
  const late = new Date('2150-01-01T00:00:00Z');
  assert.match(
    refusal(() => readDefinitions(consortium, mailbox, late)),
    /signer's certificate is valid from .* to /,
  );
  assert.equal(readDefinitions(consortium, mailbox).length, 3);
});

test('definitions are believed under the agreed roots', () => {
  const { consortium } = clinics[0]!.hospital;
  const definitions = readDefinitions(consortium, mailbox, new Date());
  assert.deepEqual(
    definitions.map(({ mspId }) => mspId),
    ['Clinic1MSP', 'Clinic2MSP', 'Clinic3MSP'],
  );
});

test('a definition that somebody changed on its way is refused, whatever was changed', () => {
  const says = (change: (text: string) => string) => withChanged(definitionOf(2), change, takeUp(2));
  assert.match(
    says((text) => text.replace('12D3KooW', '12D3KooX')),
    /the signature is of something else/,
  );
  assert.match(
    says((text) => text.replace(/"signature": "..../, '"signature": "AAAA')),
    /not believed/,
  );
  assert.match(
    says((text) => text.slice(0, -20)),
    /not JSON/,
  );
  assert.match(
    says(() => '{}'),
    /content, certificate or signature is missing/,
  );
  assert.match(
    says(() => JSON.stringify({ content: '{}', certificate: 'x', signature: 'x' })),
    /names no root/,
  );
  assert.match(
    says((text) => text + ' '.repeat(2 ** 20)),
    /more than/,
  );
});

test('a definition of another organisation, or signed by another administrator, is refused', () => {
  const other = readFileSync(definitionOf(3), 'utf8');
  assert.match(
    withChanged(definitionOf(2), () => other, takeUp(2)),
    /root is not the one/,
  );
  const definition = JSON.parse(
    (JSON.parse(readFileSync(definitionOf(2), 'utf8')) as { content: string }).content,
  );
  const byThree = signFile('definition', definition, administratorOf(clinics[2]!.layout));
  assert.match(
    withChanged(definitionOf(2), () => byThree, takeUp(2)),
    /signer is not certified by that root/,
  );
  const { layout } = clinics[1]!;
  const orderer = {
    certificate: readFileSync(layout.orderer.signCertificate, 'utf8'),
    privateKey: readFileSync(join(layout.orderer.mspDir, 'keystore/key.pem'), 'utf8'),
  };
  const byOrderer = signFile('definition', definition, orderer);
  assert.match(
    withChanged(definitionOf(2), () => byOrderer, takeUp(2)),
    /no administrator/,
  );
  const asKey = signFile('swarm key', definition, administratorOf(layout));
  assert.match(
    withChanged(definitionOf(2), () => asKey, takeUp(2)),
    /signature is of something else/,
  );
});

test('an administrator can define its own organisation only with its own authorities, host and fields', () => {
  const content = JSON.parse(JSON.parse(readFileSync(definitionOf(2), 'utf8')).content) as Record<
    string,
    unknown
  >;
  const foreign = JSON.parse(JSON.parse(readFileSync(definitionOf(3), 'utf8')).content) as Record<
    string,
    object
  >;
  const says = (patch: object) => {
    const signed = signFile('definition', { ...content, ...patch }, administratorOf(clinics[1]!.layout));
    return withChanged(definitionOf(2), () => signed, takeUp(2));
  };
  assert.match(says({ tlsRoot: foreign.tlsRoot }), /roots\.tls/);
  assert.match(says({ orderer: foreign.orderer }), /not under its root/);
  const { orderer } = content as { orderer: object };
  assert.match(
    says({ orderer: { ...orderer, tls: (foreign.orderer as { tls: string }).tls } }),
    /not under its root/,
  );
  assert.match(says({ mspId: 'Clinic3MSP' }), /is of Clinic3MSP/);
  assert.match(says({ extra: 1 }), /other fields/);
  for (const ipfsPeerId of ['A'.repeat(52), `12D3KooW${'z'.repeat(44)}`, `${content.ipfsPeerId}1`]) {
    assert.match(says({ ipfsPeerId }), /its ipfsPeerId is none that Kubo reads/, ipfsPeerId);
  }
  const { publicKey } = generateKeyPairSync('ed25519');
  const exchangeKey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  assert.match(says({ exchangeKey }), /other fields than a definition has/);
  const elsewhere = { ...organisation(2), host: 'elsewhere.consilium.test' };
  assert.match(
    refusal(() => readDefinition(elsewhere, definitionOf(2))),
    /not certified for elsewhere/,
  );
});

/** A definition of clinic 2 that its own administrator signed. */
function definedOtherwise(change: (content: Record<string, unknown>) => object): string {
  const content = JSON.parse(JSON.parse(readFileSync(definitionOf(2), 'utf8')).content);
  return signFile('definition', { ...content, ...change(content) }, administratorOf(clinics[1]!.layout));
}

test('a member that defines the IPFS peer id of another is found with the other', () => {
  const foreign = JSON.parse(JSON.parse(readFileSync(definitionOf(3), 'utf8')).content);
  const copied = definedOtherwise(() => ({ ipfsPeerId: foreign.ipfsPeerId }));
  assert.match(
    withChanged(
      definitionOf(2),
      () => copied,
      () => foundAt(clinics[0]!),
    ),
    /Clinic3MSP and Clinic2MSP define one IPFS peer id/,
  );
});

test('a member to whose exchange key nothing can be sealed is named', () => {
  const zero = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), Buffer.alloc(32)]);
  const weak = definedOtherwise(() => ({ exchangeKey: zero.toString('base64') }));
  const said = withChanged(
    definitionOf(2),
    () => weak,
    () => foundAt(clinics[0]!),
  );
  assert.match(said, /nothing can be sealed to the exchangeKey that Clinic2MSP defined/);
});

test('a pipe in the mailbox in place of a definition is refused, and nobody waits for it', () => {
  const kept = readFileSync(definitionOf(2));
  rmSync(definitionOf(2));
  execFileSync('mkfifo', [definitionOf(2)]);
  const said = refusal(takeUp(2));
  rmSync(definitionOf(2));
  writeFileSync(definitionOf(2), kept);
  assert.match(said, /no regular file/);
});

test('without agreed roots, or with a definition missing, founding says for whom to ask', () => {
  const { roots: _, ...draft } = organisation(2);
  assert.match(
    refusal(() => readDefinition(draft, definitionOf(2))),
    /no roots of Clinic2MSP/,
  );
  const [two, three] = [definitionOf(2), definitionOf(3)].map((file) => readFileSync(file));
  rmSync(definitionOf(2));
  rmSync(definitionOf(3));
  const said = refusal(() => foundAt(clinics[0]!));
  writeFileSync(definitionOf(2), two!);
  writeFileSync(definitionOf(3), three!);
  assert.match(said, /ask Clinic2MSP/);
  assert.match(said, /ask Clinic3MSP/);
});

test('every hospital computes the same first block by itself, and all share one key of the swarm', () => {
  assert.match(
    refusal(() => foundAt(clinics[1]!)),
    /Clinic1MSP runs `hospital found` first/,
  );
  const digests = clinics.map(foundAt);
  assert.equal(new Set(digests).size, 1);
  assert.deepEqual(clinics.map(foundAt), digests);
  const keys = clinics.map(({ layout }) => readFileSync(swarmKeyFile(layout.ipfsRepo), 'utf8'));
  assert.equal(new Set(keys).size, 1);
  for (const name of readdirSync(mailbox)) {
    const text = readFileSync(join(mailbox, name), 'utf8');
    assert.doesNotMatch(text, /PRIVATE KEY/, name);
    assert.ok(!text.includes(keys[0]!.trim().split('\n').at(-1)!), name);
  }
});

test('a sealed key for another, from another, or changed is not taken', () => {
  const [, two, three] = clinics as [Clinic, Clinic, Clinic];
  const own = sealedKeyFile(mailbox, 'Clinic2MSP');
  const kept = readFileSync(swarmKeyFile(two.layout.ipfsRepo));
  rmSync(swarmKeyFile(two.layout.ipfsRepo));
  try {
    const forThree = readFileSync(sealedKeyFile(mailbox, 'Clinic3MSP'), 'utf8');
    assert.match(
      withChanged(
        own,
        () => forThree,
        () => foundAt(two),
      ),
      /it is for Clinic3MSP/,
    );
    const sealed = sealTo(
      { mspId: 'Clinic2MSP', exchangeKey: ensureExchangeKey(two.layout.exchangeKey) },
      newSwarmKey(),
    );
    const fromThree = signFile('swarm key', sealed, administratorOf(three.layout));
    assert.match(
      withChanged(
        own,
        () => fromThree,
        () => foundAt(two),
      ),
      /not certified by that root/,
    );
  } finally {
    writeFileSync(swarmKeyFile(two.layout.ipfsRepo), kept);
  }
});

test('what was sealed opens for its receiver alone, and not after one changed byte', () => {
  const [one, two] = ['one', 'two'].map((name) => join(root, `${name}.key`)) as [string, string];
  const secret = newSwarmKey();
  const sealed = sealTo({ mspId: 'OneMSP', exchangeKey: ensureExchangeKey(one) }, secret);
  assert.equal(unseal(sealed, { mspId: 'OneMSP', keyFile: one }), secret);
  ensureExchangeKey(two);
  assert.match(
    refusal(() => unseal(sealed, { mspId: 'OneMSP', keyFile: two })),
    /cannot be opened/,
  );
  const bytes = Buffer.from(sealed.ciphertext, 'base64');
  for (const at of [0, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    const other = { ...sealed, ciphertext: changed.toString('base64') };
    assert.match(
      refusal(() => unseal(other, { mspId: 'OneMSP', keyFile: one })),
      /cannot be opened/,
    );
  }
});

test('a channel is founded once: another consortium.yaml is refused afterwards', () => {
  const { consortium } = clinics[0]!.hospital;
  agreeOn(root, { ...consortium, ordering: { kind: 'raft' } });
  const said = refusal(() => foundAt(reopen(clinics[0]!)));
  agreeOn(root, consortium);
  assert.match(said, /never founded twice/);
});

test('a founding that is refused leaves what was taken up before', () => {
  const { hospital, layout } = clinics[0]!;
  const { consortium } = hospital;
  const taken = () => readDefinitions(consortium, join(layout.directory, 'definitions'));
  const before = taken();
  agreeOn(root, { ...consortium, ordering: { kind: 'raft' } });
  const renewed = definedOtherwise(() => ({ ipfsPeerId: examplePeerId(99) }));
  const said = withChanged(
    definitionOf(2),
    () => renewed,
    () => foundAt(reopen(clinics[0]!)),
  );
  agreeOn(root, consortium);
  assert.match(said, /never founded twice/);
  assert.deepEqual(taken(), before);
  assert.ok(readdirSync(layout.directory).every((name) => !name.startsWith('founding-')));
});

test('a hospital with another code than the agreed one does not start', () => {
  const { hospital, layout } = clinics[0]!;
  assert.match(
    refusal(() => assertFounded(hospital, layout)),
    /build the agreed version/,
  );
});
