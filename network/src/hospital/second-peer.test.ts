// A second peer: agreed on by its port, derived everywhere else, and nowhere to be seen where there is none.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CommandProcess } from '@consilium/command-line/testing/command-process';
import { parse, stringify } from 'yaml';
import { peerConfiguration } from '../native/node-configuration.ts';
import { peerServiceName } from '../native/node-services.ts';
import { ownFolder } from '../programs.ts';
import { agreedChanges } from './agreed-changes.ts';
import type { AgreedConsortium } from './agreed-consortium.ts';
import { listPlace } from './backup/backup-contents.ts';
import { examine } from './doctor.ts';
import { examineSecondPeer } from './examine-second-peer.ts';
import { writeConnection } from './hospital-connection.ts';
import { readHospital } from './hospital-file.ts';
import { ownPeersOf } from './hospital-layout.ts';
import { assertFounded } from './hospital-plan.ts';
import { leavingOf } from './leave.ts';
import { agreeOn, type Clinic, initialisedClinics, reopen } from './testing/clinics.ts';
import { toleranceText } from './tolerance.ts';
import { wantedCertificates } from './wanted-certificates.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-second-peer-'));
after(() => rmSync(root, { recursive: true }));
let clinics: Clinic[] = [];
/** What was agreed on before there was a second peer. */
let former: AgreedConsortium;
before(async () => {
  clinics = await initialisedClinics(root, 3);
  former = clinics[0]!.hospital.consortium;
});

const commands = new CommandProcess(join(ownFolder, 'dist/src/command-line.js'));
after(() => commands.close());

/** The first organisation has one. */
const withSecond = (consortium: AgreedConsortium): AgreedConsortium => ({
  ...consortium,
  organisations: consortium.organisations.map((one, at) =>
    at === 0 ? { ...one, ports: { peer1: 7059 } } : one,
  ),
});

function agreed(consortium: AgreedConsortium): [Clinic, Clinic, Clinic] {
  agreeOn(root, consortium);
  return clinics.map(reopen) as [Clinic, Clinic, Clinic];
}

const coreOf = (clinic: Clinic) =>
  ownPeersOf(clinic.layout).map((peer) =>
    peerConfiguration(peer, { ccaasBuilder: '/builder', networkId: 'wards', checksTimeWindow: true }),
  );

test('without one, an organisation has the peer, the certificates and the files that it had', () => {
  const [one] = agreed(former);
  const { hospital, layout } = one;
  assert.equal(layout.secondPeer, undefined);
  assert.deepEqual(layout.secondPeers, []);
  const [core, ...more] = coreOf(one);
  assert.deepEqual(more, []);
  assert.equal(core!.peer.id, 'peer0.clinic1');
  assert.equal(core!.peer.gossip.bootstrap, 'clinic1.consilium.test:7051');
  assert.doesNotMatch(JSON.stringify(wantedCertificates(hospital, layout)), /peer1/);
  writePersons(one);
  writeConnection(hospital, layout);
  assert.doesNotMatch(readFileSync(layout.connection, 'utf8'), /secondEndpoint/);
  assert.doesNotMatch(toleranceText(hospital.consortium).join('\n'), /[Ss]econd/);
});

/** Files of roles that `writeConnection` names are not read by it; the peers' authorities are. */
function writePersons({ layout }: Clinic): void {
  for (const { tls } of layout.fabric.peers) {
    mkdirSync(join(tls.root, '..'), { recursive: true });
    writeFileSync(tls.root, 'PEM');
  }
}

