// What an authority that is not ours may get wrong in a certificate.
import assert from 'node:assert/strict';
import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Registration } from './certificate-authority.ts';
import { organisationDirOf } from './hospital-layout.ts';
import { certificateProblem } from './issued-certificate.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-issued-'));
after(() => rmSync(root, { recursive: true }));
let clinic: Clinic;
before(async () => {
  [clinic] = (await initialisedClinics(root, 1)) as [Clinic];
});

const read = (name: string) =>
  readFileSync(join(organisationDirOf(clinic.layout.directory, clinic.hospital.own.mspId), name), 'utf8');

function problem(node: 'identity' | 'tls', wanted: Registration, changes: object = {}): string | undefined {
  const [certificate, key, authority] =
    node === 'identity'
      ? ['nodes/orderer0/msp/signcerts/cert.pem', 'nodes/orderer0/msp/keystore/key.pem', 'ca/ca.crt']
      : ['nodes/orderer0/tls/server.crt', 'nodes/orderer0/tls/server.key', 'ca/tlsca.crt'];
  const own = createPrivateKey(read(key!));
  return certificateProblem({
    ...{ certificate: read(certificate!), root: read(authority!), wanted },
    isOfKey: (issued: X509Certificate) => issued.checkPrivateKey(own),
    ...changes,
  });
}

test('a certificate that is what was asked for is taken', () => {
  assert.equal(problem('identity', { id: 'orderer0', type: 'orderer' }), undefined);
  assert.equal(problem('tls', { id: 'orderer0', type: 'client', hosts: ['localhost'] }), undefined);
});

test('another role, name, key or authority, a role that is missing, and wrong times are refused in words', () => {
  const orderer: Registration = { id: 'orderer0', type: 'orderer' };
  assert.match(problem('identity', { ...orderer, type: 'peer' })!, /needs OU=peer and no other.*has orderer/);
  const attributes = { 'consilium.role': 'steward' };
  assert.match(problem('identity', { ...orderer, attributes })!, /"consilium.role":"steward"/);
  assert.match(problem('tls', { ...orderer, hosts: ['a.example', 'localhost'] })!, /names lack a\.example$/);
  assert.match(problem('identity', orderer, { isOfKey: () => false })!, /of another key/);
  assert.match(problem('identity', orderer, { root: read('ca/tlsca.crt') })!, /not issued by/);
  assert.match(problem('identity', orderer, { now: new Date('2000-01-01') })!, /valid only from/);
  assert.match(problem('identity', orderer, { now: new Date('2200-01-01') })!, /ended on/);
  assert.match(
    problem('identity', orderer, { certificate: read('ca/ca.crt') })!,
    /of another key|of an authority/,
  );
  assert.match(problem('identity', orderer, { certificate: 'nothing' })!, /no certificate in PEM/);
});
