import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import tls, { connect, type Server, type TLSSocket } from 'node:tls';
import type { Limits } from '../config.ts';
import { openGateway } from '../testing/gateway-fixture.ts';
import { TestAuthority, type TestCertificate } from '../testing/test-certificates.ts';
import { type TlsFiles, TlsListener } from './tls-listener.ts';

let authority: TestAuthority;
let clients: TestAuthority;
let own: TestCertificate;
let client: TestCertificate;
before(async () => {
  authority = await TestAuthority.create('hospital');
  clients = await TestAuthority.create('clients');
  own = await authority.issue('gateway');
  client = await clients.issue('client');
});

function newFiles(t: TestContext, asksClients = false) {
  const directory = mkdtempSync(join(tmpdir(), 'tls-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const files: TlsFiles = {
    certificate: join(directory, 'own.pem'),
    key: join(directory, 'own.key'),
    clientAuthorities: asksClients ? join(directory, 'clients.pem') : undefined,
  };
  const put = ({ cert, key }: TestCertificate) => {
    writeFileSync(files.certificate, cert);
    writeFileSync(files.key, key);
  };
  put(own);
  if (files.clientAuthorities !== undefined) writeFileSync(files.clientAuthorities, clients.pem);
  const said: (string | undefined)[] = [];
  return { files, put, said, listener: new TlsListener(files, (problem) => said.push(problem)) };
}

async function serve(t: TestContext, tls: TlsListener, limits: Partial<Limits> = {}) {
  const gateway = await openGateway({ tls, limits });
  t.after(() => gateway.close());
  await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = gateway.app.server.address() as AddressInfo;
  const server = gateway.app.server as unknown as Server;
  const headers = { authorization: `Bearer ${gateway.keys.auditor}` };
  /** The status of an answer, and the certificate that it came with. */
  const ask = async (options: Partial<TestCertificate> & { url?: string } = {}) => {
    const { url = '/v1/members', ...pair } = options;
    const asked = request({
      ...pair,
      host: '127.0.0.1',
      port,
      path: url,
      headers,
      ca: authority.pem,
      agent: false,
    });
    asked.end();
    const [answer] = await once(asked, 'response');
    const { fingerprint256 } = (answer.socket as TLSSocket).getPeerCertificate();
    const chunks = await answer.toArray();
    return { status: answer.statusCode as number, fingerprint256, body: Buffer.concat(chunks).toString() };
  };
  return { gateway, server, port, ask };
}

test('the service is served over TLS, and nobody without it', async (t) => {
  const { listener } = newFiles(t);
  const { ask, port } = await serve(t, listener);
  assert.equal((await ask()).status, 200);
  assert.equal((await ask({ url: '/readyz' })).status, 200);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
  const old = connect({
    port,
    host: '127.0.0.1',
    ca: authority.pem,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
  });
  await assert.rejects(once(old, 'secureConnect'));
});

test('a certificate that is replaced serves new connections, and one that does not fit leaves the one before', async (t) => {
  const { listener, put, said, files } = newFiles(t);
  const { ask, server } = await serve(t, listener);
  const first = (await ask()).fingerprint256;
  const next = await authority.issue('gateway');
  // As where one of two files is written first.
  writeFileSync(files.certificate, next.cert);
  for (let look = 0; look < 3; look++) listener.look(server);
  assert.equal(said.length, 1, 'each state is said once');
  assert.match(said[0] ?? '', /own\.key: it is not the key of/);
  assert.ok(!said[0]!.includes('PRIVATE KEY'));
  assert.equal((await ask()).fingerprint256, first);
  const ready = await ask({ url: '/readyz' });
  assert.equal(ready.status, 503);
  assert.match(ready.body, /"tls".*do not fit/);
  assert.match((await ask({ url: '/metrics' })).body, /^consilium_tls_broken 1$/m);
  put(next);
  listener.look(server);
  assert.equal(said.at(-1), undefined);
  assert.notEqual((await ask()).fingerprint256, first);
  assert.equal((await ask({ url: '/readyz' })).status, 200);
  for (const broken of ['', 'text', next.key]) {
    writeFileSync(files.certificate, broken);
    listener.look(server);
    assert.match(said.at(-1) ?? '', /own\.pem: it has no certificate/);
    assert.equal((await ask()).status, 200);
  }
  rmSync(files.certificate);
  listener.look(server);
  assert.match(said.at(-1) ?? '', /own\.pem: ENOENT/);
});

test('TLS files that stay as they are, good or not, are not checked again', async (t) => {
  const { listener, put, said, files } = newFiles(t);
  const server = { setSecureContext: () => {} };
  const made = t.mock.method(tls, 'createSecureContext');
  syncBuiltinESMExports();
  t.after(() => {
    made.mock.restore();
    syncBuiltinESMExports();
  });
  const look = () => {
    for (let at = 0; at < 3; at += 1) listener.look(server);
    return made.mock.callCount();
  };
  assert.equal(look(), 0);
  put(await authority.issue('gateway'));
  assert.equal(look(), 1);
  rmSync(files.certificate);
  assert.equal(look(), 1);
  assert.match(said.at(-1) ?? '', /own\.pem: ENOENT/);
  put(await authority.issue('gateway'));
  assert.equal(look(), 2);
  assert.equal(said.at(-1), undefined);
});

test('a certificate that has ended is seen, also where its file has not changed', async (t) => {
  const { listener, put, files } = newFiles(t);
  assert.equal(listener.problem(), undefined);
  assert.match(listener.problem(Date.parse('2099-01-01T00:00:00Z')) ?? '', /ended at 2099-01-01/);
  put(await authority.issue('gateway', new Date('2021-01-01T00:00:00Z')));
  assert.match(new TlsListener(files).problem() ?? '', /ended at 2021-01-01/);
});

test('where clients need a certificate, one of another authority or none at all is not served', async (t) => {
  const { listener } = newFiles(t, true);
  const { ask } = await serve(t, listener);
  assert.equal((await ask(client)).status, 200);
  await assert.rejects(ask());
  await assert.rejects(ask(await authority.issue('client')));
  await assert.rejects(ask(await (await TestAuthority.create('clients')).issue('client')));
});

test('an authority that is taken out of the file is trusted no more, and a key is needed beside a certificate', async (t) => {
  const { listener, files } = newFiles(t, true);
  const { ask, server, port } = await serve(t, listener);
  const unknown = request({
    ...client,
    host: '127.0.0.1',
    port,
    path: '/v1/members',
    ca: authority.pem,
    agent: false,
  });
  unknown.end();
  const [answer] = await once(unknown, 'response');
  assert.equal(answer.statusCode, 401);
  answer.resume();
  const others = await TestAuthority.create('others');
  writeFileSync(files.clientAuthorities!, others.pem);
  listener.look(server);
  await assert.rejects(ask(client));
  assert.equal((await ask(await others.issue('client'))).status, 200);
});

test('connections are limited and freed as without TLS', async (t) => {
  const { listener } = newFiles(t);
  const { ask, gateway, port } = await serve(t, listener, { connectionsPerAddress: 3 });
  for (let asked = 0; asked < 8; asked++) assert.equal((await ask()).status, 200);
  const silent = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const socket = connect({ port, host: '127.0.0.1', ca: authority.pem });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    }),
  );
  const [first] = silent as [TLSSocket, TLSSocket, TLSSocket];
  const ended = once(first, 'close');
  first.resume();
  assert.equal((await ask()).status, 200, 'the oldest silent one gives its place');
  await ended;
  for (const socket of silent) socket.destroy();
  assert.ok(gateway.keys.auditor.length > 0);
});

test('files that do not fit at the start are refused by name', async (t) => {
  const { files } = newFiles(t);
  assert.throws(() => new TlsListener({ ...files, key: files.certificate }), /own\.pem: /);
  assert.throws(() => new TlsListener({ ...files, certificate: '/nowhere' }), /\/nowhere: ENOENT/);
  assert.throws(
    () => new TlsListener({ ...files, clientAuthorities: files.key }),
    /own\.key: it has no certificate/,
  );
});
