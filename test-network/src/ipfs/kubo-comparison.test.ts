// The stand-in against a real Kubo daemon: the same calls of the same client, and the same answers.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { create, type KuboRPCClient } from 'ipfs-http-client';
import { CID } from 'multiformats/cid';
import { type RunningIpfs, startIpfs } from './index.ts';
import { findKubo, type KuboDaemon, startKubo } from './kubo-daemon.ts';

const CHUNK = 262_144;
const ABSENT = 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKaaaa';
const kubo = await findKubo();
const skip = 'reason' in kubo ? kubo.reason : false;

/** No two chunks are alike, so that their order shows. */
function bytesOf(sizeBytes: number, label = '', chunkBytes = CHUNK): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes);
  for (let start = 0, block = 0; start < sizeBytes; start += chunkBytes / 4, block++) {
    createHash('sha256').update(`${label}/${block}`).digest().copy(bytes, start);
  }
  return bytes;
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

async function outcome(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return { returned: await call() };
  } catch (error) {
    return { threw: (error as Error).message };
  }
}

describe('the IPFS stand-in beside a real Kubo daemon', () => {
  let daemon: KuboDaemon;
  let standIn: RunningIpfs;
  let dir: string;
  let urls: { theirs: string; ours: string };
  let clients: { theirs: KuboRPCClient; ours: KuboRPCClient };

  before(async () => {
    if ('reason' in kubo) return;
    dir = await mkdtemp(join(tmpdir(), 'ipfs-stand-in-'));
    daemon = await startKubo(kubo.program);
    standIn = await startIpfs({ dir });
    urls = { theirs: daemon.url, ours: standIn.url };
    clients = { theirs: create({ url: urls.theirs }), ours: create({ url: urls.ours }) };
  });

  after(async () => {
    await standIn?.close();
    await daemon?.stop();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  /** Asks both the same and returns what both answered. */
  async function same<T>(call: (client: KuboRPCClient) => Promise<T>): Promise<T> {
    const theirs = await outcome(() => call(clients.theirs));
    const ours = await outcome(() => call(clients.ours));
    assert.deepEqual(ours, theirs);
    return (theirs as { returned: T }).returned;
  }

  async function sameRaw(path: string, init: () => RequestInit = () => ({ method: 'POST' })) {
    const [theirs, ours] = await Promise.all(
      [urls.theirs, urls.ours].map(async (url) => {
        const answer = await fetch(`${url}/api/v0/${path}`, init());
        return {
          status: answer.status,
          type: answer.headers.get('content-type'),
          allow: answer.headers.get('allow'),
          streamed: answer.headers.get('x-stream-output'),
          chunked: answer.headers.get('x-chunked-output'),
          length: answer.headers.get('x-content-length'),
          body: await answer.text(),
        };
      }),
    );
    assert.deepEqual(ours, theirs, path);
    return theirs!;
  }

  const form = (...files: [name: string, content: Uint8Array | string, type?: string][]) => {
    const body = new FormData();
    for (const [name, content, type] of files) {
      body.append(
        'file',
        new File([content as Uint8Array<ArrayBuffer>], name, { type: type ?? 'application/octet-stream' }),
      );
    }
    return () => ({ method: 'POST', body });
  };

  const added = ({ cid, path, size }: { cid: CID; path: string; size: number }) => ({
    cid: cid.toString(),
    path,
    size,
  });

  const VARIANTS = [
    {},
    { cidVersion: 1 as const },
    { cidVersion: 0 as const, rawLeaves: true },
    { cidVersion: 1 as const, rawLeaves: false },
  ];

  async function sameFile(sizeBytes: number, chunkBytes: number): Promise<void> {
    const bytes = bytesOf(sizeBytes, '', chunkBytes);
    const chunker = chunkBytes === CHUNK ? {} : { chunker: `size-${chunkBytes}` };
    for (const options of VARIANTS) {
      await same(async (client) => added(await client.add(bytes, { ...options, ...chunker, pin: false })));
    }
  }

  for (const sizeBytes of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK]) {
    it(`gives a file of ${sizeBytes} bytes the same CIDs and sizes`, { skip }, () =>
      sameFile(sizeBytes, CHUNK),
    );
  }

  // A node has 174 links whatever the size of a chunk: with small ones a file of three levels is small too.
  const SMALL = 1024;
  for (const [chunks, more] of [
    [174, 0],
    [174, 1],
    [350, 17],
  ] as const) {
    it(`gives a file of ${chunks} small chunks and ${more} bytes the same CIDs and sizes`, { skip }, () =>
      sameFile(chunks * SMALL + more, SMALL),
    );
  }

  it('wraps, nests and names files alike', { skip }, async () => {
    const nested = [
      { path: 'study/round-1/a.bin', content: bytesOf(300_000, 'a') },
      { path: 'study/round-1/b.bin', content: bytesOf(10, 'b') },
      { path: 'study/notes.txt', content: bytesOf(0) },
    ];
    const lines = async (client: KuboRPCClient, wrapWithDirectory: boolean, cidVersion: 0 | 1) => {
      const all = await collect(client.addAll(nested, { wrapWithDirectory, cidVersion, pin: false }));
      return all.map(added).sort((one, other) => one.path.localeCompare(other.path));
    };
    for (const wrap of [false, true]) {
      for (const version of [0, 1] as const) await same((client) => lines(client, wrap, version));
    }
    const content = bytesOf(12, 'one');
    await same(async (client) =>
      added(await client.add({ path: 'one', content }, { wrapWithDirectory: true })),
    );
    await same(async (client) => added(await client.add({ path: '../../ä b%20', content })));
    await same(async (client) => added(await client.add({ path: 'empty' }, { pin: false })));
  });

  it('reads any range of a file alike', { skip }, async () => {
    const bytes = bytesOf(3 * CHUNK + 5, 'range');
    const { cid } = await same(async (client) => added(await client.add(bytes)));
    const ranges: [offset: number | undefined, length: number | undefined][] = [
      [undefined, undefined],
      [0, 0],
      [0, 1],
      [CHUNK - 1, 2],
      [CHUNK, CHUNK],
      [3 * CHUNK + 4, 100],
      [3 * CHUNK + 5, 1],
      [9 * CHUNK, 1],
      [-1, 1],
      [0, -1],
    ];
    for (const [offset, length] of ranges) {
      await same(async (client) =>
        Buffer.concat(
          await collect(
            client.cat(cid, {
              ...(offset === undefined ? {} : { offset }),
              ...(length === undefined ? {} : { length }),
            }),
          ),
        ).toString('base64'),
      );
    }
  });

  it('reports progress alike', { skip }, async () => {
    await sameRaw('add?progress=true', form(['p', bytesOf(600_000, 'p')]));
    await sameRaw('add?progress=true', form(['q', '']));
  });

  it('pins, lists and unpins alike', { skip }, async () => {
    const content = bytesOf(2 * CHUNK, 'pinned');
    const { cid } = await same(async (client) => added(await client.add(content, { pin: false })));
    const { cid: other } = await same(async (client) => added(await client.add(bytesOf(9, 'other'))));
    const list = (options: object) => async (client: KuboRPCClient) =>
      (await collect(client.pin.ls(options))).map((pin) => ({ ...pin, cid: pin.cid.toString() }));
    await same(list({ paths: cid }));
    await same(async (client) => (await client.pin.rm(cid)).toString());
    await same(async (client) => (await client.pin.add(cid, { name: 'round 1' })).toString());
    await same(list({ paths: cid, names: true }));
    await same(list({ paths: cid, type: 'direct' }));
    await same(list({ name: 'round' }));
    await same(async (client) => (await client.pin.add(cid, { recursive: false })).toString());
    await same(async (client) => (await client.pin.rm(cid, { recursive: false })).toString());
    const leaf = await leafOf(cid);
    await same(list({ paths: leaf }));
    await same(list({ paths: leaf, type: 'indirect' }));
    await same(list({ paths: leaf, type: 'recursive' }));
    await same(async (client) => (await client.pin.rm(leaf)).toString());
    await same(async (client) => (await client.pin.update(cid, other)).map(String));
    await same(async (client) => (await client.pin.rm(cid)).toString());
    await same(async (client) => (await client.pin.add(cid, { recursive: false })).toString());
    await same(list({ paths: cid }));
    await same(async (client) => (await client.pin.update(cid, other)).map(String));
    await same(async (client) => (await client.pin.rm(cid)).toString());
    await same(async (client) => (await client.pin.add(ABSENT)).toString());
    await same(async (client) => (await client.pin.rm(ABSENT)).toString());
    await sameRaw('pin/ls?type=some');
    await sameRaw(`pin/add?arg=${other}&name=${'x'.repeat(256)}`);
  });

  async function leafOf(cid: string): Promise<string> {
    const { decode } = await import('@ipld/dag-pb');
    return decode(await clients.theirs.block.get(CID.parse(cid))).Links[0]!.Hash.toString();
  }

  it('stores and reads blocks alike', { skip }, async () => {
    const block = bytesOf(100, 'block');
    for (const format of ['raw', 'dag-pb', 'v0']) {
      const key = await same(async (client) => (await client.block.put(block, { format })).toString());
      await same(async (client) => {
        const { cid, size } = await client.block.stat(CID.parse(key));
        return { cid: cid.toString(), size };
      });
      await same(async (client) => Buffer.from(await client.block.get(CID.parse(key))).toString('hex'));
    }
    await same((client) => client.block.get(CID.parse(ABSENT)));
    await same((client) => client.block.stat(CID.parse(ABSENT)));
    await same((client) => client.block.put(bytesOf(2 * 1024 * 1024 + 1)));
    await sameRaw('block/put?mhtype=nothing', form(['b', 'x']));
    await sameRaw('block/put?cid-codec=nothing', form(['b', 'x']));
  });

  it('states sizes alike', { skip }, async () => {
    const { cid } = await same(async (client) => added(await client.add(bytesOf(600_000, 'stat'))));
    const { cid: folder } = await same(async (client) =>
      added(await client.add({ path: 'x', content: bytesOf(600_000, 'stat') }, { wrapWithDirectory: true })),
    );
    const { cid: raw } = await same(async (client) => added(await client.add('x', { cidVersion: 1 })));
    for (const path of [`/ipfs/${cid}`, `/ipfs/${folder}`, `/ipfs/${folder}/x`, `/ipfs/${raw}`, '/']) {
      await same(async (client) => ({ ...(await client.files.stat(path)), cid: undefined }));
      await sameRaw(`files/stat?arg=${path}&with-local=true`);
    }
    for (const path of ['/nope', 'nope', cid, `/ipfs/${ABSENT}`]) await sameRaw(`files/stat?arg=${path}`);
    await sameRaw(`dag/stat?arg=${cid}`);
    await sameRaw(`dag/stat?arg=${cid}&arg=${folder}&progress=false`);
    await sameRaw(`dag/stat?arg=${ABSENT}`);
    await sameRaw(`block/stat?arg=${folder}/x`);
    await sameRaw(`cat?arg=/ipfs/${folder}/x&length=5`);
    await sameRaw(`cat?arg=${folder}/y`);
    await sameRaw(`cat?arg=${folder}`);
    await sameRaw(`cat?arg=${raw}&arg=${cid}&length=10`);
    await sameRaw(`cat?arg=${cid}&arg=${raw}&offset=599999`);
  });

  it('answers a file whose leaf is missing alike: a short body and the error as a trailer', {
    skip,
  }, async () => {
    const leaf = (label: string) => bytesOf(CHUNK, label);
    const { encode, prepare } = await import('@ipld/dag-pb');
    const { UnixFS } = await import('ipfs-unixfs');
    const first = await same(async (client) => (await client.block.put(leaf('here'))).toString());
    const absent = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
    const unixfs = new UnixFS({ type: 'file', blockSizes: [BigInt(CHUNK), BigInt(CHUNK)] });
    const links = [first, absent].map((key) => ({ Name: '', Hash: CID.parse(key), Tsize: CHUNK }));
    const root = encode(prepare({ Data: unixfs.marshal(), Links: links }));
    const key = await same(async (client) => (await client.block.put(root, { format: 'dag-pb' })).toString());
    const { body, length } = await sameRaw(`cat?arg=${key}`);
    assert.equal(length, String(2 * CHUNK));
    assert.ok(body.length > 0 && body.length <= CHUNK);
    await sameRaw(`cat?arg=${key}&offset=${CHUNK}`);
    await sameRaw(`files/stat?arg=/ipfs/${key}&with-local=true`);
    await same(async (client) => (await client.pin.add(key)).toString());
    await same(async (client) => (await collect(client.cat(key))).length > 0);
  });

  it('refuses what it cannot do or read in the same words', { skip }, async () => {
    const file = form(['f', 'x']);
    await sameRaw('id', () => ({ method: 'GET' }));
    await sameRaw('id', () => ({ method: 'PUT' }));
    await sameRaw('id', () => ({ method: 'POST', headers: { Origin: 'http://localhost:3000' } }));
    await sameRaw('id', () => ({ method: 'POST', headers: { Referer: 'http://pages.example/' } }));
    await sameRaw('id', () => ({ method: 'POST', headers: { 'User-Agent': 'Mozilla/5.0' } }));
    await sameRaw('id?arg=nobody');
    await sameRaw('nothing');
    for (const path of [
      'cat',
      'pin/add',
      'pin/rm',
      'block/get',
      'block/stat',
      'files/stat',
      'add',
      'block/put',
    ]) {
      await sameRaw(path);
    }
    for (const path of ['foo', 'foo/bar', '', '/', '/foo/bar', ABSENT]) {
      await sameRaw(`cat?arg=${encodeURIComponent(path)}`);
    }
    const options = [
      'cid-version=x',
      'cid-version=2',
      'pin=perhaps',
      'chunker=foo',
      'chunker=size-0',
      'hash=foo',
    ];
    options.push(
      'chunker=size-x',
      'chunker=size-99999999',
      'pin=false&pin-name=x',
      'cid-version=1&cid-version=0',
    );
    for (const option of options) await sameRaw(`add?${option}`, file);
    await sameRaw(`cat?arg=${ABSENT}&length=x`);
    await same((client) => collect(client.cat(ABSENT)));
  });

  it('collects what is unpinned and nothing else', { skip }, async () => {
    const loose = await same(async (client) =>
      added(await client.add(bytesOf(3 * CHUNK, 'loose'), { pin: false })),
    );
    const kept = await same(async (client) => added(await client.add(bytesOf(3 * CHUNK, 'kept'))));
    const removed = async (client: KuboRPCClient) => {
      const before = new Set((await collect(client.refs.local())).map(({ ref }) => ref));
      const results = await collect(client.repo.gc());
      for (const { err } of results) if (err) throw err;
      const keys = results.map(({ cid }) => cid!.toString());
      assert.equal(
        keys.every((key) => before.has(key)),
        true,
      );
      return CID.parse(loose.cid).toV1().multihash.bytes.length > 0 && keys.length > 3;
    };
    assert.equal(await same(removed), true);
    await same((client) => collect(client.cat(loose.cid)));
    await same(async (client) => Buffer.concat(await collect(client.cat(kept.cid))).toString('base64'));
  });

  it('describes itself in the same shape', { skip }, async () => {
    const shape = (value: object) =>
      Object.fromEntries(Object.entries(value).map(([name, field]) => [name, typeof field]));
    await same(async (client) => shape(await client.id()));
    await same(async (client) => shape(await client.version()));
    await same(async (client) => shape(await client.repo.stat()));
    await same((client) => client.isOnline());
    const { version } = await clients.ours.version();
    assert.match(version, /\+consilium-test-network$/, 'the stand-in never passes itself off as Kubo');
  });
});