test('both peers of an organisation start from each other, with ports, folders and identities of their own', () => {
  const [one, other] = agreed(withSecond(former));
  const [first, second] = coreOf(one);
  assert.deepEqual(ownPeersOf(one.layout).map(peerServiceName), ['peer-clinic1', 'peer1-clinic1']);
  assert.deepEqual([first!.peer.id, second!.peer.id], ['peer0.clinic1', 'peer1.clinic1']);
  assert.equal(first!.peer.gossip.bootstrap, 'clinic1.consilium.test:7059');
  assert.equal(second!.peer.gossip.bootstrap, 'clinic1.consilium.test:7051');
  const places = (core: NonNullable<typeof first>) => [
    ...[core.peer.listenAddress, core.peer.chaincodeListenAddress, core.operations.listenAddress],
    ...[
      core.peer.fileSystemPath,
      core.peer.mspConfigPath,
      core.peer.tls.key.file,
      core.ledger.snapshots.rootDir,
    ],
  ];
  const all = [...places(first!), ...places(second!)];
  assert.equal(new Set(all).size, all.length);
  // Of a neighbour's, what is known of the organisation: nothing is below a folder of its own.
  assert.equal(other.layout.secondPeer, undefined);
  const [seen] = other.layout.secondPeers;
  assert.equal(`${seen?.host}:${seen?.port}`, 'clinic1.consilium.test:7059');
  assert.equal(seen?.tls.root, other.layout.fabric.peers[0]!.tls.root);
});

test('its identity and its TLS certificate are asked of the own authorities, and it does not start without', () => {
  const [{ hospital, layout }] = agreed(withSecond(former));
  const ids = wantedCertificates(hospital, layout)
    .filter(({ holder }) => holder === 'peer1')
    .map(({ form, registration: { id, type, hosts } }) => ({ form, id, type, hosts }));
  const hosts = ['clinic1.consilium.test', 'localhost', '127.0.0.1'];
  assert.deepEqual(ids, [
    { form: 'msp', id: 'peer1.clinic1', type: 'peer', hosts: undefined },
    { form: 'tls', id: 'peer1.clinic1', type: 'client', hosts },
  ]);
  assert.throws(() => assertFounded(hospital, layout), /second peer .* no identity yet: run `hospital init`/);
});

test('the own gateway and those of the others are given both addresses', () => {
  for (const clinic of agreed(withSecond(former)).slice(0, 2)) {
    writePersons(clinic);
    writeConnection(clinic.hospital, clinic.layout);
    const { organisations, peers } = JSON.parse(readFileSync(clinic.layout.connection, 'utf8')) as {
      organisations: { mspId: string; endpoint: string; secondEndpoint?: string }[];
      peers: { mspId: string; endpoint: string; secondEndpoint?: string }[];
    };
    const named = [...organisations, ...peers];
    const of = (mspId: string) => named.find((peer) => peer.mspId === mspId);
    assert.equal(of('Clinic1MSP')?.endpoint, 'clinic1.consilium.test:7051');
    assert.equal(of('Clinic1MSP')?.secondEndpoint, 'clinic1.consilium.test:7059');
    assert.ok(!('secondEndpoint' in of('Clinic3MSP')!));
  }
});

test('a port inside is taken by a second peer where there is one, and by no other hospital', () => {
  const use = (name: string, ports: object) => {
    const path = join(root, name, 'hospital.yaml');
    const file = parse(readFileSync(path, 'utf8')) as object;
    const changed = join(root, name, 'changed.yaml');
    writeFileSync(changed, stringify({ ...file, ports }));
    return readHospital(changed);
  };
  agreed(withSecond(former));
  assert.throws(
    () => use('clinic1', { gateway: 7058 }),
    /ports\.gateway \(line \d+\) is 7058, as is peer1Operations/,
  );
  assert.throws(
    () => use('clinic1', { peer1Chaincode: 7059 }),
    /ports\.peer1Chaincode \(line \d+\) is 7059, as is peer1 in consortium\.yaml/,
  );
  assert.equal(use('clinic2', { gateway: 7058 }).inside.gateway, 7058);
  assert.throws(() => use('clinic2', { gateway: 7058, peer1Operations: 7058 }), /as is gateway/);
});

