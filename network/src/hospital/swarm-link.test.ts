import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { chooseFree, isFree } from '../ports.ts';
import { type LinkOptions, runSwarmLink } from './swarm-link.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-links-'));
const ended = new AbortController();
let clinics: Clinic[] = [];
before(async () => {
  clinics = await initialisedClinics(root, 3);
});
after(() => {
  ended.abort();
  rmSync(root, { recursive: true });
});

const pem = ({ layout }: Clinic, name: string) => readFileSync(join(layout.tls.link, name), 'utf8');

/** A server that sends back what it gets, in place of an IPFS node. */
async function echo(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  const port = await chooseFree();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  after(() => server.close());
  return { server, port };
}

/** Resolves with the first bytes that come back, or undefined where the connection is cut. */
const answerOf = (socket: Socket, said = 'hello'): Promise<string | undefined> =>
  new Promise((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString()));
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
    socket.write(said);
  });

/** The link of clinic 1, whose only neighbour is clinic 2, and what it reported. */
async function linkOfOne(overrides: Partial<LinkOptions> = {}) {
  const [one, two] = clinics as [Clinic, Clinic];
  const target = await echo();
  const port = await chooseFree();
  const lines: string[] = [];
  const neighbour = {
    ...{ mspId: 'Clinic2MSP', host: two.hospital.own.host, port: 1, localPort: await chooseFree() },
    root: pem(two, 'ca.crt'),
  };
  const options: LinkOptions = {
    listen: { host: '127.0.0.1', port },
    swarmPort: target.port,
    certificate: pem(one, 'server.crt'),
    key: pem(one, 'server.key'),
    neighbours: [neighbour],
    report: (line) => lines.push(line),
    ...overrides,
  };
  void runSwarmLink(options, ended.signal);
  while (await isFree(port)) await sleep(5);
  return { port, lines, options };
}

const dial = (port: number, clinic: Clinic | undefined) =>
  connectTls({
    ...{
      host: '127.0.0.1',
      port,
      servername: clinics[0]!.hospital.own.host,
      ca: [pem(clinics[0]!, 'ca.crt')],
    },
    ...(clinic && { cert: pem(clinic, 'server.crt'), key: pem(clinic, 'server.key') }),
  });

test('a neighbour that proves its host reaches the IPFS node', async () => {
  const { port } = await linkOfOne();
  const socket = dial(port, clinics[1]!);
  assert.equal(await answerOf(socket), 'hello');
  socket.destroy();
});

test('nobody else does: no certificate, one of another authority, one for another name, and plain bytes', async () => {
  const { port, lines } = await linkOfOne();
  assert.equal(await answerOf(dial(port, undefined)), undefined);
  assert.equal(await answerOf(dial(port, clinics[2]!)), undefined);
  const plain = connect({ host: '127.0.0.1', port });
  const said = await answerOf(plain, 'GET / HTTP/1.0\r\n\r\n');
  assert.ok(said === undefined || !said.includes('GET'), said);
  const [, two] = clinics as [Clinic, Clinic];
  const elsewhere = await linkOfOne({
    neighbours: [
      {
        ...{ mspId: 'Clinic2MSP', host: 'other.consilium.test', port: 1, localPort: await chooseFree() },
        root: pem(two, 'ca.crt'),
      },
    ],
  });
  assert.equal(await answerOf(dial(elsewhere.port, two)), undefined);
  assert.match(elsewhere.lines.join('\n'), /is no neighbour's host/);
  // A subject has several lines, and a neighbour chooses what is in them.
  for (const line of elsewhere.lines) assert.doesNotMatch(line, /\n/);
  assert.match(lines.join('\n'), /refused/);
});

test('the own node reaches a neighbour that proves its host, and no impostor', async () => {
  const [one, two] = clinics as [Clinic, Clinic];
  const remote = await linkOfOne();
  const localPort = await chooseFree();
  const towards = (root_: string, host: string) => ({
    mspId: 'Clinic1MSP',
    host,
    port: remote.port,
    localPort,
    root: root_,
  });
  // Certificates of tests are for localhost too, which has an address here.
  const own = { certificate: pem(two, 'server.crt'), key: pem(two, 'server.key') };
  const good = await linkOfOne({ ...own, neighbours: [towards(pem(one, 'ca.crt'), 'localhost')] });
  const socket = connect({ host: '127.0.0.1', port: localPort });
  assert.equal(await answerOf(socket), 'hello');
  socket.destroy();
  const impostor = await chooseFree();
  const wrongRoot = { ...towards(pem(clinics[2]!, 'ca.crt'), 'localhost'), localPort: impostor };
  const bad = await linkOfOne({ ...own, neighbours: [wrongRoot] });
  assert.equal(await answerOf(connect({ host: '127.0.0.1', port: impostor })), undefined);
  assert.match(bad.lines.join('\n'), /Clinic1MSP at localhost:\d+ is not reached/);
  assert.deepEqual(good.lines, []);
});

const strange = async (port: number, localAddress: string): Promise<Socket> => {
  const socket = connect({ host: '127.0.0.1', port, localAddress }).on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return socket;
};

test('strangers who keep connections open, from many addresses, neither keep a neighbour out nor cut it off', async () => {
  const { port } = await linkOfOne();
  const before = dial(port, clinics[1]!);
  assert.equal(await answerOf(before), 'hello');
  const strangers: Socket[] = [];
  for (let i = 0; i < 200; i++) strangers.push(await strange(port, `127.0.1.${1 + Math.floor(i / 10)}`));
  const after_ = dial(port, clinics[1]!);
  assert.equal(await answerOf(after_), 'hello');
  assert.equal(await answerOf(before, 'still'), 'still');
  for (const socket of [before, after_, ...strangers]) socket.destroy();
});

test('an address has few places while it proves nothing: its newest connections take those of its oldest', async () => {
  const { port } = await linkOfOne();
  const [first, other] = [await strange(port, '127.0.2.1'), await strange(port, '127.0.2.2')];
  const cut = new Promise((resolve) => first.resume().once('close', resolve));
  const others: Socket[] = [];
  for (let i = 0; i < 16; i++) others.push(await strange(port, '127.0.2.1'));
  await cut;
  assert.equal(other.destroyed, false);
  for (const socket of [other, ...others]) socket.destroy();
});
