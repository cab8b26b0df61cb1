// Certificates that are renewed by a real Fabric CA, where its programs are; and ends, which need none.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { findHospitalPrograms, whyNoFabric } from '../native/binaries.ts';
import { chooseFree } from '../ports.ts';
import { certificateEnds, endsMetrics, endsText } from './certificate-ends.ts';
import { enrolOrganisation } from './enrolment.ts';
import { readHospital } from './hospital-file.ts';
import { hospitalLayout } from './hospital-layout.ts';
import { finishRenewals } from './put-certificate.ts';
import { renewCertificates } from './renewal.ts';
import { exampleConsortium } from './testing/example-consortium.ts';
import { filesOf, wantedCertificates } from './wanted-certificates.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-renewal-'));
after(() => rmSync(root, { recursive: true }));

async function enrolled(name: string) {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'consortium.yaml'), stringify(exampleConsortium(1)));
  const ports = { identityAuthority: await chooseFree(), tlsAuthority: await chooseFree() };
  const file = { consortium: 'consortium.yaml', organisation: 'clinic1', folder: join(folder, 'place') };
  writeFileSync(join(folder, 'hospital.yaml'), stringify({ ...file, mailbox: join(folder, 'box'), ports }));
  const hospital = readHospital(join(folder, 'hospital.yaml'));
  const layout = hospitalLayout(hospital);
  const place = { programs: findHospitalPrograms(), hospital, layout, report: () => {} };
  await enrolOrganisation(place);
  return { hospital, layout, place };
}

test('each gets a new key and a certificate with the names and the role that it had, and others keep theirs', {
  skip: whyNoFabric(findHospitalPrograms),
}, async () => {
  const { hospital, layout, place } = await enrolled('renewed');
  const all = wantedCertificates(hospital, layout);
  const read = () =>
    new Map(
      all.map((one) => {
        const { certificate, key } = filesOf(one);
        const x509 = new X509Certificate(readFileSync(certificate));
        return [`${one.form} ${one.registration.id}`, { x509, key: readFileSync(key, 'utf8'), one }];
      }),
    );
  const before = read();
  const renewed = await renewCertificates(['peer', 'trainer', 'chaincode'], place);
  assert.deepEqual(
    renewed.map(({ form, id }) => `${form} ${id}`),
    [
      ...['msp peer0.clinic1', 'msp trainer@clinic1'],
      ...['tls peer0.clinic1', 'tls chaincode.clinic1', 'tls chaincode-client.clinic1'],
    ],
  );
  const after = read();
  for (const [name, { x509, key, one }] of after) {
    const old = before.get(name)!;
    const isRenewed = renewed.some(({ form, id }) => name === `${form} ${id}`);
    assert.equal(x509.serialNumber !== old.x509.serialNumber, isRenewed, name);
    assert.equal(key !== old.key, isRenewed, name);
    assert.equal(x509.subject, old.x509.subject);
    assert.equal(x509.subjectAltName, old.x509.subjectAltName);
    assert.equal(statSync(filesOf(one).key).mode & 0o077, 0);
    assert.equal(existsSync(`${one.folder}.renewed`), false);
  }
  assert.ok(after.get('msp trainer@clinic1')!.x509.raw.includes('"consilium.role":"trainer"'));
  // As after a crash between the two files: what was issued is whole, and is put in place at the next start.
  const { one } = after.get('tls peer0.clinic1')!;
  mkdirSync(`${one.folder}.renewed`);
  for (const [from, to] of [
    [filesOf(one).certificate, 'cert.pem'],
    [filesOf(one).key, 'key.pem'],
  ] as const)
    cpSync(from, join(`${one.folder}.renewed`, to));
  writeFileSync(filesOf(one).certificate, 'the old one');
  finishRenewals(all);
  assert.equal(
    read().get('tls peer0.clinic1')!.x509.serialNumber,
    after.get('tls peer0.clinic1')!.x509.serialNumber,
  );
  mkdirSync(`${one.folder}.renewed`);
  writeFileSync(join(`${one.folder}.renewed`, 'key.pem'), 'half');
  finishRenewals(all);
  assert.equal(existsSync(`${one.folder}.renewed`), false);
  const ends = certificateEnds(hospital, layout);
  assert.deepEqual(
    ends.filter(({ of }) => /nodes\/(peer0|orderer0|chaincode|chaincode-client|link)\/tls/.test(of)).length,
    5,
  );
  assert.ok(ends.some(({ of }) => of === 'msp/tlscacerts/tlsca.pem'));
});

test("a second peer's are issued when it is agreed on, and renewed apart from the first's", {
  skip: whyNoFabric(findHospitalPrograms),
}, async () => {
  const { layout: former } = await enrolled('second');
  const first = (name: string) => readFileSync(join(former.peer.mspDir, name), 'utf8');
  const before = [first('signcerts/cert.pem'), first('keystore/key.pem')];
  const folder = join(root, 'second');
  const example = exampleConsortium(1);
  const organisations = example.organisations.map((one) => ({ ...one, ports: { peer1: 7059 } }));
  writeFileSync(join(folder, 'consortium.yaml'), stringify({ ...example, organisations }));
  const hospital = readHospital(join(folder, 'hospital.yaml'));
  const layout = hospitalLayout(hospital);
  const place = { programs: findHospitalPrograms(), hospital, layout, report: () => {} };
  await enrolOrganisation(place);
  assert.deepEqual([first('signcerts/cert.pem'), first('keystore/key.pem')], before);
  const identity = () =>
    new X509Certificate(readFileSync(join(layout.secondPeer!.mspDir, 'signcerts/cert.pem')));
  assert.match(identity().subject, /CN=peer1\.clinic1/);
  assert.match(identity().subject, /OU=peer/);
  const tls = new X509Certificate(readFileSync(layout.secondPeer!.tls.certificate));
  assert.equal(tls.checkHost('clinic1.consilium.test'), 'clinic1.consilium.test');
  assert.match(readFileSync(join(layout.secondPeer!.mspDir, 'config.yaml'), 'utf8'), /NodeOUs/);
  const { serialNumber } = identity();
  const renewed = await renewCertificates(['peer1'], place);
  assert.deepEqual(
    renewed.map(({ form, id }) => `${form} ${id}`),
    ['msp peer1.clinic1', 'tls peer1.clinic1'],
  );
  assert.notEqual(identity().serialNumber, serialNumber);
  assert.deepEqual([first('signcerts/cert.pem'), first('keystore/key.pem')], before);
  assert.ok(certificateEnds(hospital, layout).some(({ of }) => of === 'nodes/peer1/tls/server.crt'));
});

test('ends are listed with the days that are left, and written for Prometheus', () => {
  const now = new Date('2026-11-29T12:00:00Z');
  const ends = [
    { of: 'users/admin/msp/signcerts/cert.pem', isOwn: true, endsAt: undefined },
    { of: 'nodes/peer0/tls/server.crt', isOwn: true, endsAt: new Date('2026-11-28T12:00:00Z') },
    { of: 'Clinic2MSP: msp/cacerts/ca.pem', isOwn: false, endsAt: new Date('2027-11-29T12:00:00Z') },
  ];
  assert.deepEqual(
    endsText(ends, now).map((line) => line.trim().split(/\s+/)[0]),
    ['?', '-1', '365'],
  );
  assert.match(endsMetrics(ends), /timestamp_seconds\{of="nodes\/peer0\/tls\/server\.crt"\} 1795867200\n/);
  assert.doesNotMatch(endsMetrics(ends), /admin/);
});
