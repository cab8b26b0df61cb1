// What `hospital revoke` does with a real Fabric CA, where its programs are, before there is a channel.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InputError } from '@consilium/command-line';
import { isOnLists } from '@consilium/verify/channel';
import { stringify } from 'yaml';
import { findHospitalPrograms, whyNoFabric } from '../native/binaries.ts';
import { chooseFree } from '../ports.ts';
import { CertificateAuthority, rootOf } from './certificate-authority.ts';
import { authoritiesOf } from './enrolment.ts';
import { readHospital } from './hospital-file.ts';
import { hospitalLayout } from './hospital-layout.ts';
import { invite, personsIn } from './persons.ts';
import { revoke } from './revocation.ts';
import { exampleConsortium } from './testing/example-consortium.ts';
import { isOfTlsAuthority, revokeOfHost } from './tls-revocation.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-revocation-'));
after(() => rmSync(root, { recursive: true }));

async function place() {
  writeFileSync(join(root, 'consortium.yaml'), stringify(exampleConsortium(1)));
  const ports = { identityAuthority: await chooseFree(), tlsAuthority: await chooseFree() };
  const path = join(root, 'hospital.yaml');
  const own = { consortium: 'consortium.yaml', organisation: 'clinic1', folder: join(root, 'place'), ports };
  writeFileSync(path, stringify({ ...own, mailbox: join(root, 'box') }));
  mkdirSync(join(root, 'box'));
  const hospital = readHospital(path);
  const layout = hospitalLayout(hospital);
  return { path, programs: findHospitalPrograms(), hospital, layout, report: () => {} };
}

test('a person is revoked also where the channel cannot be asked, which is said, and a host by its own list', {
  skip: whyNoFabric(findHospitalPrograms),
}, async () => {
  const at = await place();
  const { identity, tls } = authoritiesOf(at);
  const issuing = await CertificateAuthority.start(tls);
  let file: string;
  try {
    const registration = { id: 'link.clinic1', type: 'client' } as const;
    ({ certificate: file } = await issuing.enrol(registration, join(root, 'host')));
  } finally {
    await issuing.stop();
  }
  await invite(at, 'anna', 'steward');
  const revoking = { ...at, what: { person: 'anna' }, reason: 'keycompromise' } as const;
  for (const _ of ['once', 'again']) {
    await assert.rejects(revoke(revoking), (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /revoked by the own authority, but .* run this again for the ceremony/);
      return true;
    });
    assert.deepEqual(
      personsIn(at.layout).map(({ state }) => state),
      ['revoked'],
    );
  }
  await assert.rejects(revoke({ ...revoking, what: { person: 'nobody' } }), /nobody is enrolled as nobody/);

  assert.equal(isOfTlsAuthority(file, at), true);
  assert.equal(isOfTlsAuthority(rootOf(identity), at), false);
  const { list, serial } = await revokeOfHost(file, { ...at, reason: 'superseded' });
  assert.ok(existsSync(list) && serial.length > 0);
  const tlsRoot = new X509Certificate(readFileSync(rootOf(tls)));
  const certificate = new X509Certificate(readFileSync(file));
  assert.equal(isOnLists(readFileSync(list, 'utf8'), certificate, tlsRoot), true);
});
