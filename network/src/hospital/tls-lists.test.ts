// Certificates of hosts that their own hospital took back.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { chooseFree, isFree } from '../ports.ts';
import { organisationDirOf } from './hospital-layout.ts';
import { runSwarmLink } from './swarm-link.ts';
import { answerOf } from './testing/answer-of.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';
import { isRevokedBy, keptListsFile, listsFile, takeTlsLists } from './tls-lists.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-tls-lists-'));
const ended = new AbortController();
let clinics: Clinic[] = [];
before(async () => {
  clinics = await initialisedClinics(root, 2);
});
after(() => {
  ended.abort();
  rmSync(root, { recursive: true });
});

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const VALID = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2099-01-01T00:00:00Z') };
x509.cryptoProvider.set(webcrypto as never);
const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

class Authority {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #certificate: x509.X509Certificate;
  #serial = 16;

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
  }

  static async create(name: string): Promise<Authority> {
    const keys = await newKeys();
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

  get pem(): string {
    return `${this.#certificate.toString('pem')}\n`;
  }

  async issue(host: string) {
    const keys = await newKeys();
    this.#serial += 1;
    const certificate = await x509.X509CertificateGenerator.create({
      ...{ ...VALID, subject: `CN=${host}`, issuer: this.#certificate.subject, signingAlgorithm: ALGORITHM },
      serialNumber: this.#serial.toString(16),
      publicKey: keys.publicKey as never,
      signingKey: this.#keys.privateKey as never,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }])],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
    return { cert: `${certificate.toString('pem')}\n`, key, serial: certificate.serialNumber };
  }

  async revoke(...serials: string[]): Promise<string> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.#certificate.subject,
      thisUpdate: new Date('2026-01-01T00:00:00Z'),
      entries: serials.map((serialNumber) => ({
        serialNumber,
        revocationDate: new Date('2026-01-01T00:00:00Z'),
      })),
      signingAlgorithm: ALGORITHM,
      signingKey: this.#keys.privateKey as never,
    });
    return `${list.toString('pem')}\n`;
  }
}

test('a list counts from the next connection on, in both directions, and no older one takes it back', async () => {
  const [one, two] = clinics as [Clinic, Clinic];
  const { hospital, layout } = one;
  const { mspId } = two.hospital.own;
  const authority = await Authority.create('TLS of two');
  const stranger = await Authority.create('TLS of nobody');
  const host = 'localhost';
  const [lost, kept] = [await authority.issue(host), await authority.issue(host)];
  const trust = join(organisationDirOf(layout.directory, mspId), 'msp/tlscacerts');
  mkdirSync(trust, { recursive: true });
  writeFileSync(join(trust, 'tlsca.pem'), authority.pem);
  const target = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  after(() => target.close());
  const [swarmPort, port, localPort] = [await chooseFree(), await chooseFree(), await chooseFree()];
  await new Promise<void>((resolve) => target.listen(swarmPort, '127.0.0.1', resolve));
  const file = keptListsFile(layout.directory, mspId);
  const lines: string[] = [];
  // This link's own neighbour is the link itself: what comes in and what goes out is judged by the same list.
  void runSwarmLink(
    {
      ...{ listen: { host: '127.0.0.1', port }, swarmPort, certificate: lost.cert, key: lost.key },
      neighbours: [
        {
          ...{ mspId, host, port, localPort, root: authority.pem },
          isRevoked: (certificate) => isRevokedBy(file, certificate, authority.pem),
        },
      ],
      report: (line) => lines.push(line),
    },
    ended.signal,
  );
  while (await isFree(port)) await sleep(5);
  const dial = ({ cert, key }: { cert: string; key: string }) =>
    answerOf(connectTls({ host: '127.0.0.1', port, servername: host, ca: [authority.pem], cert, key }));
  const outwards = () => answerOf(connect({ host: '127.0.0.1', port: localPort }));
  assert.deepEqual([await dial(lost), await dial(kept), await outwards()], ['hello', 'hello', 'hello']);
  const publish = (text: string) => writeFileSync(listsFile(hospital.file.mailbox, mspId), text);
  publish(await stranger.revoke(lost.serial));
  assert.match(takeTlsLists(hospital, layout)[0]!.problem!, /signed by the TLS authority of Clinic2MSP/);
  publish('-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n');
  assert.equal(takeTlsLists(hospital, layout)[0]!.taken, 0);
  assert.equal(await dial(lost), 'hello');
  publish(await authority.revoke(lost.serial));
  assert.deepEqual(takeTlsLists(hospital, layout), [{ mspId, taken: 1 }]);
  assert.deepEqual(takeTlsLists(hospital, layout), [{ mspId, taken: 0 }]);
  assert.deepEqual([await dial(lost), await dial(kept), await outwards()], [undefined, 'hello', undefined]);
  assert.match(lines.join('\n'), /refused Clinic2MSP: its certificate was revoked/);
  assert.match(lines.join('\n'), /is not reached: its certificate was revoked/);
  publish(await authority.revoke());
  assert.deepEqual(takeTlsLists(hospital, layout), [{ mspId, taken: 0 }]);
  assert.equal(await dial(lost), undefined);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/[A-Za-z0-9+/]{12}/, 'AAAAAAAAAAAA'));
  assert.equal(await dial(kept), undefined);
});

test('lists that name nothing new take no room, and those of a member who publishes more and more are bounded', async () => {
  const [two, one] = clinics as [Clinic, Clinic];
  const { hospital, layout } = one;
  const { mspId } = two.hospital.own;
  const authority = await Authority.create('TLS of one');
  const trust = join(organisationDirOf(layout.directory, mspId), 'msp/tlscacerts');
  mkdirSync(trust, { recursive: true });
  writeFileSync(join(trust, 'tlsca.pem'), authority.pem);
  const file = keptListsFile(layout.directory, mspId);
  const MOST = 4096;
  const take = (text: string) => {
    writeFileSync(listsFile(hospital.file.mailbox, mspId), text);
    return takeTlsLists(hospital, layout, MOST).find((taken) => taken.mspId === mspId)!;
  };
  const serials = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => (from + at).toString(16).padStart(32, '1'));
  const revoked = serials(0, 3);
  for (let at = 1; at <= 3; at++)
    assert.deepEqual(take(await authority.revoke(...revoked.slice(0, at))), { mspId, taken: 1 });
  assert.equal(readFileSync(file, 'utf8').split('BEGIN').length - 1, 1);
  for (let at = 0; at < 5; at++)
    assert.deepEqual(take(await authority.revoke(...revoked)), { mspId, taken: 0 });
  assert.equal(readFileSync(file, 'utf8').split('BEGIN').length - 1, 1);
  // What an older list alone names stays.
  assert.equal(take(await authority.revoke(...serials(100, 1))).taken, 1);
  assert.equal(readFileSync(file, 'utf8').split('BEGIN').length - 1, 2);
  let refused: ReturnType<typeof take> | undefined;
  for (let at = 1; refused === undefined && at < 20; at++) {
    const taken = take(await authority.revoke(...serials(at * 1000, 20)));
    if (taken.problem !== undefined) refused = taken;
  }
  assert.match(refused!.problem!, /bytes together, and at most 4096 are kept: ask it for one list/);
  assert.ok(readFileSync(file).length <= MOST);
});
