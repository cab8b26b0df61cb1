import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readParquetTexts } from './read-parquet.ts';
import { SNAPPY_PARQUET } from './testing/parquet-files.ts';
import { sourceOf } from './testing/read-units.ts';
import { unpackersOf } from './unpack-pages.ts';

const MIB = 2 ** 20;
const tooLarge = { name: 'DataError', message: /^FILE_TOO_LARGE/ };

/** A frame of blocks that each say in four bytes: 128 KiB of one byte. */
function zstdFrame(blocks: number): Uint8Array {
  const bytes = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
  for (let block = 1; block <= blocks; block++) {
    const header = (131_072 << 3) | (1 << 1) | Number(block === blocks);
    bytes.push(header & 255, (header >> 8) & 255, (header >> 16) & 255, 0x41);
  }
  return Uint8Array.from(bytes);
}

test('a page unpacks to no more than its header says, whatever it holds', () => {
  const { ZSTD } = unpackersOf(1000);
  assert.equal(ZSTD?.(zstdFrame(16), 2 * MIB)?.length, 2 * MIB);
  assert.throws(() => ZSTD?.(zstdFrame(16), 100), /larger than 100 bytes/);
});

test('all pages of a file unpack to so much together', () => {
  const { ZSTD, GZIP } = unpackersOf(1000);
  assert.throws(() => GZIP?.(new Uint8Array(10), 257 * MIB), tooLarge);
  const again = unpackersOf(1000);
  again.ZSTD?.(zstdFrame(8), MIB);
  assert.throws(() => again.ZSTD?.(zstdFrame(8), 256 * MIB), tooLarge);
  assert.throws(() => ZSTD?.(zstdFrame(1), -1));
  assert.equal(unpackersOf(8 * MIB).ZSTD?.(zstdFrame(8), MIB)?.length, MIB);
});

test('a file with a page that says too much is refused as too large', () => {
  // Its first page says that it unpacks to 74 bytes; here, to 512 MiB.
  const says = Buffer.from([0x15, 0x94, 0x01]);
  const at = Buffer.from(SNAPPY_PARQUET).indexOf(says);
  const bomb = Buffer.concat([
    SNAPPY_PARQUET.subarray(0, at),
    Buffer.from([0x15, 0x80, 0x80, 0x80, 0x80, 0x04]),
    SNAPPY_PARQUET.subarray(at + says.length),
  ]);
  const nothing = { begin() {}, row() {} };
  assert.throws(() => readParquetTexts(sourceOf(new Uint8Array(bomb)), nothing), tooLarge);
});
