import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError, sentenceOf } from '@consilium/command-line';
import { issueIdentities } from './identities-command.ts';

const dir = mkdtempSync(join(tmpdir(), 'consilium-identities-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'config.json');
const node = (name: string) => ({
  mspId: `${name}MSP`,
  name: name.toLowerCase(),
  endpoint: 'localhost:7051',
});

test('identities for a real network are MSP folders and connection files, and stay on a second call', async () => {
  const config = {
    channel: 'consortium',
    organisations: [node('A'), node('B')],
    orderers: [node('O1'), node('O2')],
    ipfsUrl: 'http://127.0.0.1:5001',
  };
  writeFileSync(file, JSON.stringify(config));
  const first = await issueIdentities(dir, file);
  for (const path of [
    'AMSP/msp/config.yaml',
    'AMSP/nodes/peer0/tls/server.key',
    'O2MSP/nodes/orderer0/msp',
  ]) {
    assert.ok(existsSync(join(dir, 'organisations', path)), path);
  }
  assert.equal(statSync(join(dir, 'connection.json')).mode & 0o777, 0o600);
  const own = JSON.parse(readFileSync(join(dir, 'organisations/BMSP.json'), 'utf8'));
  assert.deepEqual(
    own.organisations.map(({ mspId }: { mspId: string }) => mspId),
    ['BMSP'],
  );
  const steward = new X509Certificate(own.organisations[0].clients.steward.certificate);
  assert.match(steward.subject, /OU=client/);
  assert.ok(steward.raw.includes(Buffer.from('"consilium.role":"steward"')));
  assert.ok(steward.checkIssued(new X509Certificate(own.organisations[0].caCertificate)));
  assert.deepEqual(await issueIdentities(dir, file), first);
});

test('a node of a real network may have further names, which must be names', async () => {
  const aliased = { ...node('A'), hostAliases: ['peer0.a.example.com'] };
  const config = { channel: 'consortium', organisations: [aliased], orderers: [node('O1')] };
  writeFileSync(file, JSON.stringify(config));
  await issueIdentities(dir, file);
  const path = join(dir, 'organisations/AMSP/nodes/peer0/tls/server.crt');
  const certificate = new X509Certificate(readFileSync(path));
  for (const host of ['peer0.a', 'peer0.a.example.com', 'localhost'])
    assert.equal(certificate.checkHost(host), host);
  writeFileSync(file, JSON.stringify({ ...config, orderers: [{ ...node('O1'), hostAliases: ['no name'] }] }));
  await assert.rejects(issueIdentities(dir, file), /orderers\[0\]\.hostAliases\[0\] must be a host name/);
});

test('a wrong configuration of identities is refused with every problem', async () => {
  writeFileSync(file, JSON.stringify({ organisations: [node('A'), { ...node('A'), endpoint: 'nowhere' }] }));
  await assert.rejects(issueIdentities(dir, file), (error: ConfigError) => {
    assert.ok(error instanceof ConfigError);
    const text = error.problems.map(sentenceOf).join('\n');
    for (const part of [/channel/, /organisations\[1\].endpoint/, /orderers/, /needs its own/]) {
      assert.match(text, part);
    }
    return true;
  });
});

test('a configuration of identities that is nothing, or lacks what every node has, is refused by field', async () => {
  const orderers = [node('O')];
  for (const [config, problem] of [
    [null, /channel must be a name/],
    [{ channel: 'c', organisations: {}, orderers }, /organisations must be a list/],
    [{ channel: 'c', organisations: [null], orderers }, /organisations\[0\]\.mspId must have letters/],
    [
      { channel: 'c', organisations: [{ name: 'a', endpoint: 'localhost:1' }], orderers },
      /organisations\[0\]\.mspId must have letters/,
    ],
    [
      { channel: 'c', organisations: [{ mspId: 'A', endpoint: 'localhost:1' }], orderers },
      /organisations\[0\]\.name must have lower case/,
    ],
  ] as const) {
    writeFileSync(file, JSON.stringify(config));
    await assert.rejects(issueIdentities(join(dir, 'none'), file), (error: ConfigError) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.match(error.problems.map(sentenceOf).join('\n'), problem);
      return true;
    });
  }
});
