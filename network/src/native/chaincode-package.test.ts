import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ccaasPackage } from './chaincode-package.ts';
import { tarGzip } from './tar-archive.ts';

/** Reads an archive by the fields of POSIX ustar, checksums included. */
function unpack(bytes: Uint8Array): Map<string, Buffer> {
  const archive = gunzipSync(bytes);
  const files = new Map<string, Buffer>();
  for (let at = 0; archive[at] !== 0; ) {
    const header = archive.subarray(at, at + 512);
    const field = (from: number, to: number) => header.toString('ascii', from, to).replace(/[\0 ]+$/, '');
    const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
    assert.equal(Number.parseInt(field(148, 156), 8), sum);
    assert.equal(field(257, 262), 'ustar');
    const size = Number.parseInt(field(124, 136), 8);
    files.set(field(0, 100), archive.subarray(at + 512, at + 512 + size));
    at += 512 * (1 + Math.ceil(size / 512));
  }
  assert.equal(archive.length % 512, 0);
  return files;
}

test('a package says what it is and where its chaincode listens, and is named by the hash of its bytes', () => {
  const { bytes, id } = ccaasPackage({ label: 'consilium_1', address: '127.0.0.1:9999' });
  const files = unpack(bytes);
  assert.deepEqual(JSON.parse(files.get('metadata.json')!.toString()), {
    type: 'ccaas',
    label: 'consilium_1',
  });
  const { address } = JSON.parse(unpack(files.get('code.tar.gz')!).get('connection.json')!.toString());
  assert.equal(address, '127.0.0.1:9999');
  assert.equal(id, `consilium_1:${createHash('sha256').update(bytes).digest('hex')}`);
});

test('the same address always gives the same package, another address another', () => {
  const one = { label: 'consilium_1', address: '127.0.0.1:9999' };
  assert.equal(ccaasPackage(one).id, ccaasPackage(one).id);
  assert.notEqual(ccaasPackage(one).id, ccaasPackage({ ...one, address: '127.0.0.1:9998' }).id);
});

test('a file of any size survives, and a name that an archive cannot hold is refused', () => {
  for (const size of [0, 1, 511, 512, 513, 5000]) {
    const content = Buffer.alloc(size, 7);
    assert.deepEqual(unpack(tarGzip([{ name: 'x', content }])).get('x'), content);
  }
  assert.throws(() => tarGzip([{ name: 'ü', content: Buffer.alloc(1) }]), /archive/);
});
