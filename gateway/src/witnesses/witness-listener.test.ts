import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { parseStatement, STATEMENT_BYTES_MAX } from '@consilium/verify';
import {
  type Organisation,
  organisation,
  SyntheticChannel,
} from '@consilium/verify/testing/synthetic-channel';
import { Authority } from '@consilium/verify/testing/test-authority';
import type { Connection } from '../fabric/connection-file.ts';
import { WitnessingHospital } from '../testing/witnessing-hospital.ts';
import { neighbourAt } from './ask-neighbour.ts';
import { readWitnessFile } from './witness-file.ts';
import { listenForWitnesses, type WitnessListener } from './witness-listener.ts';

interface TlsPair {
  readonly certificate: string;
  readonly key: string;
}

describe('where a gateway gives its statements', () => {
  const { signal } = new AbortController();
  const directory = mkdtempSync(join(tmpdir(), 'listen-'));
  let organisations: Organisation[];
  let hospital: WitnessingHospital;
  let listener: WitnessListener;
  let servers: Record<'AMSP' | 'BMSP', TlsPair>;
  let roots: Record<'AMSP' | 'BMSP', Authority>;

  before(async () => {
    organisations = await Promise.all(
      ['AMSP', 'BMSP'].map(async (mspId) => organisation(await Authority.create(mspId))),
    );
    const ordererAuthority = await Authority.create('OrdererMSP');
    const orderers = [await ordererAuthority.issue('orderer')];
    const channel = new SyntheticChannel(organisations, {
      orderers,
      ordererAuthority,
      consensus: 'etcdraft',
    });
    roots = { AMSP: await Authority.create('AMSP'), BMSP: await Authority.create('BMSP') };
    servers = { AMSP: await roots.AMSP.issueTls(), BMSP: await roots.BMSP.issueTls() };
    const operator = await organisations[0]!.authority.issue('client', { role: 'operator' });
    hospital = new WitnessingHospital(directory, { operator });
    await hospital.sees(channel);
    listener = await listenForWitnesses({
      listen: { host: 'localhost', port: 0 },
      ...servers.AMSP,
      neighbours: [{ mspId: 'BMSP', tlsRootCertificate: roots.BMSP.pem }],
      own: hospital.own,
      log: () => {},
    });
  });
  after(async () => {
    await listener?.close();
    await hospital?.end();
    rmSync(directory, { recursive: true });
  });

  const asking = (pair: TlsPair, root: Authority = roots.AMSP, port = listener.port) =>
    neighbourAt({ mspId: 'AMSP', host: 'localhost', port, tlsRootCertificate: root.pem }, pair);

  it('a hospital gets the newest one, or that on a block', async () => {
    const newest = parseStatement(await asking(servers.BMSP).ask(undefined, signal));
    assert.equal(newest.mspId, 'AMSP');
    assert.equal(newest.header.number, 1);
    assert.equal(parseStatement(await asking(servers.BMSP).ask(1, signal)).header.number, 1);
    await assert.rejects(asking(servers.BMSP).ask(7, signal), /it answers 404/);
    await assert.rejects(asking(servers.BMSP).ask(0, signal), /it answers 404/);
  });

  it('nobody gets one who is of no hospital of the configuration, nor does a stranger answer for one', async () => {
    const stranger = await Authority.create('BMSP');
    await assert.rejects(asking(await stranger.issueTls()).ask(undefined, signal));
    await assert.rejects(asking({ certificate: '', key: '' }).ask(undefined, signal));
    await assert.rejects(asking(servers.BMSP, stranger).ask(undefined, signal), /self-signed|unable to/);
    const misnamed = neighbourAt(
      { mspId: 'AMSP', host: '127.0.0.1', port: listener.port, tlsRootCertificate: roots.AMSP.pem },
      servers.BMSP,
    );
    await assert.rejects(misnamed.ask(undefined, signal));
  });

  it('a hospital that asks all the time is answered no more for a while', async () => {
    let nowMs = 1_000;
    const busy = await listenForWitnesses({
      ...{ listen: { host: 'localhost', port: 0 }, ...servers.AMSP, own: hospital.own, log: () => {} },
      neighbours: [{ mspId: 'BMSP', tlsRootCertificate: roots.BMSP.pem }],
      ...{ requestsPerMinute: 2, now: () => nowMs },
    });
    try {
      const ask = () => asking(servers.BMSP, roots.AMSP, busy.port).ask(undefined, signal);
      await ask();
      await ask();
      await assert.rejects(ask(), /it answers 429/);
      nowMs += 60_000;
      await ask();
    } finally {
      await busy.close();
    }
  });

  it('a hospital that asks for many at once has one made at a time', async () => {
    let [running, most] = [0, 0];
    const own = {
      on: async (block?: number) => {
        running += 1;
        most = Math.max(most, running);
        await sleep(50);
        running -= 1;
        return hospital.own.on(block);
      },
    };
    const busy = await listenForWitnesses({
      ...{ listen: { host: 'localhost', port: 0 }, ...servers.AMSP, own, log: () => {} },
      neighbours: [{ mspId: 'BMSP', tlsRootCertificate: roots.BMSP.pem }],
    });
    try {
      const ask = (block: number) => asking(servers.BMSP, roots.AMSP, busy.port).ask(block, signal);
      const answers = await Promise.allSettled([1, 7, 1, 1, 1].map(ask));
      assert.deepEqual(
        answers.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
      );
      assert.equal(most, 1);
    } finally {
      await busy.close();
    }
  });

  it('a neighbour cannot send too much, or send us elsewhere', async () => {
    const answers = { status: 302, body: Buffer.alloc(0) };
    const server = createServer({ cert: servers.AMSP.certificate, key: servers.AMSP.key }, (_, response) => {
      response.writeHead(answers.status, { location: 'https://localhost:1/' }).end(answers.body);
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', () => resolve()));
    const { port } = server.address() as AddressInfo;
    try {
      const ask = () => asking(servers.BMSP, roots.AMSP, port).ask(undefined, signal);
      await assert.rejects(ask(), /it answers 302/);
      Object.assign(answers, { status: 200, body: Buffer.alloc(STATEMENT_BYTES_MAX + 1) });
      await assert.rejects(ask(), /its answer is too long/);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('a neighbour that changes the protocol, sends nonsense or breaks off is one that does not answer', async () => {
    const answers = {
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n{}':
        /it ended the connection/,
      'no HTTP\r\n\r\n': /Parse Error/,
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n': /Parse Error/,
      'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{': /aborted/,
    };
    const sockets: TLSSocket[] = [];
    for (const [answer, reason] of Object.entries(answers)) {
      const server = createTlsServer({ cert: servers.AMSP.certificate, key: servers.AMSP.key }, (socket) => {
        socket.on('error', () => {}).once('data', () => socket.end(answer));
        sockets.push(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, 'localhost', () => resolve()));
      const { port } = server.address() as AddressInfo;
      await assert.rejects(asking(servers.BMSP, roots.AMSP, port).ask(undefined, signal), reason);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('reads its addresses from a file, which is refused with the reason', () => {
    const folder = join(directory, 'settings');
    mkdirSync(folder);
    writeFileSync(join(folder, 'tls.crt'), servers.AMSP.certificate);
    writeFileSync(join(folder, 'tls.key'), servers.AMSP.key);
    writeFileSync(join(folder, 'other.key'), servers.BMSP.key);
    writeFileSync(join(folder, 'root.crt'), roots.BMSP.pem);
    const file = join(folder, 'witnesses.json');
    const connection = {
      channel: 'consortium',
      organisation: { mspId: 'AMSP' },
      peers: [{ mspId: 'CMSP', endpoint: 'localhost:1', tlsRootCertificate: 'of its peer' }],
    } as unknown as Connection;
    const neighbour = { mspId: 'BMSP', address: 'localhost:9443', tlsRootCertificate: 'root.crt' };
    const good = {
      ...{ listen: { host: '0.0.0.0', port: 9443 }, certificate: 'tls.crt', key: 'tls.key' },
      neighbours: [neighbour, { mspId: 'CMSP', address: 'localhost:9444' }],
    };
    const read = (settings: object | string) => {
      writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify(settings));
      return readWitnessFile(file, connection);
    };
    const { neighbours, certificate } = read(good);
    assert.equal(certificate, servers.AMSP.certificate);
    assert.deepEqual(
      neighbours.map(({ mspId, host, port, tlsRootCertificate }) => [mspId, host, port, tlsRootCertificate]),
      [
        ['BMSP', 'localhost', 9443, roots.BMSP.pem],
        ['CMSP', 'localhost', 9444, 'of its peer'],
      ],
    );
    const refused: readonly (readonly [object | string, RegExp])[] = [
      ['{', /is not JSON/],
      [{ ...good, key: 'other.key' }, /certificate and key are no pair/],
      [{ ...good, key: 'none.key' }, /none\.key/],
      [{ ...good, neighbours: [] }, /neighbours/],
      [{ ...good, neighbours: [neighbour, neighbour] }, /BMSP is there twice/],
      [{ ...good, neighbours: [{ ...neighbour, mspId: 'AMSP' }] }, /AMSP is this hospital/],
      [
        { ...good, neighbours: [{ mspId: 'DMSP', address: 'localhost:1' }] },
        /DMSP has no tlsRootCertificate/,
      ],
      [{ ...good, neighbours: [{ ...neighbour, address: 'http://localhost:1/' }] }, /address/],
      [{ ...good, redirect: true }, /redirect/],
    ];
    for (const [settings, reason] of refused) assert.throws(() => read(settings), reason);
    assert.throws(() => readWitnessFile(join(folder, 'none.json'), connection), /none\.json/);
  });
});
