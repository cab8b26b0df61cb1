import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InputError } from '@consilium/command-line';
import { connectionsOf } from './connection.ts';
import { readConnection } from './connection-file.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-connection-'));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'users'));
const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nSECRETSECRET\n-----END PRIVATE KEY-----\n';
writeFileSync(join(root, 'users/cert.pem'), PEM);
writeFileSync(join(root, 'users/key.pem'), KEY);
writeFileSync(join(root, 'users/broken.pem'), KEY.slice(3));

function connectionOf(client: object) {
  const path = join(root, 'connection.json');
  const organisation = {
    mspId: 'NorthMSP',
    name: 'north',
    endpoint: 'north.example:7051',
    tlsRootCertificate: PEM,
    caCertificate: PEM,
    clients: { auditor: client, admin: { certificate: PEM, privateKey: KEY } },
  };
  writeFileSync(path, JSON.stringify({ channel: 'wards', organisations: [organisation] }));
  return readConnection(path, undefined);
}

test('keys may be in files of their own, named from the folder of the connection file', () => {
  const inFiles = { certificateFile: 'users/cert.pem', privateKeyFile: join(root, 'users/key.pem'), more: 1 };
  const { organisation } = connectionOf(inFiles);
  assert.deepEqual(organisation.clients.auditor, { certificate: PEM, privateKey: KEY });
  assert.deepEqual(organisation.clients.admin, { certificate: PEM, privateKey: KEY });
});

test('a key file that is missing or no PEM is named, and nothing of its content', () => {
  const refused = (privateKeyFile: string) => {
    try {
      connectionOf({ certificateFile: 'users/cert.pem', privateKeyFile });
    } catch (error) {
      assert.ok(error instanceof InputError, String(error));
      assert.doesNotMatch(error.message, /SECRET/);
      return error.message;
    }
    return assert.fail('was read');
  };
  assert.match(refused('users/nowhere.pem'), /connection\.json: .*nowhere\.pem/);
  assert.match(refused('users/broken.pem'), /privateKey/);
});

test('a second peer is read of the own organisation and of others, and neither is taken for the other', () => {
  const path = join(root, 'two-peers.json');
  const own = {
    ...{ mspId: 'NorthMSP', name: 'north', endpoint: 'north.example:7051' },
    ...{ secondEndpoint: 'north.example:7059', tlsRootCertificate: PEM, clients: {} },
  };
  const south = { mspId: 'SouthMSP', endpoint: 'south.example:7051', tlsRootCertificate: PEM };
  const west = { ...south, mspId: 'WestMSP', secondEndpoint: 'west.example:7059' };
  const write = (secondEndpoint: unknown) =>
    writeFileSync(
      path,
      JSON.stringify({
        channel: 'wards',
        organisations: [{ ...own, secondEndpoint }],
        peers: [south, west],
      }),
    );
  write(own.secondEndpoint);
  const endpoints = connectionsOf(readConnection(path, undefined)).map(({ mspId, connection }) => {
    const { endpoint, secondEndpoint } = connection.organisation;
    // Whoever asks another one's peer signs as itself.
    assert.equal(connection.organisation.mspId, 'NorthMSP');
    return [mspId, endpoint, secondEndpoint];
  });
  assert.deepEqual(endpoints, [
    ['NorthMSP', 'north.example:7051', 'north.example:7059'],
    ['SouthMSP', 'south.example:7051', undefined],
    ['WestMSP', 'south.example:7051', 'west.example:7059'],
  ]);
  for (const wrong of ['north.example', 7059, '']) {
    write(wrong);
    assert.throws(() => readConnection(path, undefined), InputError);
  }
});
