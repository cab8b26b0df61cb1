// Gateways whose certificates their own hospital took back.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Authority } from '@consilium/verify/testing/test-authority';
import { TlsListener } from '../http/tls-listener.ts';
import { neighbourAt } from './ask-neighbour.ts';
import type { OwnStatements } from './own-statements.ts';
import { listenForWitnesses, type WitnessListener } from './witness-listener.ts';

const directory = mkdtempSync(join(tmpdir(), 'revoked-'));
const lists = join(directory, 'lists.pem');
const { signal } = new AbortController();
let authorities: { readonly own: Authority; readonly other: Authority };
let own: { certificate: string; key: string };
let listener: WitnessListener;

before(async () => {
  authorities = { own: await Authority.create('AMSP'), other: await Authority.create('BMSP') };
  own = await authorities.own.issueTls();
  const files = { certificate: join(directory, 'own.crt'), key: join(directory, 'own.key') };
  writeFileSync(files.certificate, own.certificate);
  writeFileSync(files.key, own.key);
  listener = await listenForWitnesses({
    listen: { host: 'localhost', port: 0 },
    tls: new TlsListener({ ...files, clientAuthorities: undefined }),
    neighbours: [{ mspId: 'BMSP', tlsRootCertificate: authorities.other.pem, revocationLists: lists }],
    // Whoever gets this far was let in.
    own: { on: () => Promise.reject(new Error('let in')) } as unknown as OwnStatements,
    log: () => {},
  });
});
after(async () => {
  await listener?.close();
  rmSync(directory, { recursive: true });
});

const serialOf = (pem: string) => ({ serialNumber: new X509Certificate(pem).serialNumber.toLowerCase() });

function ask({ certificate, key }: typeof own, revocationLists?: string): Promise<unknown> {
  const address = { mspId: 'AMSP', host: 'localhost', port: listener.port };
  return neighbourAt(
    {
      ...{ ...address, tlsRootCertificate: authorities.own.pem },
      ...(revocationLists !== undefined && { revocationLists }),
    },
    { options: () => ({ cert: certificate, key }) },
  ).ask(undefined, signal);
}

test('one that its authority named gets no statement from the next connection on, and others of it do', async () => {
  const [lost, kept] = [await authorities.other.issueTls(), await authorities.other.issueTls()];
  await assert.rejects(ask(lost), /it answers 503/);
  writeFileSync(lists, await authorities.own.revoke([serialOf(lost.certificate)]));
  await assert.rejects(ask(lost), /it answers 503/);
  writeFileSync(lists, await authorities.other.revoke([serialOf(lost.certificate)]));
  await assert.rejects(ask(lost), (error: Error) => !/it answers/.test(error.message));
  await assert.rejects(ask(kept), /it answers 503/);
  writeFileSync(lists, '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n');
  await assert.rejects(ask(kept), (error: Error) => !/it answers/.test(error.message));
});

test('one that answers with a certificate that was taken back is not believed', async () => {
  const asker = await authorities.other.issueTls();
  const file = join(directory, 'own-lists.pem');
  rmSync(lists, { force: true });
  writeFileSync(file, await authorities.own.revoke([]));
  await assert.rejects(ask(asker, file), /it answers 503/);
  writeFileSync(file, await authorities.own.revoke([serialOf(own.certificate)]));
  await assert.rejects(ask(asker, file), /its certificate was revoked/);
});
