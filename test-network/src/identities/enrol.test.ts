import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { ATTRIBUTES_OID } from './authority.ts';
import { enrol, parseAttributes } from './enrol.ts';
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

test('a certificate carries further attributes where Fabric CA writes them, with or without a role', async () => {
  const dir = join(root, 'BMSP');
  const options = { dir, mspId: 'BMSP', name: 'b', nodeKind: 'peer', hosts: ['localhost'] } as const;
  await openOrganisationIdentities(options);
  const attributes = parseAttributes(['abac.creator=true:ecert', 'site=Ward 3, "north" = left', 'empty=']);
  const expected = { 'abac.creator': 'true', site: 'Ward 3, "north" = left', empty: '' };
  const hf = { 'hf.Affiliation': '', 'hf.EnrollmentID': 'ben@b', 'hf.Type': 'client' };
  const without = await enrol(dir, { person: 'ben', attributes });
  assert.deepEqual(attributesOf(without.certificatePem), { ...expected, ...hf });
  const withRole = await enrol(dir, { person: 'ben', role: 'auditor', attributes });
  assert.deepEqual(attributesOf(withRole.certificatePem), {
    ...expected,
    ...hf,
    'consilium.role': 'auditor',
  });
});

test('an attribute that the authority or the role sets, or that Fabric CA would not take, is refused by name', () => {
  const refused: [string[], RegExp][] = [
    [['consilium.role=operator'], /consilium\.role is reserved: .*--role/],
    [['hf.Type=admin'], /hf\.Type is reserved/],
    [['hf.EnrollmentID=ann@b'], /hf\.EnrollmentID is reserved/],
    [['lonely'], /lonely: expected name=value/],
    [['=x'], /=x: expected name=value/],
    [['__proto__=x'], /expected name=value/],
    [['a b=x'], /expected name=value/],
    [['a=1', 'a=2'], /a is given twice/],
    [['a=b:c'], /a: expected a value .* without colons/],
    [['a=b:ecert:ecert'], /a: expected a value/],
    [['a=line\nbreak'], /a: expected a value/],
    [[`a=${'x'.repeat(257)}`], /at most 256/],
  ];
  for (const [texts, words] of refused)
    assert.throws(() => parseAttributes(texts), { message: words }, texts[0]);
  assert.deepEqual(parseAttributes([]), {});
});

/** The extension's value, read as Fabric's chaincode libraries read it. */
function attributesOf(certificatePem: string): unknown {
  const extension = new x509.X509Certificate(certificatePem).getExtension(ATTRIBUTES_OID)!;
  return JSON.parse(Buffer.from(extension.value).toString('utf8')).attrs;
}

test('a folder without an authority enrols nobody', async () => {
  await assert.rejects(enrol(root, { person: 'ben', role: 'steward' }), /ENOENT/);
});
