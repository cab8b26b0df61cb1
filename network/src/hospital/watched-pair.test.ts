// A link whose certificate is renewed while bytes flow.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { chooseFree, isFree } from '../ports.ts';
import { runSwarmLink } from './swarm-link.ts';
import { answerOf } from './testing/answer-of.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';
import { WatchedPair } from './watched-pair.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-pairs-'));
const files = { certificateFile: join(root, 'server.crt'), keyFile: join(root, 'server.key') };
const ended = new AbortController();
let clinics: Clinic[] = [];
before(async () => {
  clinics = await initialisedClinics(root, 2);
});
after(() => {
  ended.abort();
  rmSync(root, { recursive: true });
});

const pem = ({ layout }: Clinic, name: string) => readFileSync(join(layout.tls.link, name), 'utf8');
function put({ layout }: Clinic, names = ['server.crt', 'server.key']): void {
  for (const name of names) copyFileSync(join(layout.tls.link, name), join(root, name));
}

test('new connections see the renewed certificate, and those that are open go on', async () => {
  const [one, two] = clinics as [Clinic, Clinic];
  put(one);
  const lines: string[] = [];
  const watched = new WatchedPair(files, (line) => lines.push(line));
  const target = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  after(() => target.close());
  const swarmPort = await chooseFree();
  await new Promise<void>((resolve) => target.listen(swarmPort, '127.0.0.1', resolve));
  const port = await chooseFree();
  const neighbour = {
    mspId: 'Clinic2MSP',
    host: two.hospital.own.host,
    port: 1,
    localPort: await chooseFree(),
  };
  void runSwarmLink(
    {
      ...{ listen: { host: '127.0.0.1', port }, swarmPort, ...watched.pair, renewals: watched },
      ...{ neighbours: [{ ...neighbour, root: pem(two, 'ca.crt') }], report: () => {} },
    },
    ended.signal,
  );
  while (await isFree(port)) await sleep(5);
  const dial = (authority: Clinic) =>
    connectTls({
      ...{ host: '127.0.0.1', port, servername: authority.hospital.own.host, ca: [pem(authority, 'ca.crt')] },
      ...{ cert: pem(two, 'server.crt'), key: pem(two, 'server.key') },
    });
  const open = dial(one);
  assert.equal(await answerOf(open), 'hello');
  put(two);
  watched.look();
  watched.look();
  assert.equal(await answerOf(open), 'hello');
  assert.equal(await answerOf(dial(one)), undefined);
  const renewed = dial(two);
  assert.equal(await answerOf(renewed), 'hello');
  for (const socket of [open, renewed]) socket.destroy();
  assert.equal(lines.length, 1);
});

test('a pair that does not fit, or a file that is gone, leaves what was good, and is said once', () => {
  const [one, two] = clinics as [Clinic, Clinic];
  put(one);
  const lines: string[] = [];
  const watched = new WatchedPair(files, (line) => lines.push(line));
  const before = watched.pair;
  put(two, ['server.key']);
  watched.look();
  watched.look();
  rmSync(files.certificateFile);
  watched.look();
  writeFileSync(files.certificateFile, 'SECRET');
  watched.look();
  assert.equal(watched.pair, before);
  assert.equal(lines.length, 3);
  assert.match(lines[0]!, /server\.key is not the key of .*server\.crt/);
  assert.doesNotMatch(lines.join(), /SECRET/);
  put(two, ['server.crt']);
  watched.look();
  assert.equal(watched.pair.key, pem(two, 'server.key'));
});
