import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { create } from 'ipfs-http-client';
import { UnixFS } from 'ipfs-unixfs';
import { MAX_FILE_BYTES, withinFileSize } from './file-size.ts';
import { startIpfs } from './index.ts';
import { KuboError } from './kubo-error.ts';

/** As a file of this size reaches `add`: the same few bytes again and again. */
async function* bytes(sizeBytes: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(2 ** 24);
  for (let left = sizeBytes; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
}

async function sizeOf(content: AsyncIterable<Uint8Array>): Promise<number> {
  let sizeBytes = 0;
  for await (const chunk of content) sizeBytes += chunk.length;
  return sizeBytes;
}

/** The size that is read where `sizeBytes` was written. */
const written = (sizeBytes: number): bigint =>
  UnixFS.unmarshal(new UnixFS({ type: 'file', blockSizes: [BigInt(sizeBytes)] }).marshal()).fileSize();

/** In a byte of a size that is written wrongly is whatever was in memory: what is read of it may be nonsense too. */
const isWritten = (sizeBytes: number): boolean => {
  try {
    return written(sizeBytes) === BigInt(sizeBytes);
  } catch {
    return false;
  }
};

describe('the size of an added file', () => {
  it('may be what the UnixFS library still writes as it is, and no more', async () => {
    assert.equal(written(MAX_FILE_BYTES), BigInt(MAX_FILE_BYTES));
    assert.ok(!isWritten(MAX_FILE_BYTES + 1), 'the limit is no longer needed');
    const content = bytes(MAX_FILE_BYTES);
    assert.equal(await sizeOf(withinFileSize({ path: 'a', content }, MAX_FILE_BYTES)), MAX_FILE_BYTES);
  });

  it('is refused from 2^31 bytes on, with the name of the file', async () => {
    for (const [path, named] of [
      ['scans/a.raw', 'the file "scans/a.raw"'],
      ['', 'a file without a name'],
    ] as const) {
      const content = withinFileSize({ path, content: bytes(2 ** 31) }, MAX_FILE_BYTES);
      await assert.rejects(
        sizeOf(content),
        new KuboError(
          `${named} is larger than 2147483647 bytes, the most that this stand-in stores: split it, or use Kubo`,
        ),
      );
    }
  });

  it('is refused in an upload too, which then adds and pins nothing', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'ipfs-'));
    const node = await startIpfs({ dir, maxFileBytes: 1_000 });
    try {
      const client = create({ url: node.url });
      const large = { path: 'scan.raw', content: new Uint8Array(1_001) };
      for (const options of [{}, { onlyHash: true }, { wrapWithDirectory: true }, { progress: () => {} }]) {
        await assert.rejects(
          client.add(large, options),
          /the file "scan\.raw" is larger than 1000 bytes, the most that this stand-in stores/,
        );
      }
      for await (const { cid } of client.pin.ls()) assert.fail(`${cid} is pinned`);
      assert.equal((await client.add({ path: 'scan.raw', content: new Uint8Array(1_000) })).path, 'scan.raw');
    } finally {
      await node.close();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
