import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { enrol } from './enrol.ts';
import { openOrganisationIdentities } from './organisation-identities.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-enrol-'));
after(() => rmSync(root, { recursive: true }));

test('a person gets a certificate of the organisation that says who and what they are, as often as asked', async () => {
  const dir = join(root, 'AMSP');
  const options = { dir, mspId: 'AMSP', name: 'a', nodeKind: 'peer', hosts: ['localhost'] } as const;
  const { ca, clients } = await openOrganisationIdentities(options);
  const issued = await Promise.all(
    ['ben', 'ben', 'ann'].map((person) => enrol(dir, { person, role: 'steward' })),
  );
  const [first, second, other] = issued.map(({ certificatePem }) => new X509Certificate(certificatePem));
  assert.ok(first!.checkIssued(new X509Certificate(ca.certificatePem)));
  assert.match(first!.subject, /CN=ben@a\nOU=client\nO=a/);
  assert.ok(first!.raw.includes(Buffer.from('"consilium.role":"steward"')));
  assert.ok(second!.raw.includes(Buffer.from('"hf.EnrollmentID":"ben@a"')));
  assert.ok(other!.raw.includes(Buffer.from('"hf.EnrollmentID":"ann@a"')));
  assert.notEqual(first!.serialNumber, second!.serialNumber);
  const clientsNow = async () => (await openOrganisationIdentities(options)).clients;
  assert.deepEqual(await clientsNow(), clients, 'nobody is added to the files');
  const kept = await enrol(dir, { person: 'ben', role: 'steward', keep: true });
  assert.deepEqual(await clientsNow(), { ...clients, ben: kept });
  for (const person of ['ben', 'steward']) {
    await assert.rejects(enrol(dir, { person, role: 'steward', keep: true }), /is there already/);
  }
});

test('a folder without an authority enrols nobody', async () => {
  await assert.rejects(enrol(root, { person: 'ben', role: 'steward' }), /ENOENT/);
});
