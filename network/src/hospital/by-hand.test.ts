// Certificates of an authority that is not Fabric's, as files that go out and come in.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import 'reflect-metadata';
import { InputError } from '@consilium/command-line';
import * as x509 from '@peculiar/x509';
import { stringify } from 'yaml';
import { requestsIn } from './by-hand.ts';
import { enrolOrganisation } from './enrolment.ts';
import { readHospital } from './hospital-file.ts';
import { hospitalLayout } from './hospital-layout.ts';
import { renewCertificates } from './renewal.ts';
import { exampleConsortium } from './testing/example-consortium.ts';
import { filesOf, wantedCertificates } from './wanted-certificates.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-by-hand-'));
after(() => rmSync(root, { recursive: true }));

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const VALID = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2099-01-01T00:00:00Z') };
x509.cryptoProvider.set(webcrypto as never);
let serial = 1;

class Authority {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly certificate: x509.X509Certificate;

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys;
    this.certificate = certificate;
  }

  static async create(name: string): Promise<Authority> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...{
        ...VALID,
        name: `CN=${name}`,
        serialNumber: '01',
        signingAlgorithm: ALGORITHM,
        keys: keys as never,
      },
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new Authority(keys, certificate);
  }

  /** Certifies what the request asks for, in the way of an authority that copies extensions, or not. */
  async certify(csr: string, copies = true): Promise<string> {
    const request = new x509.Pkcs10CertificateRequest(csr);
    const certificate = await x509.X509CertificateGenerator.create({
      ...{
        ...VALID,
        subject: request.subject,
        issuer: this.certificate.subject,
        signingAlgorithm: ALGORITHM,
      },
      serialNumber: (serial++).toString(16).padStart(4, '0'),
      publicKey: (await request.publicKey.export()) as never,
      signingKey: this.#keys.privateKey as never,
      extensions: copies ? request.extensions : [],
    });
    return `some text before\n${certificate.toString('pem')}\n`;
  }
}

test('requests go out with names, units and roles, and certificates that fit come in and are renewed', async () => {
  writeFileSync(join(root, 'consortium.yaml'), stringify(exampleConsortium(1)));
  const file = { consortium: 'consortium.yaml', organisation: 'clinic1', folder: join(root, 'place') };
  const path = join(root, 'hospital.yaml');
  writeFileSync(path, stringify({ ...file, mailbox: join(root, 'box'), ca: { kind: 'by-hand' } }));
  const hospital = readHospital(path);
  const layout = hospitalLayout(hospital);
  const programs = { 'fabric-ca-server': '/none', 'fabric-ca-client': '/none' };
  const place = { programs, hospital, layout, report: () => {} };
  const all = wantedCertificates(hospital, layout);
  const folder = requestsIn(layout);
  const refused = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => assert.fail('was taken'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  };
  const asked = await refused(enrolOrganisation(place));
  assert.match(asked, /identity-root\.pem is not there/);
  const requests = () => readdirSync(folder).filter((name) => name.endsWith('.csr'));
  assert.equal(requests().length, all.length);
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.key')))
    assert.equal(statSync(join(folder, name)).mode & 0o077, 0);
  const authorities = { identity: await Authority.create('identities'), tls: await Authority.create('tls') };
  for (const of of ['identity', 'tls'] as const)
    writeFileSync(join(folder, `${of}-root.pem`), authorities[of].certificate.toString('pem'));
  assert.match(
    await refused(enrolOrganisation(place)),
    /tls-link\.clinic1\.crt is not there: have .*\.csr certified/,
  );
  const certify = async (name: string, copies = true) => {
    const authority = authorities[name.startsWith('tls-') ? 'tls' : 'identity'];
    const certificate = await authority.certify(readFileSync(join(folder, name), 'utf8'), copies);
    writeFileSync(join(folder, name.replace('.csr', '.crt')), certificate);
  };
  for (const name of requests()) await certify(name, false);
  const wrong = await refused(enrolOrganisation(place));
  assert.match(wrong, /tls-peer0\.clinic1\.crt: its subject alternative names lack clinic1\.consilium\.test/);
  assert.match(wrong, /identity-steward-at-clinic1\.crt: its extension .*"consilium\.role":"steward"/);
  for (const name of requests()) await certify(name);
  await enrolOrganisation(place);
  assert.deepEqual(requests(), []);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.key')),
    [],
  );
  for (const one of all) assert.equal(statSync(filesOf(one).key).mode & 0o077, 0);
  assert.match(readFileSync(join(layout.peer.mspDir, 'config.yaml'), 'utf8'), /NodeOUs/);
  const { certificate } = filesOf(all.find(({ holder }) => holder === 'links')!);
  const before = readFileSync(certificate, 'utf8');
  await refused(renewCertificates(['links'], place));
  assert.equal(readFileSync(certificate, 'utf8'), before);
  assert.deepEqual(requests(), ['tls-link.clinic1.csr']);
  await certify('tls-link.clinic1.csr');
  const [renewed] = await renewCertificates(['links'], place);
  assert.equal(renewed!.id, 'link.clinic1');
  assert.notEqual(readFileSync(certificate, 'utf8'), before);
  writeFileSync(join(folder, 'tls-root.pem'), authorities.identity.certificate.toString('pem'));
  assert.match(
    await refused(renewCertificates(['links'], place)),
    /tls-root\.pem is another root than before/,
  );
});
