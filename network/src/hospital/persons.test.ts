// Persons whose key is made where they use it, with a real Fabric CA, where its programs are.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InputError } from '@consilium/command-line';
import { stringify } from 'yaml';
import { findHospitalPrograms, whyNoFabric } from '../native/binaries.ts';
import { chooseFree } from '../ports.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { authoritiesOf, type EnrolmentPlace } from './enrolment.ts';
import { readHospital } from './hospital-file.ts';
import { hospitalLayout } from './hospital-layout.ts';
import { acceptCertificate, makeRequest } from './own-person.ts';
import {
  certifyPerson,
  enrolHere,
  invite,
  PersonRequest,
  personsIn,
  proofOf,
  readForm,
  revokePerson,
  type Ticket,
  userFolderOf,
} from './persons.ts';
import { exampleConsortium } from './testing/example-consortium.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-persons-'));
after(() => rmSync(root, { recursive: true }));

async function placeOf(
  name: string,
  programs: EnrolmentPlace['programs'],
  more = {},
): Promise<EnrolmentPlace> {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'consortium.yaml'), stringify(exampleConsortium(1)));
  const ports = { identityAuthority: await chooseFree(), tlsAuthority: await chooseFree() };
  const file = {
    consortium: 'consortium.yaml',
    organisation: 'clinic1',
    folder: join(folder, 'place'),
    ports,
  };
  const path = join(folder, 'hospital.yaml');
  writeFileSync(path, stringify({ ...file, mailbox: join(folder, 'box'), ...more }));
  const hospital = readHospital(path);
  return { programs, hospital, layout: hospitalLayout(hospital), report: () => {} };
}

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => assert.fail('was taken'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof InputError, String(error));
  return error.message;
};

const none = { 'fabric-ca-server': '/none', 'fabric-ca-client': '/none' };

test('names that would be a role or a path, and persons of an authority by hand, are refused before anything', async () => {
  const place = await placeOf('refused', none);
  assert.match(await refusal(invite(place, 'steward', 'steward')), /is the name of a role/);
  for (const name of ['../anna', 'Anna', '', 'a b', '.anna'])
    assert.match(await refusal(invite(place, name, 'steward')), /write 1 to 64/);
  assert.match(await refusal(enrolHere(place, 'anna', 'admin')), /a key of their own/);
  assert.match(await refusal(revokePerson(place, 'nobody')), /nobody is enrolled as nobody/);
  const byHand = await placeOf('by-hand', none, { ca: { kind: 'by-hand' } });
  assert.match(await refusal(invite(byHand, 'anna', 'steward')), /your authority does it/);
});

test('a ticket gives one certificate to who has it, whose key never leaves them, and a revoked person has none', {
  skip: whyNoFabric(findHospitalPrograms),
}, async () => {
  const place = await placeOf('tickets', findHospitalPrograms());
  const { layout, hospital } = place;
  // The ticket names the TLS root too, which `hospital init` made.
  mkdirSync(layout.authorities.tls, { recursive: true });
  writeFileSync(join(layout.authorities.tls, 'ca-cert.pem'), 'of TLS');
  const ticket = await invite(place, 'anna', 'auditor');
  const home = join(root, 'anna');
  const request = readForm<PersonRequest>(await makeRequest(ticket, home), PersonRequest, 'request');
  assert.equal(JSON.stringify(request).includes(ticket.secret), false);
  assert.equal(statSync(join(home, 'key.pem')).mode & 0o077, 0);
  const thief = { ...ticket, secret: '0'.repeat(48) };
  const other = readForm<PersonRequest>(
    await makeRequest(thief, join(root, 'thief')),
    PersonRequest,
    'request',
  );
  assert.match(await refusal(certifyPerson(place, other)), /not by the holder of the ticket/);
  const exchanged = { ...request, csr: other.csr };
  assert.match(await refusal(certifyPerson(place, exchanged)), /not by the holder of the ticket/);
  const noRequest = { ...request, csr: 'nothing', proof: proofOf('nothing', ticket.secret) };
  assert.match(await refusal(certifyPerson(place, noRequest)), /the request of anna is none/);
  const { certificate } = await certifyPerson(place, request);
  assert.match(await refusal(certifyPerson(place, request)), /good for one certificate/);
  assert.match(await refusal(invite(place, 'anna', 'steward')), /is enrolled already as auditor/);
  const file = join(root, 'anna.crt');
  writeFileSync(file, certificate!);
  await assert.rejects(async () => acceptCertificate(thief, join(root, 'thief'), file), /is of another key/);
  const steward = { ...ticket, role: 'steward' as const };
  await assert.rejects(async () => acceptCertificate(steward, home, file), /"consilium\.role":"steward"/);
  const msp = acceptCertificate(ticket, home, file);
  assert.ok(existsSync(join(msp, 'config.yaml')) && existsSync(join(msp, 'keystore/key.pem')));
  const here = await enrolHere(place, 'ben', 'steward');
  const folder = userFolderOf(layout, hospital.own.mspId, 'ben');
  assert.ok(new X509Certificate(here.certificate!).raw.includes('"consilium.role":"steward"'));
  assert.equal(statSync(join(folder, 'keystore/key.pem')).mode & 0o077, 0);
  const { list } = await revokePerson(place, 'ben');
  assert.match(list, /BEGIN X509 CRL/);
  assert.equal(existsSync(folder), false);
  assert.deepEqual(
    personsIn(layout).map(({ name, state, secret }) => [name, state, secret]),
    [
      ['anna', 'enrolled', undefined],
      ['ben', 'revoked', undefined],
    ],
  );
  // Who comes back gets another name at the authority: what was revoked stays revoked.
  const again = await enrolHere(place, 'ben', 'steward');
  assert.notEqual(again.id, here.id);
});

test('a second invitation makes the first ticket good for nothing, also for who asks the authority itself', {
  skip: whyNoFabric(findHospitalPrograms),
}, async () => {
  const place = await placeOf('twice', findHospitalPrograms());
  mkdirSync(place.layout.authorities.tls, { recursive: true });
  writeFileSync(join(place.layout.authorities.tls, 'ca-cert.pem'), 'of TLS');
  const first = await invite(place, 'cleo', 'steward');
  const second = await invite(place, 'cleo', 'steward');
  const csrOf = async (ticket: Ticket) =>
    readForm<PersonRequest>(await makeRequest(ticket, join(root, ticket.id)), PersonRequest, 'request').csr;
  const authority = await CertificateAuthority.start(authoritiesOf(place).identity);
  try {
    await assert.rejects(authority.certify(await csrOf(first), first), /does not certify cleo@clinic1/);
    assert.match(await authority.certify(await csrOf(second), second), /BEGIN CERTIFICATE/);
  } finally {
    await authority.stop();
  }
});
