// One suite judges every store; the IPFS one runs against a node in a process of its own.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { ArtefactStore } from './artefact-store.ts';
import { sha256Hex } from './commitment.ts';
import { computeCid } from './content-id.ts';
import { IpfsArtefactStore } from './ipfs-artefact-store.ts';
import { MemoryArtefactStore } from './memory-artefact-store.ts';

const STAND_IN = fileURLToPath(new URL('../../../../test-network/dist/src/ipfs/index.js', import.meta.url));
const given = process.env.CONSILIUM_TEST_IPFS_URL;
const noStandIn = existsSync(STAND_IN) ? false : 'not run: test-network is not built';
const noNode =
  given === undefined && !existsSync(STAND_IN)
    ? 'not run: no IPFS node; build test-network, or set CONSILIUM_TEST_IPFS_URL to the RPC of a Kubo node'
    : false;

const bytesOf = (sizeBytes: number, fill = 1) => new Uint8Array(sizeBytes).fill(fill);
const MAX_BYTES = 1_000_000;
const BIG = 262_144 * 2 + 17;

function judgeStore(store: () => ArtefactStore, skip: string | false): void {
  it('returns what was put, named by CID, SHA-256 and size', { skip }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), async (bytes) => {
        const ref = await store().put(bytes);
        const [cid, sha256] = [await computeCid(bytes), sha256Hex(bytes)];
        assert.deepEqual(ref, { cid, sha256, sizeBytes: bytes.length });
        assert.deepEqual(Buffer.from(await store().get(ref)), Buffer.from(bytes));
      }),
      { numRuns: 15 },
    );
    const big = await store().put(bytesOf(BIG));
    assert.equal((await store().get(big)).length, BIG);
  });

  it('takes the same bytes twice, and pins and unpins twice', { skip }, async () => {
    const bytes = bytesOf(100, 2);
    const ref = await store().put(bytes);
    assert.deepEqual(await store().put(bytes), ref);
    for (const step of ['pin', 'pin', 'unpin', 'unpin'] as const) await store()[step](ref.cid);
  });

  it('knows which of many are not pinned', { skip }, async () => {
    const [one, other] = [await store().put(bytesOf(30, 7)), await store().put(bytesOf(30, 8))];
    const never = await computeCid(bytesOf(30, 9));
    assert.deepEqual(await store().unpinnedOf([]), []);
    assert.deepEqual(await store().unpinnedOf([one.cid, never, other.cid]), [never]);
    await store().unpin(other.cid);
    assert.deepEqual(await store().unpinnedOf([one.cid, other.cid]), [other.cid]);
  });

  it('refuses what is too large, to put and to get', { skip }, async () => {
    await assert.rejects(store().put(bytesOf(MAX_BYTES + 1)), { code: 'ARTEFACT_TOO_LARGE' });
    const { cid, sha256 } = await store().put(bytesOf(10));
    const claimed = { cid, sha256, sizeBytes: MAX_BYTES + 1 };
    await assert.rejects(store().get(claimed), { code: 'ARTEFACT_TOO_LARGE' });
  });

  it('refuses bytes that differ from any part of the reference', { skip }, async () => {
    const ref = await store().put(bytesOf(BIG, 3));
    const other = await store().put(bytesOf(BIG, 4));
    for (const wrong of [
      { ...ref, sha256: other.sha256 },
      { ...ref, cid: other.cid },
      { ...ref, sizeBytes: BIG - 1 },
      { ...ref, sizeBytes: BIG + 1 },
    ]) {
      await assert.rejects(store().get(wrong), { code: 'ARTEFACT_HASH_MISMATCH' });
    }
  });

  it('says that it does not have what nobody put', { skip }, async () => {
    const bytes = bytesOf(33, 5);
    const ref = { cid: await computeCid(bytes), sha256: sha256Hex(bytes), sizeBytes: bytes.length };
    await assert.rejects(store().get(ref), { code: 'ARTEFACT_UNREACHABLE' });
    await assert.rejects(store().pin(ref.cid), { code: 'ARTEFACT_UNREACHABLE' });
    await store().unpin(ref.cid);
  });
}

