import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { create, type KuboRPCClient } from 'ipfs-http-client';
import { type IpfsOptions, type RunningIpfs, startIpfs } from './index.ts';

const CHUNK = 262_144;

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

async function read(client: KuboRPCClient, cid: { toString(): string }): Promise<Buffer> {
  return Buffer.concat(await collect(client.cat(cid.toString())));
}

async function filesUnder(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('the IPFS stand-in', () => {
  let dir: string;
  let node: RunningIpfs;
  let client: KuboRPCClient;

  async function start(options: Partial<IpfsOptions> = {}): Promise<void> {
    node = await startIpfs({ dir, ...options });
    client = create({ url: node.url });
  }

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ipfs-'));
    await start();
  });

  afterEach(async () => {
    await node.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('gives the CIDs that Kubo 0.43.1 gives', async () => {
    const { cid: empty } = await client.add(new Uint8Array());
    const { cid: text } = await client.add('consilium\n');
    const { cid: textV1 } = await client.add('consilium\n', { cidVersion: 1 });
    const { cid: chunks } = await client.add(new Uint8Array(CHUNK + 1), { cidVersion: 1 });
    assert.deepEqual([empty, text, textV1, chunks].map(String), [
      'QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH',
      'QmSCq29biAT6hh9rRaSbLcKKqQjS2bnhCm6SqHVo7oJx1K',
      'bafkreieaamjb5isyqod7kwhkt6kokfjtcptfbgwjoferb6ubzddrlq54qy',
      'bafybeigllfqgfpqydppr6cmv56g7ax4wyhruzswvcefv6j5kj77nzttfki',
    ]);
  });

  it('returns exactly the asked range of what was added', async () => {
    const bytes = Buffer.alloc(1_000);
    for (const index of bytes.keys()) bytes[index] = index % 251;
    const { cid } = await client.add(bytes, { chunker: 'size-7' });
    await fc.assert(
      fc.asyncProperty(fc.nat(1_100), fc.nat(1_100), async (offset, length) => {
        const got = Buffer.concat(await collect(client.cat(cid, { offset, length })));
        assert.deepEqual(got, bytes.subarray(offset, offset + length));
      }),
      { numRuns: 40 },
    );
  });

  it('keeps what it acknowledged through kill -9, and takes over the dead owner’s lock', async () => {
    const home = join(dir, 'killed');
    const program = `
      import { startIpfs } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)};
      const { url } = await startIpfs({ dir: ${JSON.stringify(home)} });
      console.log(url);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = await once(child.stdout, 'data');
    const content = Buffer.alloc(3 * CHUNK, 'x');
    const { cid } = await create({ url: String(url).trim() }).add(content, { cidVersion: 1 });
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    await writeFile(join(home, 'tmp', 'half-written'), 'x');
    const again = await startIpfs({ dir: home });
    try {
      const reader = create({ url: again.url });
      assert.deepEqual(await read(reader, cid), content);
      const pins = await collect(reader.pin.ls({ type: 'recursive' }));
      assert.deepEqual(
        pins.map((pin) => pin.cid.toString()),
        [cid.toString()],
      );
      assert.deepEqual(await readdir(join(home, 'tmp')), []);
    } finally {
      await again.close();
    }
  });

  it('keeps its identity and its pins’ names over a restart', async () => {
    const { id } = await client.id();
    const { cid } = await client.add('named');
    await client.pin.add(cid, { name: 'round 3' });
    await node.close();
    await start();
    assert.equal((await client.id()).id.toString(), id.toString());
    const [pin] = await collect(client.pin.ls({ name: 'round' }));
    assert.equal(pin?.name, 'round 3');
  });

  it('refuses a repository that another node uses', async () => {
    await assert.rejects(startIpfs({ dir }), /repo\.lock: process \d+ uses this repository; stop it first/);
  });

  it('says that the disk is full, pins nothing, and goes on', async () => {
    await node.close();
    await start({ storageMaxBytes: 2 * CHUNK });
    const { cid } = await client.add('small');
    const big = Buffer.concat([1, 2, 3].map((fill) => Buffer.alloc(CHUNK, fill)));
    await assert.rejects(client.add(big), /no space left on device/);
    assert.equal((await collect(client.pin.ls())).length, 1);
    assert.equal((await read(client, cid)).toString(), 'small');
    await collect(client.repo.gc());
    await client.add(Buffer.alloc(CHUNK / 2, 1));
  });

  it('passes on what a full file system says', async (t: TestContext) => {
    const small = join(dir, 'small-disk');
    await mkdir(small);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', small], { stdio: 'ignore' });
    } catch {
      t.skip('not run: mounting a small file system needs privileges');
      return;
    }
    try {
      const full = await startIpfs({ dir: join(small, 'repo') });
      try {
        const writer = create({ url: full.url });
        await assert.rejects(writer.add(Buffer.from(randomish(4 * CHUNK))), {
          message: /^(write|open|fsync|mkdir) .*no space left on device$/,
        });
        assert.deepEqual(await collect(writer.pin.ls()), []);
        assert.deepEqual(await readdir(join(small, 'repo', 'tmp')), []);
      } finally {
        await full.close();
      }
    } finally {
      execFileSync('umount', [small]);
    }
  });

  function randomish(sizeBytes: number): Uint8Array {
    return Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 2_654_435_761) >>> 24);
  }

  it('refuses an upload that was cut short, and collection is not held up by it', async () => {
    const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc';
    const cut = await fetch(`${node.url}/api/v0/add`, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
      body: part,
    });
    assert.equal(cut.status, 500);
    assert.match(await cut.text(), /the upload was cut short/);

    const { hostname, port } = new URL(node.url);
    const socket = connect(Number(port), hostname);
    const head = `POST /api/v0/add HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n`;
    socket.write(`${head}Content-Type: multipart/form-data; boundary=b\r\n\r\n${part}`);
    await once(socket, 'connect');
    const collection = collect(client.repo.gc());
    socket.destroy();
    await collection;
    assert.deepEqual(await collect(client.pin.ls()), []);
  });

  /** Sends a request of pieces one after the other, slowly, and returns the answer when all was written. */
  async function sendSlowly(path: string, pieces: Iterable<Uint8Array>, lengthBytes: number) {
    const { hostname, port } = new URL(node.url);
    const socket = connect(Number(port), hostname);
    let failure: Error | undefined;
    let answer = '';
    let sentBytes = 0;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(`POST /api/v0/${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${lengthBytes}\r\n`);
    socket.write('Content-Type: multipart/form-data; boundary=b\r\n\r\n');
    for (const piece of pieces) {
      if (socket.destroyed) break;
      await new Promise((resolve) => socket.write(piece, resolve));
      sentBytes += piece.length;
      await sleep(5);
    }
    while (!socket.destroyed && !/\r\n\r\n.*\n/s.test(answer)) await sleep(5);
    socket.destroy();
    await closed;
    return { failure, answer, sentBytes };
  }

  it('answers a refused upload of a client that still writes, whose connection stays whole', async () => {
    const start = Buffer.from('--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n');
    const small = [
      start,
      ...Array.from({ length: 20 }, () => Buffer.from('x')),
      Buffer.from('\r\n--b--\r\n'),
    ];
    const big = [
      start,
      ...Array.from({ length: 20 }, () => Buffer.alloc(64 * 1024, 'x')),
      Buffer.from('\r\n--b--\r\n'),
    ];
    const length = (pieces: Uint8Array[]) => pieces.reduce((sum, piece) => sum + piece.length, 0);
    for (const [path, message] of [
      ['block/put?mhtype=nothing', 'unrecognized multihash function: nothing'],
      ['add?cid-version=x', 'could not convert value "x" to type "int"'],
    ] as const) {
      for (const pieces of [small, big]) {
        const { failure, answer, sentBytes } = await sendSlowly(path, pieces, length(pieces));
        assert.equal(failure, undefined);
        assert.match(answer, /^HTTP\/1\.1 (400|500) /);
        assert.ok(answer.includes(message), answer);
        assert.equal(/^connection: close/im.test(answer), pieces === big);
        assert.equal(sentBytes, length(pieces));
      }
    }
  });

  it('answers an upload that it cannot read to a client that still writes', async () => {
    const pieces = [
      Buffer.from('--b\r\nno header'),
      ...Array.from({ length: 20 }, () => Buffer.from('x\r\n\r\n')),
    ];
    const lengthBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const { failure, answer } = await sendSlowly('add', pieces, lengthBytes);
    assert.equal(failure, undefined);
    assert.match(answer, /^HTTP\/1\.1 500 /);
  });

  it('stops reading a refused upload after a while', async () => {
    const piece = Buffer.alloc(8 * 1024 * 1024);
    const pieces = Array.from({ length: 100 }, () => piece);
    const { sentBytes } = await sendSlowly('add?cid-version=x', pieces, 100 * piece.length);
    assert.ok(sentBytes < 20 * piece.length, `${sentBytes} bytes were taken`);
  });

  it('never collects an upload that reports success', async () => {
    const contents = Array.from({ length: 12 }, (_, index) => Buffer.alloc(CHUNK + index, index));
    const adds = contents.map((content) => client.add(content));
    const collections = [1, 2, 3].map(() => collect(client.repo.gc()));
    const added = await Promise.all(adds);
    await Promise.all(collections);
    await collect(client.repo.gc());
    for (const [index, { cid }] of added.entries()) {
      assert.equal((await read(client, cid)).equals(contents[index]!), true);
    }
  });

  it('removes no block when a pin’s own blocks cannot be read', async () => {
    const { cid } = await client.add(Buffer.alloc(CHUNK + 1, 7), { cidVersion: 1 });
    await client.add('loose', { pin: false });
    const blocks = await filesUnder(join(dir, 'blocks'));
    const sizes = await Promise.all(blocks.map(async (file) => (await readFile(file)).length));
    await rm(blocks[sizes.indexOf(CHUNK)]!);
    await assert.rejects(collect(client.repo.gc()), /could not find/);
    assert.equal((await filesUnder(join(dir, 'blocks'))).length, blocks.length - 1);
    await client.pin.rm(cid);
    await collect(client.repo.gc());
    assert.deepEqual(await filesUnder(join(dir, 'blocks')), []);
  });

  it('serves a block as it lies on disk, so that readers must verify', async () => {
    const { cid } = await client.add('honest', { cidVersion: 1 });
    const [file] = await filesUnder(join(dir, 'blocks'));
    await writeFile(file!, 'forged');
    assert.equal((await read(client, cid)).toString(), 'forged');
  });

  it('refuses options that would give other CIDs than Kubo’s', async () => {
    for (const options of [{ trickle: true }, { mode: 0o644 }, { chunker: 'rabin-10-20-30' }]) {
      await assert.rejects(client.add('x', options), /not offered by this stand-in|unrecognized chunker/);
    }
    await assert.rejects(client.add('x', { wrapWithDirectory: true }), /needs a name/);
    await assert.rejects(client.add({ content: 'x', mtime: new Date(0) }), /not offered/);
    assert.deepEqual(await collect(client.pin.ls()), []);
  });

  it('stops listening and lets go of the repository when closed', async () => {
    await node.close();
    await assert.rejects(fetch(`${node.url}/api/v0/id`, { method: 'POST' }));
    await start();
  });
});
