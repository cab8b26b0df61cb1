import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { examinationText, examine, type Finding, isSecret, probeTls, type TlsProbe } from './doctor.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-doctor-'));
after(() => rmSync(root, { recursive: true }));
let clinic: Clinic;
before(async () => {
  [clinic] = (await initialisedClinics(root, 3)) as [Clinic];
});

const examined = (): Promise<Finding[]> => examine(clinic.hospital, clinic.layout);
const of = (findings: readonly Finding[], what: string) => findings.filter((one) => one.what === what);

test('hosts without an address, the wrong code and a lost quorum are wrong, each with a remedy', async () => {
  const findings = await examined();
  for (const what of ['name of Clinic2MSP', 'name of Clinic3MSP', 'own name', 'code', 'quorum']) {
    assert.deepEqual(
      of(findings, what).map(({ state }) => state),
      ['wrong'],
      what,
    );
  }
  assert.match(of(findings, 'name of Clinic2MSP')[0]!.text, /enter it in the DNS/);
  assert.match(
    of(findings, 'quorum')[0]!.text,
    /0 of 3 orderers answer, and 2 are needed: nothing can be written/,
  );
  assert.match(of(findings, 'code')[0]!.text, /build the agreed version/);
});

test('every certificate is looked at, and good ones say until when', async () => {
  const certificates = (await examined()).filter(({ what }) => what.startsWith('certificate '));
  assert.ok(certificates.length >= 3);
  assert.ok(certificates.every(({ state, text }) => state === 'good' && text.startsWith('is valid until')));
});

test('a certificate that cannot be read is found, and the rest is looked at all the same', async () => {
  const file = join(clinic.layout.tls.link, 'server.crt');
  const kept = readFileSync(file);
  writeFileSync(file, 'nothing');
  const findings = await examined();
  writeFileSync(file, kept);
  const [broken] = of(findings, 'certificate nodes/link/tls/server.crt');
  assert.equal(broken!.state, 'wrong');
  assert.match(broken!.text, /^cannot be read .*: restore it from a backup$/);
  assert.equal(of(findings, 'quorum').length, 1);
});

/** A neighbour's port, where each connection is answered like this. */
async function probed(answer: (socket: Socket) => void, change: Partial<TlsProbe> = {}): Promise<Finding> {
  const server = createServer((socket) => answer(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const pem = (name: string) => readFileSync(join(clinic.layout.tls.link, name), 'utf8');
  const own = { ca: [pem('ca.crt')], cert: pem('server.crt'), key: pem('server.key') };
  const probe = { host: '127.0.0.1', port, servername: 'clinic2.consilium.test', ...own, ...change };
  try {
    return await probeTls('peer of Clinic2MSP', probe, 300);
  } finally {
    server.close();
  }
}

test('a neighbour that sends a byte now and then, or none, does not hold the doctor up', async () => {
  const slowly = (socket: Socket) => {
    socket.write(Buffer.of(0x16, 3, 3, 0x40, 0));
    const timer = setInterval(() => socket.write(Buffer.of(2)), 20);
    socket.once('close', () => clearInterval(timer));
  };
  for (const answer of [slowly, () => undefined]) {
    const { state, text } = await probed(answer);
    assert.equal(state, 'wrong');
    assert.match(text, /does not answer in time/);
  }
});

test('a listener that speaks HTTP/1.1 alone, as that for witnesses does, proves itself too', async () => {
  const pem = (name: string) => readFileSync(join(clinic.layout.tls.link, name), 'utf8');
  const own = { cert: pem('server.crt'), key: pem('server.key') };
  const server = createHttpsServer({ ...own, ca: pem('ca.crt'), requestCert: true, minVersion: 'TLSv1.3' });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const servername = clinic.hospital.own.host;
  const probe = { host: '127.0.0.1', port, servername, ca: [pem('ca.crt')], ...own };
  const finding = await probeTls('witness of Clinic1MSP', probe);
  server.close();
  assert.equal(finding.text, `127.0.0.1:${port} proves itself by TLS`);
});

test('what is no TLS, and an own key that cannot be read, are said', async () => {
  const noTls = await probed((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n'));
  const noKey = await probed((socket) => socket.end(), { key: 'nothing' });
  for (const { state, text } of [noTls, noKey]) {
    assert.equal(state, 'wrong');
    assert.match(text, /^127\.0\.0\.1:\d+ fails: [\x20-\x7e]+$/);
  }
});

test('a key that others could read is wrong, and named', async () => {
  chmodSync(clinic.layout.directory, 0o700);
  assert.deepEqual(
    of(await examined(), 'file modes').map(({ state }) => state),
    ['good'],
  );
  chmodSync(clinic.layout.exchangeKey, 0o644);
  const found = of(await examined(), 'file modes');
  chmodSync(clinic.layout.exchangeKey, 0o600);
  assert.equal(found.length, 1);
  assert.match(found[0]!.text, /exchange\.key can be read by others: chmod 600/);
  chmodSync(clinic.layout.directory, 0o755);
  assert.match(of(await examined(), 'file modes')[0]!.text, /chmod 700/);
});

test('the clock of other hosts is not claimed to be known', async () => {
  assert.equal(of(await examined(), 'clock')[0]!.state, 'unknown');
});

test('what is a secret is known by its name', () => {
  const yes = [
    '/a/server.key',
    '/ca/msp/keystore/abc_sk',
    '/b/keystore/key.pem',
    '/c/swarm.key',
    '/d/keys.json',
  ];
  for (const file of yes) assert.ok(isSecret(file), file);
  for (const file of ['/a/server.crt', '/b/ca-cert.pem', '/c/links.json']) assert.ok(!isSecret(file), file);
});

test('people see a mark, what was looked at, and the sentence', () => {
  assert.deepEqual(examinationText([{ what: 'disk', state: 'wrong', text: 'make room' }]), [
    '✘ disk: make room',
  ]);
});
