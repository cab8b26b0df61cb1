import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { hasLowS } from '../msp/low-s.ts';
import { createAuthority, issueTlsServer } from './authority.ts';
import { openOrganisationIdentities } from './organisation-identities.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-names-'));
after(() => rmSync(root, { recursive: true }));

const options = (hosts: readonly string[], nodeKind: 'peer' | 'orderer' = 'peer') =>
  ({ dir: join(root, nodeKind), mspId: 'AMSP', name: 'a.example.com', nodeKind, hosts }) as const;
const certificateOf = ({ nodeTls }: { nodeTls: { certificatePem: string } }) =>
  new X509Certificate(nodeTls.certificatePem);

test("a node's TLS certificate names the node of its organisation, its addresses and its aliases, and nobody else", async () => {
  const certificate = certificateOf(
    await openOrganisationIdentities(options(['localhost', '127.0.0.1', '::1', 'alias.example.org'])),
  );
  for (const host of ['localhost', 'peer0.a.example.com', 'alias.example.org']) {
    assert.equal(certificate.checkHost(host), host);
  }
  for (const ip of ['127.0.0.1', '::1']) assert.equal(certificate.checkIP(ip), ip);
  for (const host of ['peer1.a.example.com', 'peer0.b.example.com', 'a.example.com']) {
    assert.equal(certificate.checkHost(host), undefined);
  }
  const orderer = certificateOf(await openOrganisationIdentities(options(['localhost'], 'orderer')));
  assert.equal(orderer.checkHost('orderer0.a.example.com'), 'orderer0.a.example.com');
});

test('a folder whose certificate lacks a name gets another one for the same key, and keeps it', async () => {
  const before = await openOrganisationIdentities(options(['localhost']));
  const file = join(root, 'peer/nodes/peer0/tls/server.crt');
  // As the version that named only the hosts made it.
  const { certificatePem } = await issueTlsServer(before.tlsCa, {
    commonName: 'peer0.a.example.com',
    organization: 'a.example.com',
    hosts: ['localhost'],
    privateKeyPem: before.nodeTls.privateKeyPem,
  });
  writeFileSync(file, certificatePem);
  assert.equal(new X509Certificate(certificatePem).checkHost('peer0.a.example.com'), undefined);

  const named = await openOrganisationIdentities(options(['localhost', 'later.example.org']));
  const certificate = certificateOf(named);
  for (const host of ['localhost', 'peer0.a.example.com', 'later.example.org']) {
    assert.equal(certificate.checkHost(host), host);
  }
  assert.ok(certificate.checkIssued(new X509Certificate(before.tlsCa.certificatePem)));
  assert.ok(certificate.verify(new X509Certificate(before.tlsCa.certificatePem).publicKey));
  assert.deepEqual(certificate.publicKey, certificateOf(before).publicKey);
  const { nodeTls: _, ...others } = before;
  const { nodeTls, ...othersNow } = named;
  assert.deepEqual(othersNow, others);
  assert.equal(readFileSync(file, 'utf8'), nodeTls.certificatePem);
  assert.deepEqual(await openOrganisationIdentities(options(['localhost', 'later.example.org'])), named);
});

test('every certificate is signed with a low s, which Fabric asks for', async () => {
  const request = { commonName: 'peer0', organization: 'a.example.com', hosts: ['localhost'] };
  for (let i = 0; i < 8; i++) {
    const authority = await createAuthority('ca', 'a.example.com');
    const { certificatePem } = await issueTlsServer(authority, request);
    for (const pem of [authority.certificatePem, certificatePem]) {
      assert.ok(hasLowS(new Uint8Array(new x509.X509Certificate(pem).signature)));
    }
  }
});