test('a host without the programs is said to lack them, and the peer that answers is not blamed', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const [{ hospital, layout }] = agreed(withSecond(former));
  const secondPeer = { ...layout.secondPeer!, host: '127.0.0.1', port };
  const folder = join(root, 'programs');
  mkdirSync(folder);
  const look = () =>
    examineSecondPeer(hospital, { ...layout, secondPeer }, { FABRIC_BIN_DIR: folder, PATH: '' });
  try {
    const [nothing] = await look();
    assert.equal(nothing?.state, 'unknown');
    assert.match(
      nothing!.text,
      /127\.0\.0\.1:\d+ answers, and cannot be asked .* this host has no orderer, peer, /,
    );
    assert.match(nothing!.text, /set FABRIC_BIN_DIR/);
    assert.doesNotMatch(nothing!.text, /cannot take over|two minutes|embedded/);
    const script = (name: string, text: string) =>
      writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const all = ['orderer', 'configtxgen', 'configtxlator', 'osnadmin', 'fabric-ca-client'];
    for (const name of all) script(name, 'exit 0');
    script('peer', 'echo no approval >&2; exit 1');
    assert.match((await look())[0]!.text, /this host has no fabric-ca-server; set/);
    script('fabric-ca-server', 'exit 0');
    const [asked] = await look();
    assert.equal(asked?.state, 'soon');
    assert.match(asked!.text, /cannot take over yet: .*no approval/s);
  } finally {
    server.close();
  }
});

test('what is agreed on later is said as a change that the file can make, in both directions', () => {
  const words = (before: AgreedConsortium, after: AgreedConsortium) => agreedChanges(before, after);
  assert.deepEqual(words(former, withSecond(former)), [
    { text: 'Clinic1MSP: port of peer1 was nothing, and is 7059' },
  ]);
  assert.deepEqual(words(withSecond(former), former), [
    { text: 'Clinic1MSP: port of peer1 was 7059, and is nothing' },
  ]);
});

test('what it withstands, and what it does not, is said before it is agreed on', () => {
  const text = toleranceText(withSecond(former)).at(-1)!;
  assert.match(text, /^Second peers: one of the two peers of Clinic1MSP may be down, and it goes on/);
  assert.match(text, /a host that is away is away whole/);
});

test("a doctor says that the first serves alone, and whether a neighbour's second peer answers", async () => {
  const [one, other] = agreed(withSecond(former));
  const own = (await examine(one.hospital, one.layout)).filter(({ what }) => what === 'second peer');
  assert.deepEqual(
    own.map(({ state }) => state),
    ['soon'],
  );
  assert.match(own[0]!.text, /clinic1\.consilium\.test:7059 does not answer: the first peer serves alone/);
  const seen = await examine(other.hospital, other.layout);
  assert.ok(!seen.some(({ what }) => what === 'second peer'));
});

test('its ledger is in no backup, and is deleted by who leaves, where that of the first is kept', () => {
  const [{ hospital, layout }] = agreed(withSecond(former));
  for (const { home } of ownPeersOf(layout)) {
    mkdirSync(join(home, 'data'), { recursive: true });
    writeFileSync(join(home, 'data/blocks'), 'blocks');
  }
  const { entries } = listPlace(layout.directory, { organisation: 'clinic1', pinned: new Set() });
  const names = entries.map(({ name }) => name);
  assert.ok(names.includes('fabric/peer/data/blocks'));
  assert.ok(!names.some((name) => name.startsWith('fabric/peer1')));
  const { deletes, keeps } = leavingOf(hospital, layout, { record: undefined, peers: [], isRunning: false });
  assert.ok(deletes.some(({ path }) => path === join(layout.directory, 'fabric/peer1')));
  assert.ok(keeps.some(({ path }) => path === join(layout.directory, 'fabric/peer')));
});

test('certificates of a second peer are renewed where there is one', async () => {
  const [, other] = agreed(withSecond(former));
  const said = await commands.run({
    args: ['hospital', 'renew', '--what', 'peer1', '--hospital', other.path],
  });
  assert.equal(said.status, 2);
  assert.match(said.stderr, /consortium\.yaml names no second peer of this organisation/);
});