describe('the memory store', () => {
  const store = new MemoryArtefactStore({ maxBytes: MAX_BYTES });
  judgeStore(() => store, false);

  it('refuses forged bytes, lets go of what is unpinned, and can be full', async () => {
    const small = new MemoryArtefactStore({ capacityBytes: 150 });
    const ref = await small.put(bytesOf(100));
    await assert.rejects(small.put(bytesOf(100, 2)), { code: 'ARTEFACT_STORAGE_FULL' });
    small.forge(ref.cid, bytesOf(100, 9));
    await assert.rejects(small.get(ref), { code: 'ARTEFACT_HASH_MISMATCH' });
    await small.unpin(ref.cid);
    small.collect();
    await assert.rejects(small.get(ref), { code: 'ARTEFACT_UNREACHABLE' });
    await small.put(bytesOf(100, 2));
  });
});

describe('the IPFS store', () => {
  let dir: string;
  const nodes: ChildProcess[] = [];
  let url: string;

  async function startNode(home: string, storageMaxBytes?: number): Promise<string> {
    const program = `
      const { startIpfs } = await import(${JSON.stringify(STAND_IN)});
      const { url } = await startIpfs(${JSON.stringify({ dir: home, storageMaxBytes })});
      console.log(url);`;
    const node = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    nodes.push(node);
    const [line] = await once(node.stdout!, 'data');
    return String(line).trim();
  }

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'artefact-store-'));
    if (noNode === false) url = given ?? (await startNode(join(dir, 'ipfs')));
  });

  after(async () => {
    for (const node of nodes) {
      if (node.exitCode !== null || node.signalCode !== null) continue;
      node.kill();
      await once(node, 'exit');
    }
    await rm(dir, { recursive: true, force: true });
  });

  judgeStore(() => new IpfsArtefactStore({ url, maxBytes: MAX_BYTES }), noNode);

  it('says that the disk is full', { skip: noStandIn }, async () => {
    const store = new IpfsArtefactStore({ url: await startNode(join(dir, 'full'), 100_000) });
    await assert.rejects(store.put(bytesOf(BIG, 6)), { code: 'ARTEFACT_STORAGE_FULL' });
    const ref = await store.put(bytesOf(1_000, 7));
    assert.equal((await store.get(ref)).length, 1_000);
  });

  it('tells a node’s damaged blocks from its missing ones', { skip: noStandIn }, async () => {
    const home = join(dir, 'damaged');
    const store = new IpfsArtefactStore({ url: await startNode(home) });
    const ref = await store.put(bytesOf(BIG, 8));
    const blocks = await readdir(join(home, 'blocks'), { recursive: true, withFileTypes: true });
    const files = blocks.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const [leaf] = files.filter((file) => statSync(file).size === 262_144);
    await writeFile(leaf!, bytesOf(262_144, 9));
    await assert.rejects(store.get(ref), { code: 'ARTEFACT_HASH_MISMATCH' });
    await rm(leaf!);
    await assert.rejects(store.get(ref), { code: 'ARTEFACT_UNREACHABLE' });
  });

  it('tells a node that is gone from an artefact that is', { skip: noStandIn }, async () => {
    const home = join(dir, 'gone');
    const store = new IpfsArtefactStore({ url: await startNode(home) });
    const ref = await store.put(bytesOf(10, 10));
    const node = nodes.at(-1)!;
    node.kill('SIGKILL');
    await once(node, 'exit');
    const unreachable = { code: 'ARTEFACT_STORE_UNREACHABLE' };
    await assert.rejects(store.get(ref), unreachable);
    await assert.rejects(store.put(bytesOf(10)), unreachable);
    await assert.rejects(store.pin(ref.cid), unreachable);
    await assert.rejects(store.unpin(ref.cid), unreachable);
  });
});
