// Fabric CA as one organisation uses it, where its programs are.
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readCertificate, readRevocationList } from '@consilium/verify/channel';
import { findHospitalPrograms, whyNoFabric } from '../native/binaries.ts';
import { chooseFree, isFree } from '../ports.ts';
import { AuthorityError } from './authority-server.ts';
import { type AuthorityPlace, CertificateAuthority, rootOf } from './certificate-authority.ts';
import { requestFor } from './certificate-request.ts';
import { isSecret } from './doctor.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-authority-'));
after(() => rmSync(root, { recursive: true }));

const skip = whyNoFabric(findHospitalPrograms);

async function place(name: string): Promise<AuthorityPlace> {
  const port = await chooseFree();
  const home = join(root, name);
  return { programs: findHospitalPrograms(), home, name: 'ca.clinic', organisation: 'clinic', port };
}

test('it issues identities with their roles and TLS certificates with their names, and then listens no more', {
  skip,
}, async () => {
  const where = await place('issues');
  const authority = await CertificateAuthority.start(where);
  try {
    const role = { 'consilium.role': 'auditor' };
    const auditor = await authority.enrol(
      { id: 'auditor@clinic', type: 'client', attributes: role },
      join(root, 'auditor'),
    );
    const tls = await authority.enrol(
      { id: 'peer0.clinic', type: 'client', hosts: ['clinic.consilium.test', '127.0.0.1'] },
      join(root, 'tls'),
    );
    const authorityCertificate = new X509Certificate(readFileSync(rootOf(where)));
    const [person, server] = [auditor, tls].map(
      ({ certificate }) => new X509Certificate(readFileSync(certificate)),
    );
    for (const one of [person!, server!]) assert.ok(one.verify(authorityCertificate.publicKey));
    assert.match(person!.subject, /^OU=client$/m);
    assert.ok(person!.raw.includes('"consilium.role":"auditor"'));
    assert.ok(server!.checkHost('clinic.consilium.test') && server!.checkIP('127.0.0.1'));
    for (const { key } of [auditor, tls]) assert.equal(statSync(key).mode & 0o077, 0);
    assert.deepEqual(readdirSync(join(root, 'auditor')).sort(), ['cert.pem', 'key.pem']);
  } finally {
    await authority.stop();
  }
  assert.ok(await isFree(where.port));
  const files = readdirSync(where.home, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(where.home, name),
  );
  const open = files.filter((file) => isSecret(file) && (statSync(file).mode & 0o077) !== 0);
  assert.deepEqual(open, []);
});

test('what was registered and never enrolled, since it was interrupted, is enrolled the next time', {
  skip,
}, async () => {
  const where = await place('interrupted');
  const registration = { id: 'peer0.clinic', type: 'peer' } as const;
  const first = await CertificateAuthority.start(where);
  try {
    await first.enrol(registration, join(root, 'first'));
  } finally {
    await first.stop();
  }
  const again = await CertificateAuthority.start(where);
  try {
    const { certificate } = await again.enrol(registration, join(root, 'again'));
    assert.match(new X509Certificate(readFileSync(certificate)).subject, /^OU=peer$/m);
  } finally {
    await again.stop();
  }
});

test('what it revokes is in its list, with all that it revoked before, and nothing else is', {
  skip,
}, async () => {
  const where = await place('revokes');
  const authority = await CertificateAuthority.start(where);
  try {
    const enrolled = [];
    for (const at of [1, 2, 3]) {
      const registration = { id: `trainer${at}@clinic`, type: 'client' } as const;
      enrolled.push(await authority.enrol(registration, join(root, `revoked-${at}`)));
    }
    const root_ = readCertificate(readFileSync(rootOf(where)));
    const authorityKeyId = Buffer.from(root_.subjectKeyId!).toString('hex');
    const [one, two, three] = enrolled.map(
      ({ certificate }) => readCertificate(readFileSync(certificate)).serial,
    );
    const revoke = (serial: string) =>
      authority.revokeCertificates([{ serial: serial.replace(/^0+/, ''), authorityKeyId }], 'keycompromise');
    await revoke(one!);
    const list = readRevocationList(Buffer.from(await revoke(two!)));
    assert.deepEqual([...list.serials].sort(), [one!, two!].sort());
    assert.ok(!list.serials.has(three!));
    assert.deepEqual(Buffer.from(list.authorityKeyId!), Buffer.from(root_.subjectKeyId!));
    // Again, as after an interruption.
    assert.equal(readRevocationList(Buffer.from(await revoke(one!))).serials.size, 2);
    await assert.rejects(revoke('1234'), AuthorityError);
  } finally {
    await authority.stop();
  }
});

test('a server that cannot start says so with the end of its log', { skip }, async () => {
  const where = await place('broken');
  const broken = { ...where.programs, 'fabric-ca-server': '/bin/false' };
  await assert.rejects(CertificateAuthority.start({ ...where, programs: broken }), AuthorityError);
});

test('an authority that runs already is asked where it is, and its root stays the same', {
  skip,
}, async () => {
  const own = await place('runs-already');
  const running = await CertificateAuthority.start(own);
  const secretFile = join(root, 'registrar-of-existing.secret');
  writeFileSync(secretFile, `${readFileSync(join(own.home, 'registrar.secret'), 'utf8')}\n`);
  const existing = {
    ...{ url: `https://localhost:${own.port}`, tlsRoot: rootOf(own) },
    ...{ registrar: 'registrar', secretFile, caName: own.name },
  };
  const there = { ...own, home: join(root, 'asks'), port: 1, existing };
  try {
    const asked = await CertificateAuthority.start(there);
    assert.equal(readFileSync(rootOf(there), 'utf8'), readFileSync(rootOf(own), 'utf8'));
    const attributes = { 'consilium.role': 'steward' };
    const secret = await asked.register({ id: 'anna@clinic', type: 'client', attributes });
    const { key, csr } = await requestFor({ commonName: 'anna@clinic', organisation: 'clinic' });
    const pem = await asked.certify(csr, { id: 'anna@clinic', secret });
    const certificate = new X509Certificate(pem);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
    assert.ok(certificate.raw.includes('"consilium.role":"steward"'));
    await assert.rejects(asked.certify(csr, { id: 'anna@clinic', secret }), /does not certify anna@clinic/);
    await assert.rejects(asked.certify(csr, { id: 'nobody', secret }), AuthorityError);
    const list = readRevocationList(Buffer.from(await asked.revoke('anna@clinic', 'keycompromise')));
    assert.ok(list.serials.has(certificate.serialNumber.toLowerCase().replace(/^(00)+/, '')));
    await asked.stop();
    writeFileSync(rootOf(there), readFileSync(rootOf(own), 'utf8').replace('\n', '\n\n'));
    await assert.rejects(CertificateAuthority.start(there), /has another root than/);
  } finally {
    await running.stop();
  }
});
