// Unpacks the pages of a Parquet file within bounds. What they unpack to lies outside a thread's heap and its limit,
// and a page of a few bytes can say gigabytes, or hold them whatever it says.
import assert from 'node:assert/strict';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { DataError, problem } from './data-problem.ts';

/**
 * All pages together may unpack to so many times the file's size, and to the least in any case. They are unpacked one
 * after the other, so this bounds time; what one page unpacks to is bounded where pages are read.
 */
const TIMES = 64;
const LEAST_BYTES = 2 ** 28;

/**
 * What unpacks the pages of one file, each to the size that its header says.
 *
 * @param fileBytes size of the file
 * @throws DataError FILE_TOO_LARGE, from each of them
 */
export function unpackersOf(fileBytes: number): Compressors {
  const mostBytes = Math.max(LEAST_BYTES, TIMES * fileBytes);
  let unpacked = 0;
  // Node's own stop at damaged input and at the size that a page's header says; the others get that size.
  const all: Compressors = {
    ...compressors,
    GZIP: (input, bytes) => gunzipSync(input, { maxOutputLength: Math.max(1, bytes) }),
    BROTLI: (input, bytes) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, bytes) }),
    ZSTD: (input, bytes) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, bytes) }),
  };
  return Object.fromEntries(
    Object.entries(all).map(([codec, unpack]) => [
      codec,
      (input: Uint8Array, bytes: number) => {
        assert(bytes >= 0, 'a size');
        unpacked += bytes;
        if (unpacked > mostBytes) throw new DataError([problem('FILE_TOO_LARGE')]);
        return unpack(input, bytes);
      },
    ]),
  );
}
