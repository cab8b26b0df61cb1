// Certificates that are renewed while a gateway serves.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TestAuthority, type TestCertificate } from '../testing/test-certificates.ts';
import { type Connection, readConnection } from './connection-file.ts';
import { WatchedConnection } from './watched-connection.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-watched-connection-'));
after(() => rmSync(root, { recursive: true }));
const authority = await TestAuthority.create('authority');
const path = join(root, 'connection.json');

function write(client: string, { cert, key }: Partial<TestCertificate>): void {
  if (cert !== undefined) writeFileSync(join(root, `${client}.crt`), cert);
  if (key !== undefined) writeFileSync(join(root, `${client}.key`), key);
}

function writeConnection(clients: readonly string[], endpoint = 'north.example:7051'): void {
  const files = clients.map((name) => [
    name,
    { certificateFile: `${name}.crt`, privateKeyFile: `${name}.key` },
  ]);
  const organisation = {
    ...{ mspId: 'NorthMSP', name: 'north', endpoint, tlsRootCertificate: authority.pem },
    clients: Object.fromEntries(files),
  };
  writeFileSync(path, JSON.stringify({ channel: 'wards', organisations: [organisation] }));
}

async function watched() {
  const first = await authority.issue('auditor');
  write('auditor', first);
  writeConnection(['auditor']);
  const taken: Connection['organisation']['clients'][] = [];
  const problems: string[] = [];
  const connection = new WatchedConnection({
    path,
    connection: readConnection(path, undefined),
    onClients: (clients) => taken.push(clients),
    onProblem: (problem) => problems.push(problem),
  });
  return { connection, first, taken, problems };
}

test('a renewed pair counts once, and files that stay as they are change nothing', async () => {
  const { connection, taken, problems } = await watched();
  connection.look();
  assert.equal(taken.length, 0);
  const renewed = await authority.issue('auditor');
  write('auditor', renewed);
  connection.look();
  connection.look();
  assert.deepEqual([taken.length, problems], [1, []]);
  const expected = { certificate: renewed.cert, privateKey: renewed.key };
  assert.deepEqual(connection.connection.organisation.clients.auditor, expected);
});

test('files that stay as they are, good or not, are not checked again, and one that comes back is', async (t) => {
  const { connection, first, problems } = await watched();
  const parse = t.mock.method(JSON, 'parse');
  const checks = (change: () => void = () => {}): number => {
    change();
    const before = parse.mock.callCount();
    for (let at = 0; at < 3; at += 1) connection.look();
    return parse.mock.callCount() - before;
  };
  assert.equal(checks(), 1);
  assert.equal(checks(), 0);
  assert.equal(
    checks(() => rmSync(join(root, 'auditor.key'))),
    1,
  );
  assert.match(connection.problem ?? '', /auditor\.key/);
  assert.equal(
    checks(() => write('auditor', { key: first.key })),
    1,
  );
  assert.equal(connection.problem, undefined);
  assert.equal(problems.length, 1);
});

test('between the new key and the new certificate the old pair goes on, and nothing of a key is said', async () => {
  const { connection, first, taken, problems } = await watched();
  const renewed = await authority.issue('auditor');
  write('auditor', { key: renewed.key });
  connection.look();
  connection.look();
  assert.equal(taken.length, 0);
  assert.deepEqual(problems, ['the key of the client auditor is not that of its certificate']);
  assert.equal(connection.connection.organisation.clients.auditor!.privateKey, first.key);
  write('auditor', { cert: renewed.cert });
  connection.look();
  assert.equal(connection.problem, undefined);
  assert.equal(taken[0]!.auditor!.privateKey, renewed.key);
  write('auditor', { key: renewed.key.replace(/[A-Za-z0-9+/]{20}/, 'SECRETSECRETSECRET==') });
  connection.look();
  assert.doesNotMatch(problems.join(), /SECRET/);
  assert.equal(taken.length, 1);
});

test('clients come and go with the file, and another peer waits for a restart', async () => {
  const { connection, taken, problems } = await watched();
  write('anna', await authority.issue('anna'));
  writeConnection(['auditor', 'anna']);
  connection.look();
  assert.deepEqual(Object.keys(taken[0]!), ['auditor', 'anna']);
  writeConnection(['auditor'], 'south.example:7051');
  connection.look();
  assert.deepEqual(Object.keys(taken[1]!), ['auditor']);
  assert.match(problems.join(), /start the gateway again/);
  assert.equal(connection.connection.organisation.endpoint, 'north.example:7051');
});

test('a file that is gone or half written leaves what was good', async () => {
  const { connection, taken, problems } = await watched();
  writeFileSync(path, '{"channel": "wa');
  connection.look();
  rmSync(path);
  connection.look();
  assert.equal(problems.length, 2);
  assert.equal(taken.length, 0);
  assert.ok(connection.connection.organisation.clients.auditor !== undefined);
});
