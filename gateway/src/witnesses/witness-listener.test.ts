import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { parseStatement, STATEMENT_BYTES_MAX } from '@consilium/verify';
import {
  type Organisation,
  organisation,
  SyntheticChannel,
} from '@consilium/verify/testing/synthetic-channel';
import { Authority } from '@consilium/verify/testing/test-authority';
import type { Connection } from '../fabric/connection-file.ts';
import { TlsListener } from '../http/tls-listener.ts';
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

  /** Served from files, which a test can replace. */
  const served = (pair: TlsPair, name = 'own', onChange?: (problem: string | undefined) => void) => {
    const files = { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
    const put = ({ certificate, key }: TlsPair) => {
      writeFileSync(files.key, key);
      writeFileSync(files.certificate, certificate);
    };
    put(pair);
    return { put, tls: new TlsListener({ ...files, clientAuthorities: undefined }, onChange) };
  };
  const shown = ({ certificate, key }: TlsPair) => ({ options: () => ({ cert: certificate, key }) });
  let organisations: Organisation[];
  let hospital: WitnessingHospital;
  let listener: WitnessListener;
  let servers: Record<'AMSP' | 'BMSP' | 'CMSP', TlsPair>;
  let roots: Record<'AMSP' | 'BMSP' | 'CMSP', Authority>;

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
    roots = {
      AMSP: await Authority.create('AMSP'),
      BMSP: await Authority.create('BMSP'),
      CMSP: await Authority.create('CMSP'),
    };
    servers = {
      AMSP: await roots.AMSP.issueTls(),
      BMSP: await roots.BMSP.issueTls(),
      CMSP: await roots.CMSP.issueTls(),
    };
    const operator = await organisations[0]!.authority.issue('client', { role: 'operator' });
    hospital = new WitnessingHospital(directory, { operator });
    await hospital.sees(channel);
    listener = await listenForWitnesses({
      listen: { host: 'localhost', port: 0 },
      tls: served(servers.AMSP).tls,
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
    neighbourAt({ mspId: 'AMSP', host: 'localhost', port, tlsRootCertificate: root.pem }, shown(pair));

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
      shown(servers.BMSP),
    );
    await assert.rejects(misnamed.ask(undefined, signal));
  });

  it('a hospital that asks all the time is answered no more for a while', async () => {
    let nowMs = 1_000;
    const busy = await listenForWitnesses({
      ...{ listen: { host: 'localhost', port: 0 }, own: hospital.own, log: () => {} },
      tls: served(servers.AMSP).tls,
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
      ...{ listen: { host: 'localhost', port: 0 }, own, log: () => {} },
      tls: served(servers.AMSP).tls,
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

  /** A listener that strangers of the addresses 127.0.0.0/8 can come to. */
  const attacked = (more: { readonly requestMs?: number } = {}) =>
    listenForWitnesses({
      ...{ listen: { host: '127.0.0.1', port: 0 }, own: hospital.own, log: () => {} },
      tls: served(servers.AMSP).tls,
      neighbours: ['BMSP', 'CMSP'].map((mspId) => ({
        mspId,
        tlsRootCertificate: (mspId === 'BMSP' ? roots.BMSP : roots.CMSP).pem,
      })),
      ...more,
    });
  const opened = async (port: number, localAddress: string): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    return socket;
  };
  const proven = async (port: number, pair: TlsPair): Promise<TLSSocket> => {
    const socket = connectTls({
      ...{ host: '127.0.0.1', servername: 'localhost', port, ca: roots.AMSP.pem },
      ...{ cert: pair.certificate, key: pair.key },
    });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
    return socket;
  };
  const ended = (socket: Socket) =>
    socket.closed ? undefined : new Promise((resolve) => socket.resume().once('close', resolve));

  it('strangers who keep connections open, from many addresses, do not keep a hospital out', async () => {
    const target = await attacked();
    const strangers: Socket[] = [];
    try {
      const waiting = await proven(target.port, servers.BMSP);
      for (let i = 0; i < 200; i++) {
        strangers.push(await opened(target.port, `127.0.1.${1 + Math.floor(i / 10)}`));
      }
      assert.ok(await asking(servers.CMSP, roots.AMSP, target.port).ask(undefined, signal));
      // Nor is a hospital pushed out that has not asked yet.
      assert.equal(waiting.destroyed, false);
      waiting.write('GET /witness-statement HTTP/1.1\r\nhost: localhost\r\n\r\n');
      const [answer] = await new Promise<Buffer[]>((resolve) => waiting.once('data', (...d) => resolve(d)));
      assert.match(String(answer), /^HTTP\/1.1 200 /);
    } finally {
      for (const socket of strangers) socket.destroy();
      await target.close();
    }
  });

  it('one address has few places, and a new connection of it takes that of its oldest', async () => {
    const target = await attacked();
    const first = await opened(target.port, '127.0.2.1');
    const others: Socket[] = [];
    try {
      const other = await opened(target.port, '127.0.2.2');
      for (let i = 0; i < 16; i++) others.push(await opened(target.port, '127.0.2.1'));
      await ended(first);
      assert.equal(other.destroyed, false);
      others.push(other);
    } finally {
      for (const socket of others) socket.destroy();
      await target.close();
    }
  });

  it('a hospital has few connections, and takes none of another', async () => {
    const target = await attacked();
    const open: TLSSocket[] = [];
    try {
      for (let i = 0; i < 8; i++) open.push(await proven(target.port, servers.BMSP));
      await ended(await proven(target.port, servers.BMSP));
      assert.deepEqual(
        open.filter(({ destroyed }) => destroyed),
        [],
      );
      assert.ok(await asking(servers.CMSP, roots.AMSP, target.port).ask(undefined, signal));
      open.pop()!.destroy();
      await assert.rejects(asking(servers.BMSP, roots.AMSP, target.port).ask(7, signal), /404|hang up|ended/);
    } finally {
      for (const socket of open) socket.destroy();
      await target.close();
    }
  });

  it('a hospital that proves itself and asks nothing loses its place', async () => {
    const target = await attacked({ requestMs: 50 });
    try {
      await ended(await proven(target.port, servers.BMSP));
      const slow = await proven(target.port, servers.BMSP);
      slow.write('GET /witness-statement HTTP/1.1\r\nhost: ');
      await ended(slow);
    } finally {
      await target.close();
    }
  });

  it('serves and shows a renewed certificate without a restart, and goes on with the one before where files do not fit', async () => {
    const problems: (string | undefined)[] = [];
    const own = served(servers.AMSP, 'renewed', (problem) => problems.push(problem));
    const neighbour = { mspId: 'BMSP', tlsRootCertificate: roots.BMSP.pem };
    const listening = await listenForWitnesses({
      ...{ listen: { host: 'localhost', port: 0 }, own: hospital.own, log: () => {}, tls: own.tls },
      neighbours: [neighbour],
    });
    const serial = async () => {
      const socket = await proven(listening.port, servers.BMSP);
      const found = socket.getPeerX509Certificate()?.serialNumber;
      socket.destroy();
      return found;
    };
    const until = async (isDone: () => Promise<boolean> | boolean) => {
      while (!(await isDone())) await sleep(20);
    };
    try {
      const before = await serial();
      own.put({ ...(await roots.AMSP.issueTls()), key: servers.BMSP.key });
      await until(() => problems.length > 0);
      assert.match(problems[0] ?? '', /it is not the key of/);
      assert.equal(await serial(), before);
      own.put(await roots.AMSP.issueTls());
      await until(async () => (await serial()) !== before);
      // Only hospitals are served with the new one too.
      const stranger = await Authority.create('BMSP');
      await assert.rejects(asking(await stranger.issueTls(), roots.AMSP, listening.port).ask(1, signal));
      assert.ok(await asking(servers.BMSP, roots.AMSP, listening.port).ask(1, signal));
      // A question to a neighbour shows the new one.
      const seen: (string | undefined)[] = [];
      const theirs = createServer(
        { cert: servers.BMSP.certificate, key: servers.BMSP.key, ca: roots.AMSP.pem, requestCert: true },
        ({ socket }, response) => {
          seen.push((socket as TLSSocket).getPeerX509Certificate()?.serialNumber);
          response.end();
        },
      );
      await new Promise<void>((resolve) => theirs.listen(0, 'localhost', () => resolve()));
      const { port } = theirs.address() as AddressInfo;
      const address = { ...neighbour, host: 'localhost', port };
      await neighbourAt(address, own.tls).ask(undefined, signal);
      assert.deepEqual(seen, [await serial()]);
      theirs.closeAllConnections();
      await new Promise((resolve) => theirs.close(resolve));
    } finally {
      await listening.close();
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
    const { neighbours, tls } = read(good);
    assert.deepEqual(tls, {
      certificate: join(folder, 'tls.crt'),
      key: join(folder, 'tls.key'),
      clientAuthorities: undefined,
    });
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
